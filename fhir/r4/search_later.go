package r4

// laterParams are search parameters that R4 does not have, by type: what a later
// release of FHIR defines for types that have the element in R4 already, and five
// of our own. What holds the items of
// one prescription together can be asked for in R5 only:
// https://hl7.org/fhir/R5/medicationrequest.html#search
var laterParams = map[string][]*SearchParam{
	"MedicationRequest": {{
		Code: "group-identifier", Type: "token",
		URL:        "http://hl7.org/fhir/SearchParameter/MedicationRequest-group-identifier",
		Expression: "MedicationRequest.groupIdentifier",
		Base:       []string{"MedicationRequest"},
	}, prescriptionID},
	"Resource":      {language},
	"ClaimResponse": {stake},
	"Task":          {lastDay, expected, originalSupplied},
}

// language finds resources by the language in which they are written, as R5 does:
// https://hl7.org/fhir/R5/search.html#_language
var language = &SearchParam{
	Code: "_language", Type: "token",
	URL:        "http://hl7.org/fhir/SearchParameter/Resource-language",
	Expression: "Resource.language",
	Base:       []string{"Resource"},
}

// stake finds the answers to claims that lack something by the money that it may
// change, and sorts them by it.
var stake = &SearchParam{
	Code: "stake", Type: "quantity",
	URL:        "https://pestle-fhir.github.io/SearchParameter/ClaimResponse-stake",
	Expression: "ClaimResponse.extension.where(url = 'https://pestle-fhir.github.io/StructureDefinition/claim-incomplete').extension.where(url = 'stake').value.ofType(Money)",
	Base:       []string{"ClaimResponse"},
}

// lastDay finds Tasks by the last day on which what they are about may be done: the
// end of the restriction and, for the Task of a prescription, that of each item which
// is outstanding. R4 has no parameter for Task.restriction.
var lastDay = &SearchParam{
	Code: "last-day", Type: "date",
	URL:        "https://pestle-fhir.github.io/SearchParameter/Task-last-day",
	Expression: "Task.restriction.period.end | Task.input.extension.where(url = 'https://pestle-fhir.github.io/StructureDefinition/last-day').value.ofType(date)",
	Base:       []string{"Task"},
}

// expected finds the Tasks of what is owed to patients by the day on which it is expected.
var expected = &SearchParam{
	Code: "expected", Type: "date",
	URL:        "https://pestle-fhir.github.io/SearchParameter/Task-expected",
	Expression: "Task.extension.where(url = 'https://pestle-fhir.github.io/StructureDefinition/expected').value.ofType(date)",
	Base:       []string{"Task"},
}

// originalSupplied finds the Tasks of private prescriptions for controlled drugs whose
// paper originals are sent to the NHSBSA, by the day of the last supply.
var originalSupplied = &SearchParam{
	Code: "original-supplied", Type: "date",
	URL:        "https://pestle-fhir.github.io/SearchParameter/Task-original-supplied",
	Expression: "Task.extension.where(url = 'https://pestle-fhir.github.io/StructureDefinition/original-supplied').value.ofType(date)",
	Base:       []string{"Task"},
}

// prescriptionID finds the items of a prescription by its long id, which the
// NHS writes as an extension of the group identifier (Extension-DM-PrescriptionId):
// no release of FHIR has a parameter for it.
var prescriptionID = &SearchParam{
	Code: "prescription-id", Type: "token",
	URL:        "https://pestle-fhir.github.io/SearchParameter/MedicationRequest-prescription-id",
	Expression: "MedicationRequest.groupIdentifier.extension.where(url = 'https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionId').value.ofType(Identifier)",
	Base:       []string{"MedicationRequest"},
}
