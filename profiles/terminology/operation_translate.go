package terminology

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// translate is https://hl7.org/fhir/R4/conceptmap-operation-translate.html
func (o *operations) translate(ctx context.Context, in *input) (fhir.Value, error) {
	codes, err := in.asked("version")
	if err != nil {
		return fhir.Value{}, err
	}
	t := Translation{URL: in.text("url"), Source: in.text("source"), Target: in.text("target"), TargetSystem: in.text("targetsystem"),
		Reverse: in.flag("reverse"), Depends: in.dependencies()}
	if version := in.text("conceptMapVersion"); version != "" && t.URL != "" {
		t.URL += "|" + version
	}
	r := in.resource("conceptMap", "ConceptMap")
	if in.call.ID != "" {
		if r, err = o.stored(ctx, in, "ConceptMap"); err != nil {
			return fhir.Value{}, err
		}
	}
	if r != nil {
		t.Map = definition.ReadConceptMap(r)
		if t.Map.URL == "" && r.ID() != "" {
			t.Map.URL = in.call.Base + "/ConceptMap/" + r.ID()
		}
	}
	var matches []Match
	for _, c := range codes {
		t.System, t.Code = c.System, c.Code
		found, err := o.Translate(t)
		if err != nil {
			return fhir.Value{}, err
		}
		matches = append(matches, found...)
	}
	return o.translated(matches), nil
}

func (o *operations) translated(matches []Match) fhir.Value {
	var p, list parameters
	found := false
	for _, m := range matches {
		var match parameters
		match.text("equivalence", "valueCode", m.Equivalence)
		c := definition.Coding{System: m.System, Code: m.Code, Display: m.Display}
		if sys, _ := o.system(m.System, ""); sys != nil && c.Display == "" {
			known, _ := sys.Lookup(m.Code)
			c.Display = known.Display
		}
		if m.Code != "" {
			match.add("concept", "valueCoding", c.Coding())
		}
		for _, d := range m.Products {
			match.part("product", parameters{fhir.Obj("name", "element", "valueUri", d.Property),
				fhir.Obj("name", "concept", "valueCoding", definition.Coding{System: d.System, Code: d.Value, Display: d.Display}.Coding())})
		}
		match.text("source", "valueUri", m.Map)
		list.part("match", match)
		found = found || m.Code != "" && m.Equivalence != "unmatched" && m.Equivalence != "disjoint"
	}
	p.add("result", "valueBoolean", found)
	if !found {
		p.add("message", "valueString", "No concept map that is known here maps the code.")
	}
	return append(p, list...).resource()
}

// dependencies reads the values of other elements that the mapping may depend
// on.
func (in *input) dependencies() (out []definition.MapDependency) {
	for _, p := range in.given["dependency"] {
		var d definition.MapDependency
		var codings []definition.Coding
		for part := range p.Get("part").Items() {
			switch v := value(part); part.Get("name").Text() {
			case "element":
				d.Property = v.Text()
			case "concept":
				for c := range v.Get("coding").Items() {
					codings = append(codings, readCoding(c))
				}
			}
		}
		if d.Property == "" || len(codings) == 0 {
			in.wrong("dependency", "the parts element and concept", "less", p)
			continue
		}
		for _, c := range codings {
			d.System, d.Value = c.System, c.Code
			out = append(out, d)
		}
	}
	return out
}
