package profiles

import (
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// discriminate decides by one discriminator; the answer is why not.
func (w *walk) discriminate(o occurrence, d definition.Discriminator, slice *position) string {
	if d.Type == "value" && d.Path == "url" && (slice.name == "extension" || slice.name == "modifierExtension") {
		return sameURL(o, slice)
	}
	if holder, ok := strings.CutSuffix(d.Path, ".resourceType"); ok { // a name of JSON: FHIRPath would say type
		d = definition.Discriminator{Type: "type", Path: holder}
	}
	values, positions := w.follow([]occurrence{o}, d.Path, slice)
	switch d.Type {
	case "exists":
		want := len(positions) == 0 || positions[0].max != 0
		if (len(values) > 0) != want {
			return d.Path + " is " + map[bool]string{true: "missing", false: "there"}[want]
		}
		return ""
	case "type":
		return ofType(values, d, positions)
	case "profile":
		return w.ofProfile(values, d, positions)
	}
	for _, v := range values {
		for _, p := range positions {
			if w.matches(v, p) {
				return ""
			}
		}
	}
	return valueReason(d, values, positions)
}

func sameURL(o occurrence, slice *position) string {
	if got, want := o.node.Get("url").Text(), slice.url(); got != want {
		return fmt.Sprintf("its url is %q, not %q", got, want)
	}
	return ""
}

func valueReason(d definition.Discriminator, values []occurrence, positions []*position) string {
	want := ""
	for _, p := range positions {
		want = firstOf(want, settledValue(p))
	}
	what := d.Path
	if what == "$this" {
		what = "value"
	}
	switch {
	case len(values) == 0:
		return fmt.Sprintf("its %s is missing", what)
	case want == "":
		return fmt.Sprintf("its %s is %s", what, foundValue(values[0].node))
	}
	return fmt.Sprintf("its %s is %s, not %s", what, foundValue(values[0].node), want)
}

// settledValue is a value that a position settles, or one below it.
func settledValue(p *position) string {
	if p.binding != nil && p.el.Fixed == nil && p.el.Pattern == nil {
		return "a code of " + p.binding.ValueSet
	}
	return strings.TrimPrefix(settled(p), p.name+" ")
}

// typesOf are the types that a position settles, or the slices of it.
func typesOf(p *position) []string {
	if p.types == nil && p.slicing != nil {
		var of []string
		for _, s := range p.slicing.slices {
			of = append(of, s.types...)
		}
		if of != nil {
			return of
		}
	}
	if p.types == nil && p.typ != nil {
		return []string{p.typ.Name}
	}
	return p.types
}

func ofType(values []occurrence, d definition.Discriminator, positions []*position) string {
	var want []string
	for _, p := range positions {
		want = append(want, typesOf(p)...)
	}
	got := "nothing"
	for _, v := range values {
		if v.typ == nil {
			continue
		}
		got = v.typ.Name
		for _, t := range want {
			if v.typ.Is(t) {
				return ""
			}
		}
	}
	return fmt.Sprintf("the type of %s is %s, expected %s", d.Path, got, anyOf(want, 4))
}

func (w *walk) ofProfile(values []occurrence, d definition.Discriminator, positions []*position) string {
	for _, v := range values {
		for _, p := range positions {
			var canonicals []string
			for _, list := range p.profiles {
				canonicals = append(canonicals, list...)
			}
			for _, c := range append(canonicals, p.targets...) {
				if w.conforms(v, c) {
					return ""
				}
			}
		}
	}
	return d.Path + " conforms to another profile"
}

// conforms tries a profile. One that is not known, or a bare type, is told by
// the type.
func (w *walk) conforms(o occurrence, canonical string) bool {
	if name, ok := strings.CutPrefix(canonical, canonicalBase); ok && r4.TypeOf(name) != nil {
		return o.typ != nil && o.typ.Is(name)
	}
	p := w.v.library.program(canonical)
	if p == nil || o.typ == nil || !o.typ.Is(p.structure.Type) {
		return false
	}
	return !fhir.HasErrors(w.try(func() { w.conform(o.node, o.typ, p) }))
}
