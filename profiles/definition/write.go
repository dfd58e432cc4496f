package definition

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
)

// ResourceID is the logical id that a definition without a stored resource is
// read by: the last step of its url, as far as an id may hold it.
func ResourceID(url string) string {
	last := url[strings.LastIndexAny(strings.TrimRight(url, "/"), "/:")+1:]
	id := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' {
			return c
		}
		return '-'
	}, last)
	return id[:min(len(id), 64)]
}

// Resource writes the structure as a StructureDefinition.
func (s *Structure) Resource() *fhir.Resource {
	var contexts []fhir.Value
	for _, c := range s.Contexts {
		contexts = append(contexts, fhir.Obj("type", c.Type, "expression", c.Expression))
	}
	return fhir.Obj("resourceType", "StructureDefinition", "id", ResourceID(s.URL), "url", s.URL, "version", s.Version,
		"name", s.Name, "title", s.Title, "status", status(s.Status), "fhirVersion", "4.0.1", "kind", s.Kind, "abstract", s.Abstract,
		"context", contexts, "contextInvariant", s.ContextInvariants, "type", s.Type, "baseDefinition", s.Base, "derivation", s.Derivation,
		"snapshot", fhir.Obj("element", writeElements(s.Snapshot, true)), "differential", fhir.Obj("element", writeElements(s.ordered(), false))).Resource()
}

// ordered is the differential in the order of the snapshot, which readers of it
// rely on.
func (s *Structure) ordered() []*Element {
	place := make(map[string]int, len(s.Snapshot))
	for i, e := range s.Snapshot {
		place[e.ID] = i + 1
	}
	for i, e := range s.Differential { // one that is called otherwise stays behind the one before it
		if place[e.ID] == 0 && i > 0 {
			place[e.ID] = place[s.Differential[i-1].ID]
		}
	}
	out := slices.Clone(s.Differential)
	sorting.Stably(out, func(a, b *Element) int { return cmp.Compare(place[a.ID], place[b.ID]) })
	return out
}

func status(s string) string {
	if s == "" {
		return "active"
	}
	return s
}

func writeElements(list []*Element, whole bool) []fhir.Value {
	var out []fhir.Value
	for _, e := range list {
		out = append(out, e.write(whole))
	}
	return out
}

// write writes an element; one of a snapshot with all that R4 wants there.
func (e *Element) write(whole bool) fhir.Value {
	var types, constraints []fhir.Value
	for _, t := range e.Types {
		types = append(types, e.writeType(t))
	}
	for _, c := range e.Constraints {
		constraints = append(constraints, fhir.Obj("key", c.Key, "severity", c.Severity, "human", c.Human, "expression", c.Expression, "source", c.Source))
	}
	pairs := []any{"id", e.ID, "extension", e.Demands.write(), "path", e.Path, "sliceName", e.SliceName, "slicing", e.Slicing.write(), "short", e.Short}
	if whole {
		pairs = append(pairs, "definition", cmp.Or(e.Short, e.ID))
	}
	pairs = append(pairs, "min", optional(e.Min), "max", e.Max)
	if e.BasePath != "" || whole {
		pairs = append(pairs, "base", fhir.Obj("path", cmp.Or(e.BasePath, e.Path), "min", e.BaseMin, "max", cmp.Or(e.BaseMax, "*")))
	}
	pairs = append(pairs, "contentReference", e.ContentReference, "type", types)
	for _, v := range []struct {
		prefix string
		value  *Value
	}{{"fixed", e.Fixed}, {"pattern", e.Pattern}, {"minValue", e.MinValue}, {"maxValue", e.MaxValue}} {
		if v.value != nil {
			pairs = append(pairs, v.prefix+v.value.Type, v.value.Node)
		}
	}
	if e.MaxLength > 0 {
		pairs = append(pairs, "maxLength", e.MaxLength)
	}
	pairs = append(pairs, "constraint", constraints, "mustSupport", optional(e.MustSupport), "isModifier", optional(e.Modifier), "isModifierReason", reason(e.Modifier),
		"isSummary", optional(e.Summary), "binding", e.Binding.write())
	return fhir.Obj(pairs...)
}

// reason is what R4 wants where an element is a modifier.
func reason(modifier *bool) string {
	if modifier == nil || !*modifier {
		return ""
	}
	return "It changes what the rest of the resource means."
}

// optional is the value behind a pointer, nothing for nil.
func optional[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// writeType writes a type. Ids, and the url of an extension, are no elements of
// a FHIR type: R4 gives them a type of FHIRPath and says theirs by an extension.
func (e *Element) writeType(t Type) fhir.Value {
	var code any = t.Code
	var mark fhir.Value
	if last := e.Last(); last == "id" && slices.Contains([]string{"string", "id"}, t.Code) || last == "url" && t.Code == "uri" && strings.Contains("."+e.Path, "xtension.url") {
		code, mark = "http://hl7.org/fhirpath/System.String", fhir.List(fhir.Obj("url", fhirType, "valueUrl", t.Code))
	}
	return fhir.Obj("extension", mark, "code", code, "profile", t.Profiles, "targetProfile", t.TargetProfiles,
		"aggregation", t.Aggregation, "versioning", t.Versioning)
}

func (s *Slicing) write() fhir.Value {
	if s == nil {
		return fhir.Value{}
	}
	var list []fhir.Value
	for _, d := range s.Discriminators {
		list = append(list, fhir.Obj("type", d.Type, "path", d.Path))
	}
	return fhir.Obj("discriminator", list, "ordered", s.Ordered, "rules", s.Rules)
}

func (b *Binding) write() fhir.Value {
	if b == nil {
		return fhir.Value{}
	}
	var further []any
	if b.Max != "" {
		further = append(further, fhir.Obj("url", maxValueSet, "valueCanonical", b.Max))
	}
	for _, a := range b.More {
		further = append(further, a.as)
	}
	return fhir.Obj("extension", fhir.List(further...), "strength", b.Strength, "valueSet", b.ValueSet)
}
