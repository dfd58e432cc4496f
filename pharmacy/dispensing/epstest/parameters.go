package epstest

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Parameters writes Parameters of names and values in turn; a value is written as
// its FHIR type by the name's suffix: "reason:Code", "owner" for a resource.
func Parameters(pairs ...any) *fhir.Resource {
	var list []any
	for i := 0; i < len(pairs); i += 2 {
		name := pairs[i].(string)
		if n, typ, ok := cut(name); ok {
			list = append(list, fhir.Obj("name", n, "value"+typ, pairs[i+1]))
			continue
		}
		switch v := pairs[i+1].(type) {
		case *fhir.Resource:
			list = append(list, fhir.Obj("name", name, "resource", v))
		case fhir.Value:
			list = append(list, fhir.Obj("name", name, "part", v))
		default:
			list = append(list, fhir.Obj("name", name, "valueString", v))
		}
	}
	return fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).Resource()
}

func cut(name string) (string, string, bool) {
	for i := range name {
		if name[i] == ':' {
			return name[:i], name[i+1:], true
		}
	}
	return name, "String", false
}

// Part is a part of a parameter, written as the FHIR type typ: valueString for String.
func Part(name, typ string, v any) fhir.Value { return fhir.Obj("name", name, "value"+typ, v) }

// AgentRole is a role of somebody who works in a pharmacy.
func AgentRole() *fhir.Resource {
	return fhir.Obj("resourceType", "PractitionerRole",
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDRoleProfile, "555086415105")),
		"practitioner", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDUser, "3415870201"), "display", "Jackie Clark"),
		"code", fhir.List(nhs.Concept(fhir.Coding{System: "https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode", Code: "R8000", Display: "Clinical Practitioner Access Role"})),
		"telecom", fhir.List(fhir.Obj("system", "phone", "value", "02380798431", "use", "work"))).Resource()
}
