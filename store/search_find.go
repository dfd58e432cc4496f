package store

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// find gives the ids of the first resources that meet a condition, in the
// order of creation.
func (v view) find(ctx context.Context, typ, query string, limit int) (ids []string, err error) {
	q, err := v.condition(typ, query)
	if err != nil {
		return nil, err
	}
	return v.findBy(ctx, q, limit)
}

// condition reads the query of a condition.
func (v view) condition(typ, query string) (*search.Query, error) {
	return search.ParseCondition(typ, query, search.Options{Own: v.own, Now: v.now, Custom: v.custom()})
}

// findBy is find for a condition that was read.
func (v view) findBy(ctx context.Context, q *search.Query, limit int) (ids []string, err error) {
	s, err := v.selection(ctx, q.Type, q.Clauses)
	if err != nil {
		return nil, err
	}
	for r, err := s.seek(1); r != 0 && len(ids) < limit || err != nil; r, err = s.seek(r + 1) {
		if err != nil {
			return nil, closeAll([]stream{s}, err)
		}
		id, err := s.id(r, len(ids) < fewFound)
		if err != nil {
			return nil, closeAll([]stream{s}, err)
		}
		ids = append(ids, id)
	}
	return ids, s.close()
}

// fewFound is for how many resources of a search the versions are kept.
const fewFound = 16

// id is the id of a selected resource. Its first version tells it as well as the
// current one; one of few is read once for all who decide.
func (s *selection) id(r rid, few bool) (string, error) {
	if few && s.of != r && s.v.hot != nil {
		if first, err := s.v.version(s.typ, r, 1); err == nil {
			return first.ID, nil
		}
	}
	if s.of != r {
		if id := s.numbering().id(r); fhir.IsID(id) {
			return id, nil
		}
	}
	ver, err := s.get(r)
	if err != nil {
		return "", err
	}
	if !fhir.IsID(ver.ID) { // nobody knows it
		return "", errOf(ver)
	}
	return ver.ID, nil
}
