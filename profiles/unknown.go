package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// unknown reports a member that the type does not have, with what was likely
// meant: another spelling, a typed name of a choice, or the same name where it
// belongs.
func (w *walk) unknown(m fhir.Node, t *r4.Type) {
	name := m.Name()
	w.addAt(m.Parent(), m, fhir.Issue{Code: fhir.Structure, Rule: "unknown-element",
		Message: t.Name + " has no element " + quoteShort(name) + ".", Fix: likely(name, t)})
}

func likely(name string, t *r4.Type) string {
	if name == "resourceType" {
		return "Leave it out: only resources have it."
	}
	bare := strings.TrimPrefix(name, "_")
	if bare != name {
		if p := t.Property(bare); p != nil {
			return bare + " is no primitive: put its id and extensions into " + bare + " itself."
		}
	}
	if e := choice(bare, t); e != nil {
		return "Write " + bare + " with its type: " + jsonNames(e) + "."
	}
	if s := synonym(bare, t); s != "" {
		return "Write " + strings.TrimSuffix(name, bare) + s + "."
	}
	names := make([]string, 0, len(t.Properties()))
	for i := range t.Properties() {
		names = append(names, t.Properties()[i].JSON)
	}
	if near := spelling.Nearest(bare, names, 1); len(near) > 0 {
		return "Write " + strings.TrimSuffix(name, bare) + near[0] + "."
	}
	if e := choiceOf(bare, t); e != nil {
		return "Use a type that " + e.Name + "[x] may have: " + jsonNames(e) + "."
	}
	if where := placesOf(bare, t); len(where) > 0 {
		return "It belongs into " + anyOf(where, 3) + "."
	}
	return "Remove it, or send it as an extension."
}

// choice finds a choice element by its name without a type.
func choice(name string, t *r4.Type) *r4.Element {
	for i := range t.Elements {
		if e := &t.Elements[i]; e.Choice && e.Name == name {
			return e
		}
	}
	return nil
}

// choiceOf finds the choice element that a name with a type seems to mean.
func choiceOf(name string, t *r4.Type) *r4.Element {
	for i := range t.Elements {
		e := &t.Elements[i]
		if rest, ok := strings.CutPrefix(name, e.Name); ok && e.Choice && rest != "" && 'A' <= rest[0] && rest[0] <= 'Z' {
			return e
		}
	}
	return nil
}

// placesOf lists the elements of the type whose own type has a property of
// that name.
func placesOf(name string, t *r4.Type) []string {
	var out []string
	for i := range t.Properties() {
		p := &t.Properties()[i]
		if p.Of.Kind != r4.Primitive && p.Of.Kind != r4.Resource && p.Type != "Extension" && !p.Element.Choice && p.Of.Property(name) != nil {
			out = append(out, p.Element.Path())
		}
	}
	return out
}

// unknownType reports a resource that does not say of which type it is.
func (w *walk) unknownType(n, name fhir.Node) {
	i := fhir.Issue{Code: fhir.Invalid, Rule: "resource-type"}
	switch {
	case !name.Exists():
		i.Message, i.Expected, i.Fix = "resourceType is missing.", "the type of the resource", `Add "resourceType", such as "Patient".`
		w.add(n, i)
		return
	case name.Kind() != fhir.String:
		i.Message, i.Expected, i.Found = "resourceType is no string.", "the name of a resource type", foundKind(name)
	default:
		i.Message, i.Expected, i.Found = "R4 has no resource of this type.", "the name of a resource type", short(name.Text())
		if kind := kindsElsewhere[strings.ToLower(name.Text())]; kind != "" {
			i.Fix = "R4 has " + kind + " for this."
		} else if near := spelling.Nearest(name.Text(), r4.ResourceTypes(), 3); len(near) > 0 {
			i.Fix = "Did you mean " + anyOf(near, 3) + "?"
		}
	}
	w.addAt(n, name, i)
}
