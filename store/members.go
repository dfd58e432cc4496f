package store

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir/search"
)

// member is a resource of the transaction as a condition sees it.
type member struct {
	id      string
	entries []search.Entry
}

// members are the resources of one type that the transaction writes.
type members struct {
	list  []member
	byKey map[entryKey][]int // the places of those that have an entry
}

type entryKey struct{ param, key string }

// members gathers the resources of a type, once.
func (p *planner) members(typ string, types map[string]*members) (*members, error) {
	if of, ok := types[typ]; ok {
		return of, nil
	}
	of := &members{byKey: map[entryKey][]int{}}
	for i := range p.steps {
		s := &p.steps[i]
		if s.typ != typ || s.resource == nil || !s.writes() {
			continue
		}
		entries, err := entriesOf(p.ctx, p.v.custom(), s.resource)
		if err != nil {
			return nil, err
		}
		of.add(s.id, entries)
	}
	types[typ] = of
	return of, nil
}

func (m *members) add(id string, entries []search.Entry) {
	for _, e := range entries {
		k := entryKey{e.Param, string(e.Key)}
		m.byKey[k] = append(m.byKey[k], len(m.list))
	}
	m.list = append(m.list, member{id, entries})
}

// candidates are the places of the members that may meet a query: where it asks
// for exact values, those that have one, so that a transaction of many
// conditions does not compare each with all.
func (m *members) candidates(q *search.Query) []int {
	for i := range q.Clauses {
		c := &q.Clauses[i]
		inexact := slices.ContainsFunc(c.Ranges, func(r search.Range) bool { return !r.Exact })
		if c.Not || inexact || len(c.Ranges) == 0 || len(c.IDs) > 0 || c.Chain != nil || c.Has != nil {
			continue
		}
		var places []int
		for _, r := range c.Ranges {
			places = append(places, m.byKey[entryKey{c.Param, string(r.Lo)}]...)
		}
		slices.Sort(places)
		return slices.Compact(places)
	}
	all := make([]int, len(m.list))
	for i := range all {
		all[i] = i
	}
	return all
}
