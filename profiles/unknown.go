package profiles

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
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
	names := make([]string, 0, len(t.Properties()))
	for i := range t.Properties() {
		names = append(names, t.Properties()[i].JSON)
	}
	if near := nearest(bare, names, 1); len(near) > 0 {
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
			out = append(out, p.Element.Path)
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
		if near := nearest(name.Text(), r4.ResourceTypes(), 3); len(near) > 0 {
			i.Fix = "Did you mean " + anyOf(near, 3) + "?"
		}
	}
	w.addAt(n, name, i)
}

// nearest gives up to limit of the candidates that a word most resembles, best
// first; none where nothing is near.
func nearest(word string, candidates []string, limit int) []string {
	type hit struct {
		name     string
		distance int
	}
	tolerance := max(1, min(3, len(word)/3))
	var hits []hit
	lower := strings.ToLower(word)
	for _, c := range candidates {
		if d := distance(lower, strings.ToLower(c), tolerance); d <= tolerance {
			hits = append(hits, hit{c, d})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return a.distance - b.distance })
	var out []string
	for _, h := range hits[:min(len(hits), limit)] {
		out = append(out, h.name)
	}
	return out
}

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b; anything above the limit may come out larger.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
