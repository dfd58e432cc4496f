package r4

// laterParams are search parameters that a later release of FHIR defines for
// types that have the element in R4 already, by type. What holds the items of
// one prescription together can be asked for in R5 only:
// https://hl7.org/fhir/R5/medicationrequest.html#search
var laterParams = map[string][]*SearchParam{
	"MedicationRequest": {{
		Code: "group-identifier", Type: "token",
		URL:        "http://hl7.org/fhir/SearchParameter/MedicationRequest-group-identifier",
		Expression: "MedicationRequest.groupIdentifier",
		Base:       []string{"MedicationRequest"},
	}},
}
