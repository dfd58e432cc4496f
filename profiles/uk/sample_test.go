package uk

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

func decode(data []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	return v
}

func clone(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return decode(data)
}

// samples are values of the primitive types.
var samples = map[string]any{
	"boolean": true, "integer": 1, "decimal": json.Number("1.5"), "positiveInt": 1, "unsignedInt": 1,
	"string": "text", "markdown": "text", "code": "text", "id": "x1", "base64Binary": "AAAA",
	"uri": "https://example.org/x", "url": "https://example.org/x", "canonical": "https://example.org/x",
	"oid": "urn:oid:1.2.3", "uuid": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
	"instant": "2026-01-01T10:00:00Z", "dateTime": "2026-01-01", "date": "2001-01-01", "time": "10:00:00",
	"xhtml": `<div xmlns="http://www.w3.org/1999/xhtml"><p>text</p></div>`,
}

func (m *maker) primitive(n *element, t *r4.Type) any {
	if n.Fixed != nil {
		return decode(n.Fixed.Node.Raw())
	}
	if n.Pattern != nil {
		return decode(n.Pattern.Node.Raw())
	}
	if c := m.codes(n, 1); len(c) > 0 {
		return c[0]["code"]
	}
	if t.Name == "code" && n.base != nil {
		switch n.ID[strings.LastIndexByte(n.ID, '.')+1:] {
		case "currency":
			return "GBP"
		case "language":
			return "en-GB"
		case "contentType":
			return "text/plain"
		}
	}
	if t.Is("uri") && n.base != nil && n.base.Path() == "Reference.type" {
		return "Patient"
	}
	return samples[t.Name]
}

// codes gives some codes of the value set that the element is bound to.
func (m *maker) codes(n *element, limit int) (out []map[string]any) {
	url := ""
	if n.Binding != nil && (n.Binding.Strength == "required" || n.Binding.Strength == "extensible") {
		url = n.Binding.ValueSet
	} else if n.base != nil && n.base.Binding != nil && n.base.Binding.Codes != nil {
		url = n.base.Binding.ValueSet
	}
	if strings.HasSuffix(url, "/all-languages") {
		return []map[string]any{{"system": "urn:ietf:bcp:47", "code": "en-GB"}}
	}
	if url == "" {
		return nil
	}
	x, err := m.l.Terminology().Expand(url, "", 0, 50)
	if err != nil {
		return nil
	}
	slices.SortStableFunc(x.Contains, func(a, b definition.Coding) int { return cmp.Compare(rank[a.Code], rank[b.Code]) })
	system := n.fixedSystem()
	for _, c := range x.Contains {
		if len(out) == limit || system != "" && c.System != system {
			continue
		}
		code := map[string]any{"system": c.System, "code": c.Code}
		if c.Display != "" {
			code["display"] = c.Display
		}
		out = append(out, code)
	}
	return out
}

// fixedSystem is the system that the profile fixes of a coding.
func (n *element) fixedSystem() string {
	for _, k := range n.kids {
		if k.name == "system" && k.Fixed != nil {
			return k.Fixed.Node.Text()
		}
	}
	return ""
}

// rank prefers codes that ask for nothing else, and puts those back that do.
var rank = map[string]int{"acute": -1, "work": -1, "home": 1, "entered-in-error": 1, "group": 1}

// coded gives a Coding or Quantity a code of its value set.
func (m *maker) coded(obj map[string]any, n *element, t *r4.Type) {
	list := m.codes(n, 1)
	switch {
	case t.Name == "Coding" && len(list) > 0:
		maps.Copy(obj, list[0])
	case t.Name == "Coding":
		maps.Copy(obj, finding)
		if strings.Contains(n.Path, ".component.") {
			obj["code"] = "271649006"
		}
	case t.Is("Quantity"):
		maps.Copy(obj, map[string]any{"value": json.Number("1"), "system": "http://unitsofmeasure.org", "code": "mg"})
		if len(list) > 0 {
			obj["system"], obj["code"] = list[0]["system"], list[0]["code"]
		}
	}
	for _, k := range m.kidsOf(n) { // what is fixed goes before
		if v := firstOf(k.Fixed, k.Pattern); v != nil && obj[k.name] != nil {
			delete(obj, k.name)
		}
	}
}

func firstOf(a, b *definition.Value) *definition.Value {
	if a != nil {
		return a
	}
	return b
}

var finding = map[string]any{"system": "http://snomed.info/sct", "code": "404684003"}

// concept gives a CodeableConcept a coding, or the one it has a code of the
// concept's value set.
func (m *maker) concept(obj map[string]any, n *element) {
	list := m.codes(n, 1)
	codings, _ := obj["coding"].([]any)
	if len(codings) == 0 {
		code := finding
		if len(list) > 0 {
			code = list[0]
		}
		for _, k := range n.kids {
			if k.name == "coding" && k.slice == "" && k.settles() {
				m.put(obj, k)
				return
			}
		}
		obj["coding"] = []any{clone(code)}
		if strings.Contains(n.Path, ".component.") && len(list) == 0 {
			obj["coding"].([]any)[0].(map[string]any)["code"] = "271649006"
		}
		return
	}
	first := codings[0].(map[string]any)
	for _, k := range m.kidsOf(n) {
		if k.name == "coding" && (k.slice != "" && m.used[k] && k.Binding != nil || k.bare("code")) {
			return
		}
	}
	for _, c := range m.codes(n, 50) {
		if system, _ := first["system"].(string); system == c["system"] || !n.fixes() {
			maps.Copy(first, c)
			return
		}
	}
}

// bare reports whether the code of a coding is fixed.
func (n *element) bare(name string) bool {
	return n.Pattern != nil || slices.ContainsFunc(n.kids, func(k *element) bool { return k.name == name && (k.Fixed != nil || k.Pattern != nil) })
}

// settles reports whether a value is fixed at or below the element, or bound.
func (n *element) settles() bool {
	return n.Fixed != nil || n.Pattern != nil || n.Binding != nil && n.Binding.Strength == "required" && n.name != "use" || slices.ContainsFunc(n.kids, (*element).settles)
}

// complete makes of an object that is empty or breaks the invariants of its
// type one that does not.
func (m *maker) complete(obj map[string]any, n *element, t *r4.Type) {
	switch t.Name {
	case "CodeableConcept":
		m.concept(obj, n)
	case "Extension":
		if obj["extension"] == nil && !hasValue(obj) {
			for _, k := range m.kidsOf(n) {
				if obj["extension"] == nil && !hasValue(obj) && (k.name == "value[x]" && k.slice == "" || k.name == "extension" && k.slice != "") && k.Max != "0" {
					m.put(obj, k)
				}
			}
		}
	case "Patient.contact":
		if obj["name"] == nil && obj["telecom"] == nil && obj["address"] == nil {
			obj["name"] = map[string]any{"text": "Ann"}
		}
	case "Bundle.entry":
		if obj["resource"] == nil {
			for _, k := range m.kidsOf(n) {
				if k.name == "resource" {
					m.put(obj, k)
					break
				}
			}
		}
	case "Appointment.participant":
		if obj["actor"] == nil && obj["type"] == nil {
			obj["actor"] = map[string]any{"reference": "Patient/1"}
		}
	case "OperationOutcome.issue":
		if obj["details"] == nil {
			obj["severity"] = "information"
		}
	case "Observation.referenceRange":
		if obj["low"] == nil && obj["high"] == nil {
			obj["text"] = "text"
		}
	case "ContactPoint":
		if obj["value"] != nil && obj["system"] == nil {
			obj["system"] = "phone"
		}
	case "Ratio":
		one := map[string]any{"value": json.Number("1")}
		for _, k := range []string{"numerator", "denominator"} {
			if obj[k] == nil {
				obj[k] = one
			}
		}
	case "Attachment":
		if obj["data"] != nil {
			obj["contentType"] = "text/plain"
		}
	}
	if obj["code"] != nil && obj["system"] == nil && t.Is("Quantity") {
		obj["system"] = "http://unitsofmeasure.org"
	}
	if len(obj) > 0 {
		return
	}
	for _, k := range m.kidsOf(n) {
		if k.slice == "" && k.base != nil && k.Max != "0" && k.name != "id" && k.name != "extension" && k.name != "modifierExtension" {
			m.put(obj, k)
			return
		}
	}
}

func hasValue(obj map[string]any) bool {
	for k := range obj {
		if strings.HasPrefix(k, "value") || strings.HasPrefix(k, "_value") {
			return true
		}
	}
	return false
}

// values are those of identifiers, by the system.
var values = map[string]string{
	"https://fhir.nhs.uk/Id/nhs-number": "9449305552", "https://fhir.hl7.org.uk/Id/gmc-number": "C1234567",
	"https://fhir.hl7.org.uk/Id/gmp-number": "G1234567", "https://fhir.hl7.org.uk/Id/gphc-number": "1234567",
	"https://fhir.hl7.org.uk/Id/nmc-number": "12A1234E", "https://fhir.hl7.org.uk/Id/hcpc-number": "PH123456",
	"https://fhir.hl7.org.uk/Id/din-number": "123456", "https://fhir.nhs.uk/Id/sds-user-id": "123456789012",
	"https://fhir.nhs.uk/Id/sds-role-profile-id": "123456789012", "https://fhir.hl7.org.uk/Id/gmc-reference-number": "1234567",
	"https://fhir.nhs.uk/Id/ods-organization-code": "A83008", "https://fhir.nhs.uk/Id/prescription-order-number": "24F5DA-A83008-7EFE6Z",
	"https://fhir.nhs.uk/Id/prescription-order-item-number": "a54219b8-f741-4c47-b662-e4f8dfa49ab6",
}

// mend puts right what no single element settles.
func mend(v any) {
	switch v := v.(type) {
	case map[string]any:
		switch v["resourceType"] {
		case "Bundle":
			focus(v)
		case "Organization":
			if v["name"] == nil && v["identifier"] == nil {
				v["name"] = "The Surgery"
			}
		case "AllergyIntolerance":
			if v["clinicalStatus"] == nil {
				v["clinicalStatus"] = map[string]any{"coding": []any{map[string]any{"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}}}
			}
		}
		if s, _ := v["system"].(string); values[s] != "" && v["value"] != nil {
			v["value"] = values[s]
		}
		for _, k := range v {
			mend(k)
		}
	case []any:
		for _, item := range v {
			mend(item)
		}
	}
}

// focus gives a message the resource that it is about.
func focus(bundle map[string]any) {
	entries, _ := bundle["entry"].([]any)
	for _, e := range entries {
		header, _ := e.(map[string]any)["resource"].(map[string]any)
		if header["resourceType"] == "MessageHeader" && header["focus"] != nil {
			header["focus"] = []any{map[string]any{"reference": urn(5)}}
			bundle["entry"] = append(entries, map[string]any{"fullUrl": urn(5), "resource": map[string]any{"resourceType": "Basic", "code": map[string]any{"text": "x"}}})
			return
		}
	}
}
