package profiles

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// slicing is how the slices of an element are told apart, and the slices.
type slicing struct {
	definition.Slicing
	slices   []*position
	fallback *position // @default: what belongs to none of the slices
}

// slice gives every value to the first slice that it belongs to, holds it to
// that, and counts: how many are lacking in slices, and how many are spare.
func (w *walk) slice(parent occurrence, all []occurrence, p *position) (lacking, spare int) {
	s := p.slicing
	members := make([][]occurrence, len(s.slices))
	var rest []occurrence // of no slice
	last := -1
	for _, o := range all {
		at := w.sliceOf(o, s)
		if at < 0 {
			rest = append(rest, o)
			continue
		}
		if s.Rules == "openAtEnd" && len(rest) > 0 {
			w.tooEarly(rest, s.slices[at], p)
			rest = nil
		}
		if s.Ordered && at < last {
			w.say(s.slices[at], o.place(), fhir.Issue{Code: fhir.Structure, Rule: "slice-order",
				Message:  "The profile orders the slices of " + p.name + ", and this one stands too late.",
				Expected: s.slices[at].el.SliceName + " before " + s.slices[last].el.SliceName, Fix: "Move it up."})
		}
		last = max(last, at)
		members[at] = append(members[at], o)
	}
	for i, slice := range s.slices {
		w.holdSlice(parent, members[i], rest, s, slice)
		if n := len(members[i]); slice.counted {
			lacking += max(0, slice.min-n)
			if slice.max >= 0 {
				spare += max(0, n-slice.max)
			}
		}
	}
	w.unsliced(parent, rest, lacking, p)
	return lacking, spare
}

// holdSlice holds the members of a slice to it; rest is what belongs to no
// slice.
func (w *walk) holdSlice(parent occurrence, members, rest []occurrence, s *slicing, slice *position) {
	if slice.counted && !(slice.like != nil && slice.like.counted && slice.like.el.SliceName != "" && len(members) < slice.like.min) { // else that has said it
		near := ""
		if len(members) < slice.min {
			near = w.nearMiss(rest, s, slice)
		}
		w.count(parent, members, slice, near)
	}
	for _, o := range members {
		w.hold(o, slice)
	}
	if slice.slicing != nil {
		w.slice(parent, members, slice)
	}
}

// sliceOf gives the place of the slice that a value belongs to, -1 for none.
func (w *walk) sliceOf(o occurrence, s *slicing) int {
	for i, slice := range s.slices {
		if w.belongs(o, s, slice) == "" {
			return i
		}
	}
	return -1
}

// belongs reports why a value is not of a slice, "" when it is. Without
// discriminators it is what conforms to the slice.
func (w *walk) belongs(o occurrence, s *slicing, slice *position) string {
	if len(s.Discriminators) == 0 {
		if errors := w.try(func() { w.hold(o, slice) }); len(errors) > 0 {
			return errors[0].Message
		}
		return ""
	}
	told := false
	for _, d := range s.Discriminators {
		why, applies := w.discriminate(o, d, slice)
		if why != "" {
			return why
		}
		told = told || applies
	}
	if !told {
		return "the slice says nothing of " + s.Discriminators[0].Path + ", by which it should be known"
	}
	return ""
}

// tooEarly reports values of no slice before one that is of a slice.
func (w *walk) tooEarly(rest []occurrence, slice, p *position) {
	for _, o := range rest {
		w.say(p, o.place(), fhir.Issue{Code: fhir.Structure, Rule: "slice-order",
			Message:  "The profile wants what belongs to none of its slices of " + p.name + " at the end.",
			Expected: "it behind " + slice.el.SliceName, Fix: "Move it down."})
	}
}

// unsliced judges the values that belong to no slice. Where as many are lacking
// in slices, those say what is wrong with them.
func (w *walk) unsliced(parent occurrence, rest []occurrence, lacking int, p *position) {
	s := p.slicing
	if s.fallback != nil {
		w.holdSlice(parent, rest, nil, s, s.fallback)
		return
	}
	if s.Rules != "closed" || len(rest) <= lacking {
		return
	}
	var names []string
	for _, slice := range s.slices {
		names = append(names, w.model(slice))
	}
	for _, o := range rest {
		if p.types != nil && o.typ != nil && !slices.ContainsFunc(p.types, o.typ.Is) {
			continue // its type is what is wrong with it
		}
		var reasons []string
		for _, slice := range s.slices {
			reasons = append(reasons, "not "+slice.el.SliceName+", because "+w.belongs(o, s, slice))
		}
		w.say(p, o.place(), fhir.Issue{Code: fhir.Structure, Rule: "slice", Message: "The profile allows only certain values of " + p.title() + ", and this is none of them.",
			Expected: anyOf(names, 8), Found: firstOf(strings.Join(reasons[:min(len(reasons), 4)], "; "), foundValue(o.node))})
	}
}

// nearMiss says of a slice that is missing which of the values that are of no
// slice might have been meant for it, and why they are not.
func (w *walk) nearMiss(rest []occurrence, s *slicing, slice *position) string {
	var near []string
	for _, o := range rest {
		if why := w.belongs(o, s, slice); why != "" && len(near) < 3 {
			near = append(near, fmt.Sprintf("%s is there but is not taken for it, because %s.", stepOf(o.place()), why))
		}
	}
	return strings.Join(append([]string{"Add " + w.model(slice) + "."}, near...), " ")
}

// stepOf is the last step of a node's expression: identifier[1].
func stepOf(n fhir.Node) string {
	all := Expression(n)
	depth := 0
	for i := len(all) - 1; i >= 0; i-- {
		switch all[i] {
		case ')':
			depth++
		case '(':
			depth--
		case '.':
			if depth == 0 && !strings.HasPrefix(all[i+1:], "ofType(") {
				return all[i+1:]
			}
		}
	}
	return all
}
