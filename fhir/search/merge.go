package search

import "bytes"

// maxMerged is how many ranges clauses are merged into at most.
const maxMerged = 256

// Merged returns the clauses of a query with those on one [Single] parameter
// made one: date=ge2012 and date=lt2014 are the range between. The clauses are
// not changed.
func Merged(resourceType string, clauses []Clause) []Clause {
	out := make([]Clause, 0, len(clauses))
	at := map[string]int{}
	for _, c := range clauses {
		if c.plain() && Single(resourceType, c.Param) {
			if i, again := at[c.Param]; again && out[i].narrow(c.Ranges) {
				continue
			}
			at[c.Param] = len(out)
		}
		out = append(out, c)
	}
	return out
}

// narrow leaves of a clause what is in the ranges too; false where that cannot
// be said in few ranges.
func (c *Clause) narrow(to []Range) bool {
	ranges, ok := intersection(c.Ranges, to)
	if ok {
		c.Ranges = ranges
	}
	return ok
}

// plain reports whether a clause asks for an entry within ranges.
func (c *Clause) plain() bool {
	return !c.Not && c.Any == nil && len(c.Chain) == 0 && len(c.Has) == 0 && c.Param != ID
}

// intersection are the keys in a range of each; false where they are too many
// ranges.
func intersection(a, b []Range) (out []Range, ok bool) {
	if len(a)*len(b) > 16*maxMerged {
		return nil, false
	}
	for i := range a {
		for k := range b {
			if r, ok := both(&a[i], &b[k]); ok {
				out = append(out, r)
			}
		}
	}
	return out, len(out) <= maxMerged
}

// both is the range of the keys in two; false where there are none.
func both(a, b *Range) (Range, bool) {
	switch {
	case a.Exact:
		return *a, b.Holds(a.Lo)
	case b.Exact:
		return *b, a.Holds(b.Lo)
	}
	r := Range{Lo: a.Lo, Hi: a.Hi, Few: a.Few || b.Few, Match: matchBoth(a.Match, b.Match)}
	if bytes.Compare(b.Lo, r.Lo) > 0 {
		r.Lo = b.Lo
	}
	if bytes.Compare(b.Hi, r.Hi) < 0 {
		r.Hi = b.Hi
	}
	return r, bytes.Compare(r.Lo, r.Hi) < 0
}

func matchBoth(a, b func([]byte) bool) func([]byte) bool {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return func(key []byte) bool { return a(key) && b(key) }
}
