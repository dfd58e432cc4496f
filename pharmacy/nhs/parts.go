package nhs

import "github.com/pestle-fhir/pestle/fhir"

// Parts are the extensions within one extension, in the order in which they are
// added; what is empty is left out.
type Parts struct{ list []any }

// Value adds a value of a kind: "valueQuantity".
func (p *Parts) Value(name, kind string, v fhir.Value) {
	if !v.IsZero() {
		p.list = append(p.list, fhir.Obj("url", name, kind, v))
	}
}

// Text adds a text of a kind: "valueString".
func (p *Parts) Text(name, kind, text string) {
	if text != "" {
		p.list = append(p.list, fhir.Obj("url", name, kind, text))
	}
}

// Bool adds whether something is so.
func (p *Parts) Bool(name string, is bool) {
	p.list = append(p.list, fhir.Obj("url", name, "valueBoolean", is))
}

// Int adds a whole number of a kind: "valueInteger".
func (p *Parts) Int(name, kind string, n int) {
	p.list = append(p.list, fhir.Obj("url", name, kind, n))
}

// Number adds a decimal with its digits, as a valueDecimal.
func (p *Parts) Number(name string, n fhir.Raw) {
	p.list = append(p.list, fhir.Obj("url", name, "valueDecimal", n))
}

// Reference adds a reference to a resource.
func (p *Parts) Reference(name, ref string) {
	if ref != "" {
		p.list = append(p.list, fhir.Obj("url", name, "valueReference", fhir.Obj("reference", ref)))
	}
}

// Within adds parts of a part.
func (p *Parts) Within(name string, inner Parts) {
	if len(inner.list) > 0 {
		p.list = append(p.list, fhir.Obj("url", name, "extension", fhir.List(inner.list...)))
	}
}

// Extension is the extension that has the parts; nothing where there are none.
func (p *Parts) Extension(url string) fhir.Value {
	if len(p.list) == 0 {
		return fhir.Value{}
	}
	return fhir.Obj("url", url, "extension", fhir.List(p.list...))
}
