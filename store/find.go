package store

import (
	"context"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// find gives the ids of the first resources that meet a condition, in the
// order of creation.
func (v view) find(ctx context.Context, typ, query string, limit int) ([]string, error) {
	q, err := search.ParseCondition(typ, query, search.Options{})
	if err != nil {
		return nil, err
	}
	var set map[rid]bool
	for i := range q.Clauses {
		if set, err = v.narrow(typ, &q.Clauses[i], set); err != nil || len(set) == 0 {
			return nil, err
		}
	}
	list := make([]rid, 0, len(set))
	for r := range set {
		list = append(list, r)
	}
	slices.Sort(list)
	n := v.numbered(typ)
	var ids []string
	for _, r := range list[:min(limit, len(list))] {
		var ver *fhir.Version
		if ver, err = n.get(r); err != nil {
			break
		}
		ids = append(ids, ver.ID)
	}
	if e := n.close(); err == nil {
		err = e
	}
	return ids, err
}

func (v view) narrow(typ string, c *search.Clause, in map[rid]bool) (map[rid]bool, error) {
	out := map[rid]bool{}
	for _, r := range c.Ranges {
		w := v.rows(typ, c.Param, r, false)
		for w.next() {
			if (r.Match == nil || r.Match(w.key)) && (in == nil || in[w.rid]) {
				out[w.rid] = true
			}
		}
		if err := w.close(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
