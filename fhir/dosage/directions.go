package dosage

import (
	"errors"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// WithText is a list of instructions in which each has a text: its own, or the words of
// its structure. What has no safe words stays without.
func WithText(list fhir.Node) any {
	var out []any
	missing := false
	for n := range list.Items() {
		if n.Get("text").Exists() {
			out = append(out, n)
			continue
		}
		missing = true
		words, err := Words(Read(n))
		if err != nil || words == "" {
			out = append(out, n)
			continue
		}
		pairs := []any{"text", words}
		for m := range n.Members() {
			if m.Name() == "sequence" {
				pairs = append([]any{"sequence", m}, pairs...)
			} else {
				pairs = append(pairs, m.Name(), m)
			}
		}
		out = append(out, fhir.Obj(pairs...))
	}
	if !missing {
		return list
	}
	return fhir.List(out...)
}

// Directions are the instructions of a resource in words, for a label or for a text that
// is missing: each in its own text, or in the words of the dose syntax. An error says
// which has neither.
func Directions(list fhir.Node) (string, error) {
	all := Read(list)
	slices.SortStableFunc(all, func(a, b Dosage) int { return a.Sequence - b.Sequence })
	var text string
	for i := range all {
		words := all[i].Text
		if words == "" {
			var err error
			if words, err = Words(all[i : i+1]); err != nil {
				return "", err
			}
		}
		switch {
		case words == "":
			return "", errors.New("dosage: an instruction that says nothing")
		case i > 0 && all[i].Sequence != all[i-1].Sequence:
			text += ", then "
		case i > 0:
			text += ", and "
		}
		text += words
	}
	return text, nil
}
