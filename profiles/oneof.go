package profiles

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// holdType holds a value to the types, profiles and targets that remain; false
// where the type is wrong.
func (w *walk) holdType(o occurrence, p *position) bool {
	if o.typ == nil {
		return true
	}
	if p.types != nil && !slices.ContainsFunc(p.types, o.typ.Is) {
		w.wrongType(o, p)
		return false
	}
	if o.typ.Name == "Reference" {
		w.holdReference(o, p)
	}
	if o.typ.Name == "Extension" || !o.node.Exists() {
		return true // every extension is held to its definition where it stands
	}
	for code, canonicals := range p.profiles {
		if o.typ.Is(code) {
			w.inside(o, func() { w.oneOf(o, p, o, canonicals) })
		}
	}
	return true
}

func (w *walk) wrongType(o occurrence, p *position) {
	i := fhir.Issue{Code: fhir.Structure, Rule: "type", Message: "The value is of a type that the profile does not allow.",
		Expected: anyOf(p.types, 8), Found: o.typ.Name}
	if p.choice {
		i.Fix = "Write it as " + p.jsonName() + "."
	}
	w.say(p, o.place(), i)
}

// oneOf holds a value to one of several profiles; the place is what asks for
// it. Issues of a single one are reported as they are; where none of several
// fits, the nearest is told.
func (w *walk) oneOf(place occurrence, p *position, o occurrence, canonicals []string) {
	var known []*program
	var types []string
	for _, c := range canonicals {
		of := w.v.library.program(c)
		if of == nil {
			return // it may be the one that fits
		}
		types = append(types, of.structure.Type)
		if o.typ.Is(of.structure.Type) {
			known = append(known, of)
		}
	}
	if known == nil {
		w.say(p, place.place(), fhir.Issue{Code: fhir.Structure, Rule: "type", Message: "The profiles that are allowed here are of another type.",
			Expected: anyOf(types, 4) + ", of the profile " + anyOf(canonicals, 4), Found: o.typ.Name})
		return
	}
	if len(known) == 1 {
		w.conform(o.node, o.typ, known[0])
		return
	}
	var best []fhir.Issue
	var nearest *program
	for _, of := range known {
		errors := w.try(func() { w.conform(o.node, o.typ, of) })
		if len(errors) == 0 {
			return
		}
		if nearest == nil || len(errors) < len(best) {
			best, nearest = errors, of
		}
	}
	if nearest == nil {
		return
	}
	w.say(p, place.place(), fhir.Issue{Code: fhir.Structure, Rule: "profile", Message: "This conforms to none of the profiles that are allowed.",
		Expected: anyOf(canonicals, 4), Found: fmt.Sprintf("nearest to %s, but %s: %s", bareName(nearest.canonical), best[0].Expression, best[0].Text())})
}

// inside runs a check of a value; of a resource with it as the current one.
func (w *walk) inside(o occurrence, f func()) {
	if o.typ == nil || o.typ.Kind != r4.Resource || o.node == w.scope.node {
		f()
		return
	}
	outer := w.scope
	w.scope = &scope{node: o.node, typ: o.typ, outer: outer, root: o.node}
	if isContained(o.node) {
		w.scope.root = outer.root
	}
	f()
	w.scope = outer
}

// bareName is a canonical's last part, for messages.
func bareName(canonical string) string {
	return canonical[strings.LastIndexByte(canonical, '/')+1:]
}
