package search

import "github.com/pestle-fhir/pestle/fhir"

// Within are queries of which a resource must meet one. None is met by none.
type Within [][]Clause

// ParseWithin reads queries in the form of a condition. A query that cannot be read,
// or that more than the resource itself decides, is an error.
func ParseWithin(typ string, queries []string, o Options) (Within, error) {
	var w Within
	for _, query := range queries {
		q, err := ParseCondition(typ, query, o)
		if err == nil && q.Chained() {
			err = fhir.E("search", fhir.Invalid, fhir.Issue{Message: "A chain does not confine a scope."})
		}
		if err != nil {
			return nil, err
		}
		w = append(w, q.Clauses)
	}
	return w, nil
}

// Holds reports whether a resource meets one of the queries.
func (w Within) Holds(id string, r *fhir.Resource) bool {
	for _, clauses := range w {
		if meets(clauses, id, r) {
			return true
		}
	}
	return false
}

func meets(clauses []Clause, id string, r *fhir.Resource) bool {
	for i := range clauses {
		if c := &clauses[i]; !c.Holds(id, Values(r, c.Param)) {
			return false
		}
	}
	return true
}
