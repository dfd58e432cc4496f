package page

import (
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// links decides what of a resource is a link.
type links struct {
	base string // the path of the FHIR base: "/fhir"
	self string // the base as a URL, under which clients know the server
}

// definitions are the types that a canonical URL may name and that the server
// can be searched for.
var definitions = []string{"StructureDefinition", "ValueSet", "CodeSystem", "OperationDefinition", "SearchParameter", "Questionnaire", "PlanDefinition", "ActivityDefinition", "Measure", "Library"}

// of returns the address to which a string leads, "" for none: a reference, an
// address below the base, a canonical URL that may be served here, or another
// http or https URL. No other scheme is ever a link.
func (l links) of(key, value string) string {
	switch key {
	case "reference", "url", "location", "fullUrl":
		if l.relative(value) {
			return l.base + "/" + value
		}
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	if strings.HasPrefix(value, l.self+"/") {
		return l.base + strings.TrimPrefix(u.String(), l.self)
	}
	if typ := definitionType(u.Path); typ != "" && key != "fullUrl" && key != "reference" {
		bare, _, _ := strings.Cut(value, "|")
		return l.base + "/" + typ + "?url=" + url.QueryEscape(bare)
	}
	return u.String()
}

// relative reports whether an address names something below the base: Task/1,
// Task/1/_history/2, Task?status=ready, Patient.
func (links) relative(value string) bool {
	path, _, _ := strings.Cut(value, "?")
	parts := strings.Split(path, "/")
	if !r4.IsResource(parts[0]) {
		return false
	}
	for i, part := range parts[1:] {
		if !fhir.IsID(part) && (i != 1 || part != "_history") {
			return false
		}
	}
	return len(parts) <= 4
}

// definitionType is the type that the path of a canonical URL names before its
// last part.
func definitionType(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) < 2 {
		return ""
	}
	for _, typ := range definitions {
		if parts[len(parts)-2] == typ {
			return typ
		}
	}
	return ""
}
