package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// synonyms are the names that other systems give to elements, in lower case, and
// what R4 calls them; of several the first that a type has is meant.
var synonyms = map[string][]string{
	"lastname": {"family"}, "surname": {"family"}, "familyname": {"family"}, "firstname": {"given"}, "forename": {"given"}, "forenames": {"given"},
	"givenname": {"given"}, "middlename": {"given"}, "title": {"prefix"}, "salutation": {"prefix"},
	"dob": {"birthDate"}, "dateofbirth": {"birthDate"}, "sex": {"gender"}, "nhsnumber": {"identifier"}, "mobile": {"telecom"}, "phone": {"telecom"}, "email": {"telecom"},
	"street": {"line"}, "town": {"city"}, "county": {"district"}, "zip": {"postalCode"}, "zipcode": {"postalCode"}, "postcode": {"postalCode"},
	"gp": {"generalPractitioner"}, "deathdate": {"deceasedDateTime"}, "dateofdeath": {"deceasedDateTime"}, "nationality": {"extension"},
	"patient": {"subject"}, "subject": {"patient", "individual"}, "encounter": {"context"}, "context": {"encounter"},
	"prescriber": {"requester"}, "author": {"requester", "recorder", "asserter"}, "drug": {"medicationCodeableConcept"}, "medicine": {"medicationCodeableConcept"},
	"product": {"medicationCodeableConcept"}, "dosage": {"dosageInstruction"}, "dose": {"dosageInstruction", "doseAndRate"}, "directions": {"dosageInstruction", "text"},
	"repeats": {"numberOfRepeatsAllowed"}, "date": {"authoredOn", "recordedDate", "effectiveDateTime", "whenHandedOver", "created"},
	"pharmacy": {"performer"}, "quantity": {"dispenseRequest"}, "notes": {"note"}, "comment": {"note"}, "comments": {"note"},
	"units": {"unit"}, "amount": {"value"}, "number": {"value"}, "codesystem": {"system"}, "description": {"display", "text"}, "name": {"display", "title"},
	"type": {"system", "category"}, "id": {"identifier"}, "ref": {"reference"}, "displayname": {"display"},
}

// synonym is the property of a type that a name from elsewhere means, "" for none.
func synonym(name string, t *r4.Type) string {
	for _, s := range synonyms[strings.ToLower(name)] {
		if t.Property(s) != nil {
			return s
		}
	}
	return ""
}

// kindsElsewhere are names that other systems give to whole resources.
var kindsElsewhere = map[string]string{
	"prescription": "MedicationRequest", "medicationorder": "MedicationRequest", "dispense": "MedicationDispense", "allergy": "AllergyIntolerance",
	"doctor": "Practitioner", "prescriber": "Practitioner", "clinician": "Practitioner", "gp": "Practitioner", "problem": "Condition", "diagnosis": "Condition",
	"result": "Observation", "measurement": "Observation", "vaccination": "Immunization", "visit": "Encounter", "admission": "Encounter", "order": "ServiceRequest",
	"referral": "ServiceRequest", "document": "DocumentReference", "practice": "Organization", "pharmacy": "Organization", "surgery": "Organization", "audit": "AuditEvent",
}
