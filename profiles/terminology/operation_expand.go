package terminology

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// expand is https://hl7.org/fhir/R4/valueset-operation-expand.html. Expansions
// are flat, so excludeNested changes nothing.
func (o *operations) expand(ctx context.Context, in *input) (fhir.Value, error) {
	v, err := o.valueSet(ctx, in)
	if err != nil {
		return fhir.Value{}, err
	}
	q := Query{Text: in.text("filter"), ActiveOnly: in.flag("activeOnly"), Selectable: in.flag("excludeNotForUI"),
		Language: in.text("displayLanguage"), Without: in.texts("exclude-system")}
	q.Offset, _ = in.number("offset")
	n, counted := in.number("count")
	q.Count, q.Only = n, counted && n == 0
	in.flag("excludeNested")
	in.flag("excludePostCoordinated")
	if q.Language != "" && tags(q.Language) == nil {
		in.wrong("displayLanguage", "a language tag of BCP 47, such as en-GB", q.Language, fhir.Node{})
	}
	if in.issues != nil {
		return fhir.Value{}, nil
	}
	x, err := o.ExpandDefinition(v, q)
	if err != nil {
		return fhir.Value{}, err
	}
	pairs := []any{"resourceType", "ValueSet", "url", v.URL, "version", v.Version, "name", v.Name, "title", v.Title, "status", statusOf(v)}
	if in.flag("includeDefinition") {
		pairs = append(pairs, "compose", v.Compose())
	}
	return fhir.Obj(append(pairs, "expansion", o.written(in, x))...), nil
}

func statusOf(v *definition.ValueSet) string {
	if v.Status == "" {
		return "active"
	}
	return v.Status
}

// written is ValueSet.expansion. Its identifier follows from what was asked and
// when.
func (o *operations) written(in *input, x *Expansion) fhir.Value {
	var used []fhir.Value
	for _, p := range inputsOn(false, whichSet, expandInputs) {
		if p.Name == "valueSet" {
			continue
		}
		for _, text := range in.texts(p.Name) {
			used = append(used, fhir.Obj("name", p.Name, usedAs(p.Kinds[0]), parameterValue(p.Kinds[0], text)))
		}
	}
	for _, system := range x.Systems {
		used = append(used, fhir.Obj("name", "used-codesystem", "valueUri", system))
	}
	at := in.call.Time.UTC().Format(time.RFC3339Nano)
	var asked strings.Builder
	asked.WriteString(x.ValueSet.URL + "|" + x.ValueSet.Version + at)
	for _, u := range used {
		asked.Write(u.JSON())
	}
	var contains []fhir.Value
	designations := in.flag("includeDesignations") || len(in.texts("designation")) > 0
	for _, c := range x.Contains {
		contains = append(contains, c.Contains(o.designations(in, c, designations)))
	}
	return fhir.Obj("identifier", uuid.NewSHA1(uuid.NameSpaceURL, []byte(asked.String())).URN(), "timestamp", in.call.Time.UTC().Format(fhir.InstantLayout),
		"total", x.Total, "offset", x.Offset, "parameter", used, "contains", contains)
}

// usedAs is the kind by which an expansion states a parameter, which cannot hold
// a canonical.
func usedAs(kind string) string {
	if kind == "valueCanonical" {
		return "valueUri"
	}
	return kind
}

func parameterValue(kind, text string) any {
	switch kind {
	case "valueBoolean", "valueInteger":
		return fhir.Raw(text)
	}
	return text
}

// designations are the other names of a code, those of the languages and uses
// (system|code, or a language alone) that were asked for.
func (o *operations) designations(in *input, c definition.Coding, wanted bool) []definition.Designation {
	if !wanted {
		return nil
	}
	sys, _ := o.system(c.System, c.Version)
	if sys == nil {
		return nil
	}
	found, _ := sys.Lookup(c.Code)
	only := in.texts("designation")
	if len(only) == 0 {
		return found.Designations
	}
	var out []definition.Designation
	for _, d := range found.Designations {
		for _, want := range only {
			if want == "urn:ietf:bcp:47|"+d.Language || want == d.Language || want == d.Use.System+"|"+d.Use.Code {
				out = append(out, d)
				break
			}
		}
	}
	return out
}
