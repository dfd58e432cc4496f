package terminology

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// nearest gives up to three codes that look most like a wrong one.
func nearest(code string, of iter.Seq[Concept]) []string {
	type scored struct {
		code  string
		score int
	}
	var best []scored
	for c := range of {
		d := min(distance(strings.ToLower(code), strings.ToLower(c.Code)), distance(strings.ToLower(code), strings.ToLower(c.Display)))
		if d <= max(1, len(code)/3) {
			best = append(best, scored{c.Code, d})
		}
	}
	slices.SortStableFunc(best, func(a, b scored) int { return cmp.Compare(a.score, b.score) })
	var out []string
	for _, s := range best[:min(3, len(best))] {
		out = append(out, s.code)
	}
	return out
}

// distance is the Levenshtein distance.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// maxSearched bounds how many codes are looked through for those that look
// like a wrong one.
const maxSearched = 5000

// nearestFew is nearest, for systems that are not too large.
func nearestFew(code string, of iter.Seq[Concept]) []string {
	var list []Concept
	for c := range of {
		if len(list) == maxSearched {
			return nil
		}
		list = append(list, c)
	}
	return nearest(code, slices.Values(list))
}

// didYouMean offers codes, "" for none.
func didYouMean(codes []string) string {
	if len(codes) == 0 {
		return ""
	}
	return "Did you mean " + strings.Join(codes, " or ") + "?"
}
