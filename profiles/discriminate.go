package profiles

import (
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// discriminate decides by one discriminator: why not, and whether the slice says
// anything about it.
func (w *walk) discriminate(o occurrence, d definition.Discriminator, slice *position) (why string, applies bool) {
	if d.Type == "value" && d.Path == "url" && (slice.name == "extension" || slice.name == "modifierExtension") {
		return sameURL(o, slice), true
	}
	if holder, ok := strings.CutSuffix(d.Path, ".resourceType"); ok { // a name of JSON: FHIRPath would say type
		d = definition.Discriminator{Type: "type", Path: holder}
	}
	values, positions := w.follow([]occurrence{o}, d.Path, slice)
	switch d.Type {
	case "exists":
		want := len(positions) == 0 || positions[0].max != 0
		if (len(values) > 0) != want {
			return "its " + d.Path + " is " + map[bool]string{true: "missing", false: "there"}[want], true
		}
		return "", true
	case "type":
		return ofType(values, d, positions), true
	case "profile":
		return w.ofProfile(values, d, positions)
	}
	if len(positions) == 0 {
		return "", false
	}
	for _, v := range values {
		for _, p := range positions {
			if w.matches(v, p) {
				return "", true
			}
		}
	}
	return valueReason(d, values, positions), true
}

func sameURL(o occurrence, slice *position) string {
	if got, want := o.node.Get("url").Text(), slice.url(); got != want {
		return fmt.Sprintf("its url is %q, not %q", got, want)
	}
	return ""
}

func valueReason(d definition.Discriminator, values []occurrence, positions []*position) string {
	what := strings.TrimPrefix("its "+d.Path, "its $this")
	if what == "" {
		what = "its value"
	}
	if len(values) == 0 {
		return what + " is missing"
	}
	got := values[0].node
	for _, p := range positions {
		if v := p.constant(); v != nil && got.Kind() == fhir.Object {
			if lacking, there := differences("", v.Node, got); len(there) > 0 {
				return "it has " + inWords(there) + " instead of " + inWords(lacking)
			}
		}
		if list := settled(p); list != nil {
			return what + " is " + foundValue(got) + ", not " + inWords(list)
		}
		if p.binding != nil {
			return what + " is " + foundValue(got) + ", which is no code of " + p.binding.ValueSet
		}
	}
	return what + " is " + foundValue(got)
}

// constant is the value that is fixed at the position, nil for none.
func (p *position) constant() *definition.Value {
	if p.el.Fixed != nil {
		return p.el.Fixed
	}
	return p.el.Pattern
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

// ofProfile decides by the profiles that the positions ask for.
func (w *walk) ofProfile(values []occurrence, d definition.Discriminator, positions []*position) (why string, applies bool) {
	var canonicals []string
	for _, p := range positions {
		for _, list := range p.profiles {
			canonicals = append(canonicals, list...)
		}
		canonicals = append(canonicals, p.targets...)
	}
	if len(canonicals) == 0 {
		return "", false
	}
	why = "is missing, or leads to no resource that is at hand"
	for i, v := range values {
		for k, c := range canonicals {
			not := w.unlike(v, c)
			if not == "" {
				return "", true
			}
			if i == 0 && k == 0 {
				why = not
			}
		}
	}
	return "its " + d.Path + " " + why, true
}

// unlike tries a profile and gives the reason why a value is not of it, "" when
// it is. A profile that is not known, or a bare type, is told by the type.
func (w *walk) unlike(o occurrence, canonical string) string {
	if name, ok := strings.CutPrefix(canonical, canonicalBase); ok && r4.TypeOf(name) != nil {
		if o.typ != nil && o.typ.Is(name) {
			return ""
		}
		return "is no " + name
	}
	p := w.v.library.program(canonical)
	if p == nil || o.typ == nil || !o.typ.Is(p.structure.Type) {
		return "is of another type than " + bareName(canonical)
	}
	var errors []fhir.Issue
	w.inside(o, func() { errors = w.try(func() { w.conform(o.node, o.typ, p) }) })
	if len(errors) == 0 {
		return ""
	}
	return "does not conform to " + bareName(canonical) + " (" + strings.TrimSuffix(errors[0].Message, ".") + ")"
}
