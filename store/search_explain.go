package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/search"
)

// explain says how a search was answered, for a person: which clauses the index led to,
// which were tried on each candidate, and what that cost. It names parameters, and none
// of the values that are looked for.
func (s *selection) explain() string {
	var walked, tried []string
	for i := range s.clauses {
		c := &s.clauses[i]
		if slices.Contains(s.checks, c) && c != s.lead {
			tried = append(tried, clauseName(c))
		} else {
			walked = append(walked, clauseName(c))
		}
	}
	var parts []string
	if len(walked) > 0 {
		parts = append(parts, "by the index: "+strings.Join(walked, ", "))
	} else {
		parts = append(parts, "all of the type")
	}
	if len(tried) > 0 {
		parts = append(parts, "tried on candidates: "+strings.Join(tried, ", "))
	}
	return strings.Join(append(parts, fmt.Sprintf("%d seeks, %d resources read to try", s.leaps, s.tried)), "; ")
}

func clauseName(c *search.Clause) string {
	name := search.NameOf(c.Param)
	switch {
	case len(c.Any) > 0:
		var lists []string
		for _, list := range c.Any {
			var names []string
			for i := range list {
				names = append(names, clauseName(&list[i]))
			}
			lists = append(lists, strings.Join(names, " and "))
		}
		name = "(" + strings.Join(lists, " or ") + ")"
	case len(c.Chain) > 0:
		name += "." + clauseName(&c.Chain[0].Clause)
	case len(c.Has) > 0:
		name = "_has:" + c.Has[0].Type
	}
	if c.Not {
		name = "not " + name
	}
	return name
}
