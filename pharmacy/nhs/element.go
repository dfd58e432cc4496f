package nhs

import (
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// Extension is the first extension of an element with that url, absent when it
// has none.
func Extension(n fhir.Node, url string) fhir.Node {
	for e := range n.Get("extension").Items() {
		if e.Get("url").Text() == url {
			return e
		}
	}
	return fhir.Node{}
}

// Identifier is the value of the first identifier of a system, absent when the
// resource has none.
func Identifier(resource fhir.Node, system string) fhir.Node {
	for id := range resource.Get("identifier").Items() {
		if id.Get("system").Text() == system {
			return id.Get("value")
		}
	}
	return fhir.Node{}
}

// Codings are the codings of a system in a CodeableConcept or a list of them.
func Codings(concepts fhir.Node, system string) (found []fhir.Node) {
	for concept := range concepts.Items() {
		for c := range concept.Get("coding").Items() {
			if c.Get("system").Text() == system {
				found = append(found, c)
			}
		}
	}
	return found
}

// CodingOf is the first coding of a system in a CodeableConcept or a list of
// them, absent when there is none.
func CodingOf(concepts fhir.Node, system string) fhir.Node {
	for concept := range concepts.Items() {
		for c := range concept.Get("coding").Items() {
			if c.Get("system").Text() == system {
				return c
			}
		}
	}
	return fhir.Node{}
}

// Coded is the code of the first coding of a system, "" when there is none.
func Coded(concepts fhir.Node, system string) string {
	return CodingOf(concepts, system).Get("code").Text()
}

// Contained follows a "#id" reference within a resource, absent when it leads
// nowhere.
func Contained(resource, reference fhir.Node) fhir.Node {
	id, ok := strings.CutPrefix(reference.Get("reference").Text(), "#")
	if !ok || id == "" {
		return fhir.Node{}
	}
	return resource.Contained(id)
}

// Query writes a search for a token, such as an identifier or a tag:
// parameter=system|value, with what has a meaning in search values escaped and
// both sides escaped for a URL.
func Query(parameter, system, value string) string {
	return url.QueryEscape(parameter) + "=" + url.QueryEscape(escapes.Replace(system)+"|"+escapes.Replace(value))
}

// Text writes a text as the value of a search parameter, escaped as in [Query].
func Text(text string) string { return url.QueryEscape(escapes.Replace(text)) }

// escapes are those of FHIR R4, Search, 3.1.1.4.0.1 (escaping search parameters).
var escapes = strings.NewReplacer(`\`, `\\`, `|`, `\|`, `,`, `\,`, `$`, `\$`)

// WithoutExtension are an element's extensions but for those of one url, and the
// given ones after them, as values for [fhir.List].
func WithoutExtension(n fhir.Node, url string, more ...fhir.Value) []any {
	var out []any
	for e := range n.Get("extension").Items() {
		if e.Get("url").Text() != url {
			out = append(out, e)
		}
	}
	for _, v := range more {
		out = append(out, v)
	}
	return out
}

// TypeOf is the resourceType of a resource within another, "" for none.
func TypeOf(resource fhir.Node) string { return resource.Get("resourceType").Text() }

// SameUUID compares UUIDs, in which case does not count.
func SameUUID(a, b string) bool { return strings.EqualFold(a, b) }
