package server

import (
	"context"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// addDefinitions adds the definitions of the server's own operations to the last
// page of a search for OperationDefinitions, whatever its size: there are few.
// A stored resource of the same id hides one.
func (s *Server) addDefinitions(ctx context.Context, base string, q *search.Query, found *search.Result) error {
	if q.Type != "OperationDefinition" || found.Next != nil || q.Chained() {
		return nil
	}
	for _, id := range s.definitionIDs() {
		r, err := fhir.Parse(s.definition(base, id))
		if err != nil {
			return err
		}
		keys, err := search.Extract(ctx, r)
		if err != nil {
			return err
		}
		keys = append(keys, search.Entry{Param: search.LastUpdated, Key: search.InstantKey(s.statements.started)}, search.Entry{Param: search.Every, Key: search.EveryKey})
		if slices.ContainsFunc(q.Clauses, func(c search.Clause) bool { return !c.Holds(id, keys) }) {
			continue
		}
		if _, err := s.config.Repository.Read(ctx, q.Type, id); fhir.KindOf(err) != fhir.NotFound {
			continue
		}
		if found.Total >= 0 {
			found.Total++
		}
		if q.Count > 0 && q.Summary != search.SummaryCount {
			found.Matches = append(found.Matches, &fhir.Version{Type: q.Type, ID: id, JSON: r.JSON()})
		}
	}
	return nil
}

func (s *Server) definitionIDs() []string {
	var ids []string
	for i := range s.operations.known {
		if id := definitionID(&s.operations.known[i]); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
