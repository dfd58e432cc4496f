package server

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// definition is the OperationDefinition that the CapabilityStatement names for
// an operation of the business, nil when the id is not one of those. It is not
// stored and has no versions.
func (s *Server) definition(base, id string) []byte {
	for i := range s.operations.known {
		if op := &s.operations.known[i]; op.Type != anyType && definitionID(op) == id {
			return definitionOf(base, op).JSON()
		}
	}
	return nil
}

func definitionID(op *fhir.Operation) string {
	return strings.TrimPrefix(op.Type+"-"+op.Name, "-")
}

func definitionOf(base string, op *fhir.Operation) fhir.Value {
	id := definitionID(op)
	var types []string
	if op.Type != "" {
		types = []string{op.Type}
	}
	return fhir.Obj(
		"resourceType", "OperationDefinition", "id", id, "url", base+"/OperationDefinition/"+id,
		"name", joined(id), "status", "active", "kind", "operation", "description", op.Doc,
		"affectsState", !op.Idempotent, "code", op.Name, "resource", types,
		"system", op.Type == "", "type", op.Type != "" && !op.Instance, "instance", op.Instance,
		"parameter", fhir.List(
			fhir.Obj("name", "resource", "use", "in", "min", 0, "max", "1", "type", "Resource"),
			fhir.Obj("name", "return", "use", "out", "min", 0, "max", "1", "type", "Resource"),
		),
	)
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
