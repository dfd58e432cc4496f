package server

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/inputs"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// definition is the OperationDefinition that the CapabilityStatement names for
// an operation of the business, nil when the id is not one of those. It is not
// stored and has no versions.
func (s *Server) definition(base, id string) []byte {
	for i := range s.operations.known {
		if op := &s.operations.known[i]; definitionID(op) == id {
			return s.definitionOf(base, op).JSON()
		}
	}
	return nil
}

// standard are the operations that R4 defines, by where they are and their
// name, with the ids that it gives them. $validate at the base has no other.
var standard = map[string]string{
	"Resource-validate": "Resource-validate", "validate": "Resource-validate", "process-message": "MessageHeader-process-message",
	"ValueSet-expand": "ValueSet-expand", "ValueSet-validate-code": "ValueSet-validate-code",
	"Claim-submit": "Claim-submit", "CodeSystem-lookup": "CodeSystem-lookup", "CodeSystem-validate-code": "CodeSystem-validate-code", "CodeSystem-subsumes": "CodeSystem-subsumes",
	"Patient-everything": "Patient-everything", "Encounter-everything": "Encounter-everything",
	"Resource-meta": "Resource-meta", "Resource-meta-add": "Resource-meta-add", "Resource-meta-delete": "Resource-meta-delete", "Observation-lastn": "Observation-lastn",
	"ConceptMap-translate": "ConceptMap-translate", "closure": "ConceptMap-closure",
}

// bulkData are the operations that the guide of Bulk Data Access defines.
var bulkData = map[string]string{"export": "export", "Patient-export": "patient-export", "Group-export": "group-export"}

const bulkGuide = "http://hl7.org/fhir/uv/bulkdata/"

func definitionID(op *fhir.Operation) string {
	id := strings.TrimPrefix(op.Type+"-"+op.Name, "-")
	return cmp.Or(standard[id], id)
}

// canonical is the url of an operation's definition: R4's where it has one.
func canonical(base string, op *fhir.Operation) string {
	if url := bulkData[strings.TrimPrefix(op.Type+"-"+op.Name, "-")]; url != "" {
		return bulkGuide + "OperationDefinition/" + url
	}
	if standard[strings.TrimPrefix(op.Type+"-"+op.Name, "-")] != "" {
		base = "http://hl7.org/fhir"
	}
	return base + "/OperationDefinition/" + definitionID(op)
}

func (s *Server) definitionOf(base string, op *fhir.Operation) fhir.Value {
	id := definitionID(op)
	var types []string
	system, typed, instance := false, false, false
	for i := range s.operations.known {
		other := &s.operations.known[i]
		if definitionID(other) != id {
			continue
		}
		system, typed, instance = system || other.Type == "", typed || other.Type != "" && !other.Instance, instance || other.Instance
		if other.Type != "" && !slices.Contains(types, other.Type) {
			types = append(types, other.Type)
		}
	}
	return fhir.Obj(
		"resourceType", "OperationDefinition", "id", id, "url", canonical(base, op),
		"name", joined(id), "status", "active", "kind", "operation", "description", op.Doc,
		"affectsState", !op.Idempotent, "code", op.Name, "resource", types,
		"system", system, "type", typed, "instance", instance,
		"parameter", fhir.List(append(declared(op.Parameters), fhir.Obj("name", "return", "use", "out", "min", 0, "max", "1", "type", "Resource"))...),
	)
}

// declared are the parameters as an OperationDefinition has them.
func declared(parameters []fhir.Parameter) []any {
	var list []any
	for _, p := range parameters {
		least, most, typ := 0, "1", ""
		if p.Required {
			least = 1
		}
		if p.Repeated {
			most = "*"
		}
		var types []any
		for _, kind := range p.Kinds {
			if kind != "part" {
				typ = kindType(kind)
				types = append(types, fhir.Obj("url", allowedType, "valueUri", typ))
			}
		}
		switch {
		case !slices.ContainsFunc(p.Kinds, func(kind string) bool { return !inputs.IsPrimitive(kind) }):
			typ, types = kindType(p.Kinds[0]), nil
		case len(types) < 2:
			types = nil
		case slices.ContainsFunc(p.Kinds, func(kind string) bool { return r4.IsResource(kind) }):
			typ = "Resource"
		default:
			typ = "Element"
		}
		list = append(list, fhir.Obj("extension", fhir.List(types...), "name", p.Name, "use", "in", "min", least, "max", most,
			"documentation", documentation(&p), "type", typ, "part", fhir.List(declared(p.Parts)...)))
	}
	return list
}

// documentation says what a parameter is for, and what of it is not supported.
func documentation(p *fhir.Parameter) string {
	switch {
	case p.Unsupported != "":
		return p.Doc + " Not supported by this server, and refused: " + p.Unsupported
	case p.Only != nil:
		return strings.TrimSpace(p.Doc + " Supported: " + strings.Join(p.Only, ", ") + ".")
	}
	return p.Doc
}

// allowedType is the extension that lists the types of a parameter that has
// several.
const allowedType = "http://hl7.org/fhir/StructureDefinition/operationdefinition-allowed-type"

// kindType is the FHIR type of what a parameter holds: code of valueCode,
// Quantity of valueQuantity, and the type of a resource as it is.
func kindType(kind string) string {
	name, isValue := strings.CutPrefix(kind, "value")
	if !isValue {
		return kind
	}
	if lower := strings.ToLower(name[:1]) + name[1:]; r4.TypeOf(lower) != nil {
		return lower
	}
	return name
}

// joined makes a name for programs of an id: TaskRelease of Task-release.
func joined(id string) string {
	var b strings.Builder
	for _, word := range strings.Split(id, "-") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}
