package terminology

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/spelling"
	"github.com/pestle-fhir/pestle/internal/sorting"
)

// nearest gives up to three codes that look most like a wrong one.
func nearest(code string, of iter.Seq[Concept]) []string {
	type scored struct {
		code  string
		score int
	}
	var best []scored
	code = strings.ToLower(code)
	tolerance := max(1, len(code)/3)
	for c := range of {
		d := min(spelling.Distance(code, strings.ToLower(c.Code), tolerance), spelling.Distance(code, strings.ToLower(c.Display), tolerance))
		if d <= tolerance {
			best = append(best, scored{c.Code, d})
		}
	}
	sorting.Stably(best, func(a, b scored) int { return cmp.Compare(a.score, b.score) })
	var out []string
	for _, s := range best[:min(3, len(best))] {
		out = append(out, s.code)
	}
	return out
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
