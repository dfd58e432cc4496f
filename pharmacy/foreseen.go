package pharmacy

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// lookup is a search in a state: what was looked for and what was found.
type lookup struct {
	typ, query string
	ids        []string
}

// pending are changes of one type that are to be committed, and the values by which
// searches have looked at them.
type pending struct {
	changes []fhir.Change
	values  []map[string][]search.Entry // by change and parameter
	queries map[string][]search.Clause  // nil for one of which only the store can tell what it finds
}

func (p *pending) add(c fhir.Change) {
	p.changes, p.values = append(p.changes, c), append(p.values, nil)
}

// meets reports whether a search may find something else once the changes are
// committed: one of them is of what it found, or will be found by it. It is true where
// that cannot be told.
func (p *pending) meets(l lookup) bool {
	clauses, known := p.queries[l.query]
	if !known {
		if p.queries == nil {
			p.queries = map[string][]search.Clause{}
		}
		clauses = byTokens(l.typ, l.query)
		p.queries[l.query] = clauses
	}
	for i := range p.changes {
		c := &p.changes[i]
		if clauses == nil || c.ID == "" || c.Condition != "" || slices.Contains(l.ids, c.ID) {
			return true
		}
		if c.Method == fhir.Delete {
			continue
		}
		if c.Resource == nil || p.holds(i, clauses) {
			return true
		}
	}
	return false
}

// holds reports whether the resource of a change meets all clauses.
func (p *pending) holds(i int, clauses []search.Clause) bool {
	c := &p.changes[i]
	for k := range clauses {
		param := clauses[k].Param
		entries, known := p.values[i][param]
		if !known {
			entries = search.Values(c.Resource, param)
			if p.values[i] == nil {
				p.values[i] = map[string][]search.Entry{}
			}
			p.values[i][param] = entries
		}
		if !clauses[k].Holds(c.ID, entries) {
			return false
		}
	}
	return true
}

// byTokens are the clauses of a query that asks for tokens of R4 alone: what it finds
// follows from the resources. nil for another query: references depend on the names of
// the server, chains on other resources, and what was added to R4 on definitions.
func byTokens(typ, query string) []search.Clause {
	q, err := search.ParseCondition(typ, query, search.Options{})
	if err != nil || q.Chained() || q.Clocked {
		return nil
	}
	for i := range q.Clauses {
		c := &q.Clauses[i]
		param := r4.SearchParameter(typ, c.Param)
		if c.Not || c.Any != nil || len(c.Ranges) == 0 || param == nil || param.Type != "token" || param.Expression == "" || strings.ContainsAny(c.Param, ":.") {
			return nil
		}
	}
	return q.Clauses
}
