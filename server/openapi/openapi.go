// Package openapi describes the server to programs that read OpenAPI 3.1
// (https://spec.openapis.org/oas/v3.1.1): the paths from the table of routes, the
// bodies from the tables of R4, the operations from what they declare. What the server
// does not route is not in it, so that it cannot promise more than is answered.
package openapi

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Description is what a server tells about itself.
type Description struct {
	Name, Version string
	// Base is the URL that all paths are below: https://fhir.example.org/fhir.
	Base string
	// Formats are the media types of resources, and Patches those of a PATCH.
	Formats, Patches []string
	Routes           []Route
	Operations       []fhir.Operation
	// ReadOnly are the types that clients do not write.
	ReadOnly []string
	// TokenURL is where a client gets a token; "" where nobody is asked who they are.
	TokenURL string
	// Asked says that a token is needed.
	Asked bool
	// Examples are bodies that the server takes, by the name of the type, or of the
	// operation with its $.
	Examples map[string][]byte
}

// Route is one row of the server's table of routes.
type Route struct {
	Method      string
	Path        string // "/:type/:id", below the base
	Interaction string // as in http://hl7.org/fhir/restful-interaction, or "operation"
}

// anyType is the type of an operation that every type has.
const anyType = "Resource"

// Type is the document of one resource type.
func (d *Description) Type(name string) []byte {
	return d.document(name, "The part of the interface about "+name+".", []string{name}, false)
}

// Trade is the document of the types that have an example or an operation, and of the system: what the
// software of a clinic or a pharmacy needs.
func (d *Description) Trade() []byte {
	var types []string
	for _, typ := range r4.ResourceTypes() {
		if d.Examples[typ] != nil || slices.ContainsFunc(d.Operations, func(op fhir.Operation) bool { return op.Type == typ }) {
			types = append(types, typ)
		}
	}
	return d.document("the trade", "What the software of a clinic or a pharmacy needs. Each other type of FHIR R4 has a document of its own: /openapi/[type].json.", types, true)
}

func (d *Description) document(subject, words string, types []string, system bool) []byte {
	doc := &document{Description: d}
	if system {
		doc.add("")
	}
	for _, typ := range types {
		doc.add(typ)
	}
	var tags []fhir.Value
	for _, typ := range types {
		tags = append(tags, fhir.Obj("name", typ, "externalDocs", fhir.Obj("url", "https://hl7.org/fhir/R4/"+strings.ToLower(typ)+".html")))
	}
	if system {
		tags = append(tags, fhir.Obj("name", systemTag))
	}
	members := []any{
		"openapi", "3.1.1",
		"jsonSchemaDialect", "https://spec.openapis.org/oas/3.1/dialect/base",
		"info", fhir.Obj("title", d.Name+": "+subject, "version", d.Version, "summary", "FHIR R4 (4.0.1) over HTTP",
			"description", words+"\n\n"+notes),
		"servers", fhir.List(fhir.Obj("url", d.Base)),
		"tags", tags,
		"paths", doc.paths(),
		"components", doc.components(),
	}
	if d.Asked {
		members = append(members, "security", fhir.List(fhir.Obj("token", fhir.Raw("[]"))))
	}
	return fhir.Obj(members...).JSON()
}

// notes are what OpenAPI has no words for.
const notes = "A parameter of a search may have a modifier in its name (name:exact), a prefix in its value (ge2026-01-01) " +
	"and several values with commas between them, of which one has to match; where it is repeated, all have to. " +
	"Bodies are validated against more than the schemas here: invariants, profiles, terminology, references and the law of what they are about. " +
	"$validate says what a write would say. Every error is an OperationOutcome."

// systemTag groups what is asked of the server as a whole.
const systemTag = "System"

// document is one that is being made.
type document struct {
	*Description
	places   []place
	schemas  schemas
	searched []string // types of which the parameters are referred to
}

// place is one address with what can be done there.
type place struct {
	address string
	actions []any // method and operation in turn
}

// at returns the path of an address, a new one where there was none.
func (d *document) at(address string) *place {
	i := slices.IndexFunc(d.places, func(p place) bool { return p.address == address })
	if i < 0 {
		i = len(d.places)
		d.places = append(d.places, place{address: address})
	}
	return &d.places[i]
}

func (d *document) paths() fhir.Value {
	var members []any
	for _, p := range d.places {
		members = append(members, p.address, fhir.Obj(p.actions...))
	}
	return fhir.Obj(members...)
}

func (d *document) components() fhir.Value {
	d.schemas.need("OperationOutcome")
	members := []any{
		"schemas", d.schemas.all(),
		"parameters", d.parameters(),
		"responses", fhir.Obj("Error", fhir.Obj(
			"description", "What is wrong: where, what was expected, what was found, and how to repair it. All issues at once; nothing was stored.",
			"content", d.content("OperationOutcome", nil))),
	}
	if d.Asked {
		scheme := fhir.Obj("type", "http", "scheme", "bearer", "description", "A token with scopes of SMART v2, such as system/Patient.rs.")
		if d.TokenURL != "" {
			scheme = fhir.Obj("type", "oauth2", "description", "SMART backend services: scopes such as system/Patient.rs.",
				"flows", fhir.Obj("clientCredentials", fhir.Obj("tokenUrl", d.TokenURL, "scopes", fhir.Raw("{}"))))
		}
		members = append(members, "securitySchemes", fhir.Obj("token", scheme))
	}
	return fhir.Obj(members...)
}
