package definition

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// ReadStructure reads a StructureDefinition resource.
func ReadStructure(r *fhir.Resource) *Structure {
	s := &Structure{
		URL: r.Get("url").Text(), Version: r.Get("version").Text(), Name: r.Get("name").Text(),
		Title: r.Get("title").Text(), Status: r.Get("status").Text(), Kind: r.Get("kind").Text(),
		Type: r.Get("type").Text(), Base: r.Get("baseDefinition").Text(),
		Derivation: r.Get("derivation").Text(), Abstract: r.Get("abstract").Bool(),
		ContextInvariants: texts(r.Get("contextInvariant")),
	}
	for c := range r.Get("context").Items() {
		s.Contexts = append(s.Contexts, Context{c.Get("type").Text(), c.Get("expression").Text()})
	}
	s.Differential = readElements(r.Root().Path("differential", "element"))
	s.Snapshot = readElements(r.Root().Path("snapshot", "element"))
	return s
}

func readElements(list fhir.Node) []*Element {
	var out []*Element
	for n := range list.Items() {
		out = append(out, readElement(n))
	}
	return out
}

func readElement(n fhir.Node) *Element {
	e := &Element{
		ID: n.Get("id").Text(), Path: n.Get("path").Text(), SliceName: n.Get("sliceName").Text(),
		Max: n.Get("max").Text(), ContentReference: n.Get("contentReference").Text(), Short: n.Get("short").Text(),
		Min: number(n.Get("min")), MustSupport: flag(n.Get("mustSupport")),
		Modifier: flag(n.Get("isModifier")), Summary: flag(n.Get("isSummary")),
		Binding: readBinding(n.Get("binding")), Slicing: readSlicing(n.Get("slicing")),
		BasePath: n.Path("base", "path").Text(), BaseMax: n.Path("base", "max").Text(),
	}
	if m := number(n.Path("base", "min")); m != nil {
		e.BaseMin = *m
	}
	if m := number(n.Get("maxLength")); m != nil {
		e.MaxLength = *m
	}
	e.Demands = readDemands(n)
	for t := range n.Get("type").Items() {
		if of := readType(t); of.Code != "" {
			e.Types = append(e.Types, of)
		}
	}
	for c := range n.Get("constraint").Items() {
		e.Constraints = append(e.Constraints, Constraint{
			Key: c.Get("key").Text(), Severity: c.Get("severity").Text(), Human: c.Get("human").Text(),
			Expression: c.Get("expression").Text(), Source: c.Get("source").Text(),
		})
	}
	for m := range n.Members() {
		readValue(e, m)
	}
	return e
}

func readValue(e *Element, m fhir.Node) {
	for prefix, into := range map[string]**Value{"fixed": &e.Fixed, "pattern": &e.Pattern, "minValue": &e.MinValue, "maxValue": &e.MaxValue} {
		if t, ok := strings.CutPrefix(m.Name(), prefix); ok && t != "" && t[0] >= 'A' && t[0] <= 'Z' {
			*into = &Value{Type: t, Node: m}
		}
	}
}

// fhirType is where R4 says the FHIR type of elements whose type code is a
// FHIRPath system type.
const fhirType = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"

func readType(n fhir.Node) Type {
	t := Type{
		Code: n.Get("code").Text(), Profiles: texts(n.Get("profile")), TargetProfiles: texts(n.Get("targetProfile")),
		Aggregation: texts(n.Get("aggregation")), Versioning: n.Get("versioning").Text(),
	}
	for x := range n.Get("extension").Items() {
		if x.Get("url").Text() == fhirType {
			t.Code = x.Get("valueUrl").Text() + x.Get("valueUri").Text()
		}
	}
	t.Code = strings.TrimPrefix(t.Code, "http://hl7.org/fhirpath/System.")
	if t.Code == "String" {
		t.Code = "string"
	}
	return t
}

const maxValueSet = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"

func readBinding(n fhir.Node) *Binding {
	if !n.Exists() {
		return nil
	}
	b := &Binding{Strength: n.Get("strength").Text(), ValueSet: n.Get("valueSet").Text()}
	for x := range n.Get("extension").Items() {
		if x.Get("url").Text() == maxValueSet {
			b.Max = x.Get("valueCanonical").Text() + x.Get("valueUri").Text()
		}
		if more, ok := readAdditional(x); ok {
			b.More = append(b.More, more)
		}
	}
	return b
}

func readSlicing(n fhir.Node) *Slicing {
	if !n.Exists() {
		return nil
	}
	s := &Slicing{Rules: n.Get("rules").Text(), Ordered: n.Get("ordered").Bool()}
	for d := range n.Get("discriminator").Items() {
		s.Discriminators = append(s.Discriminators, Discriminator{d.Get("type").Text(), d.Get("path").Text()})
	}
	return s
}

func texts(n fhir.Node) []string {
	var out []string
	for item := range n.Items() {
		out = append(out, item.Text())
	}
	return out
}

func number(n fhir.Node) *int {
	v, err := strconv.Atoi(n.Text())
	if err != nil {
		return nil
	}
	return &v
}

func flag(n fhir.Node) *bool {
	if !n.Exists() {
		return nil
	}
	v := n.Bool()
	return &v
}
