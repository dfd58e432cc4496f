package store

import (
	"cmp"
	"context"

	"github.com/pestle-fhir/pestle/fhir/search"
)

// anyOf is the resources of a type that one of several selections has.
type anyOf []*selection

// meetsAny is the resources that meet all clauses of one of several lists.
func (v view) meetsAny(ctx context.Context, typ string, lists [][]search.Clause) (in anyOf, err error) {
	for _, clauses := range lists {
		one, err := v.selection(ctx, typ, clauses)
		if err != nil {
			return nil, cmp.Or(in.close(), err)
		}
		in = append(in, one)
	}
	return in, nil
}

func (in anyOf) seek(r rid) (least rid, err error) {
	for _, s := range in {
		at, err := s.seek(r)
		if err != nil {
			return 0, err
		}
		if at != 0 && (least == 0 || at < least) {
			least = at
		}
	}
	return least, nil
}

// has reports whether a resource is one of them, without a look for the next one.
func (in anyOf) has(r rid) (bool, error) {
	for _, s := range in {
		if ok, err := s.has(r); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (in anyOf) close() (err error) {
	for _, s := range in {
		err = cmp.Or(err, s.close())
	}
	return err
}
