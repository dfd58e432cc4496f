package search

import "slices"

// Reached lists the types, besides the one that is looked for, whose values
// decide what a query finds: those of chained parameters, of _has and of chained sort
// keys, whose order would tell of them.
func (q *Query) Reached() []string {
	var types []string
	var walk func(c *Clause)
	walk = func(c *Clause) {
		for i := range c.Chain {
			types = append(types, c.Chain[i].Type)
			walk(&c.Chain[i].Clause)
		}
		for i := range c.Has {
			types = append(types, c.Has[i].Type)
			walk(&c.Has[i].Clause)
		}
		for _, all := range c.Any {
			for i := range all {
				walk(&all[i])
			}
		}
	}
	for i := range q.Clauses {
		walk(&q.Clauses[i])
	}
	for _, by := range q.Sort {
		for c := by.Chain; c != nil; c = c.Sort.Chain {
			types = append(types, c.Type)
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}
