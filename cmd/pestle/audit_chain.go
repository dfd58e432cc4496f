package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// chainMost bounds the resources that a chain of a search for AuditEvents leads
// through: their references are asked for one by one.
const chainMost = 1000

// unchained is a search for AuditEvents with the references in the place of its chains.
// What they refer to is in the database, and the events are not, so that the chain is
// followed first, as far as the caller sees.
func (r withAudit) unchained(ctx context.Context, q *search.Query) (*search.Query, error) {
	options := search.Options{Own: q.Own, Now: time.Now(), DefaultCount: q.Count, MaxCount: max(q.Count, 1)}
	given := q.Self()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !strings.Contains(name, ".") {
			continue
		}
		one, _, err := search.Parse(auditEvent, map[string][]string{name: given[name]}, options)
		if err != nil {
			return nil, err
		}
		if slices.Contains(one.Reached(), auditEvent) {
			return nil, fhir.E("search", fhir.NotSupported, fhir.Issue{Expression: name, Message: "AuditEvents are not found through other AuditEvents.", Expected: "a chain that names another type, such as entity:Patient.identifier",
				Fix: "Name the type; or search AuditEvent by the parameter itself."})
		}
		delete(given, name)
		for _, c := range one.Clauses {
			if c.Not || len(c.Chain) == 0 {
				return nil, fhir.E("search", fhir.NotSupported, fhir.Issue{Expression: name, Message: "AuditEvents are not searched by this chain.", Expected: "a chain of references, such as patient.identifier"})
			}
			refs, err := r.referred(ctx, name, c.Chain, q)
			if err != nil {
				return nil, err
			}
			if refs == nil { // it leads to nothing, and so do the events
				given["_id"] = append(given["_id"], "0")
				continue
			}
			given[c.Param] = append(given[c.Param], strings.Join(refs, ","))
		}
	}
	plain, _, err := search.Parse(auditEvent, given, options)
	if err != nil {
		return nil, err
	}
	plain.Count, plain.Total, plain.Page, plain.Before, plain.Summary, plain.Own = q.Count, q.Total, q.Page, q.Before, q.Summary, q.Own
	if plain.Chained() {
		return nil, fhir.E("search", fhir.NotSupported, fhir.Issue{Message: "AuditEvents are not searched by _has.", Expected: "parameters of the AuditEvent itself and chains through them"})
	}
	return plain, nil
}

// referred are the references that a chain leads through.
func (r withAudit) referred(ctx context.Context, name string, chains []search.Chain, q *search.Query) (refs []string, err error) {
	for _, chain := range chains {
		found, err := r.repository.Search(ctx, &search.Query{Type: chain.Type, Clauses: []search.Clause{chain.Clause}, Count: chainMost + 1, Total: search.TotalNone, Own: q.Own, Before: q.Before})
		if err != nil {
			return nil, err
		}
		for _, v := range found.Matches {
			refs = append(refs, v.Ref())
		}
	}
	if len(refs) > chainMost {
		return nil, fhir.E("search", fhir.TooCostly, fhir.Issue{Expression: name, Message: "The chain leads through more resources than AuditEvents are searched by.", Expected: "at most 1,000", Fix: "Narrow it, or name the resources."})
	}
	return refs, nil
}
