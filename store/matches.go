package store

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// Matches reports whether a version met a query when it was committed. What a chain leads
// to is what the principal of the context sees of it; whether they see the version itself
// is not asked. A deletion meets none.
func (db *DB) Matches(ctx context.Context, ver *fhir.Version, q *search.Query) (ok bool, err error) {
	if ver.Deleted() || ver.Type != q.Type {
		return false, nil
	}
	err = db.show(ctx, "match", toSearch, ver.Seq, func(v view) error {
		if q.Own != nil {
			v.own = q.Own
		}
		n := &news{ctx: ctx, v: v}
		m, err := n.memberOf(ver)
		if err == nil {
			ok, err = n.meets(v, q.Clauses, m)
		}
		return err
	})
	return ok, err
}
