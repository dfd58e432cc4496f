package redaction

import (
	"context"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
)

// Guard is a [fhir.Guard]: no Patient is created under an id that is an NHS number,
// or has one between hyphens and full stops. An id is in every address, reference and
// log, where no role's part of a resource could leave it out.
func Guard(_ context.Context, state fhir.State, _ *fhir.Transaction, before, after *fhir.Version) error {
	if after.Type != "Patient" || before != nil || after.Deleted() || !numbered(after.ID) {
		return nil
	}
	first, err := state.First(after.Type, after.ID)
	if err != nil || first == nil || first.VersionID != after.VersionID {
		return err // one that was deleted, and is older than the rule
	}
	return fhir.E("guard", fhir.BusinessRule, fhir.Issue{Rule: "nhs-number-id", Expression: "Patient.id",
		Message: "The id has the form of an NHS number, with its check digit: an id is in addresses and logs, so it must not tell who the patient is.",
		Fix:     "Put the NHS number into Patient.identifier, and let the server choose the id (POST), or choose another."})
}

// numbered reports whether a part of an id is an NHS number.
func numbered(id string) bool {
	for part := range strings.FieldsFuncSeq(id, func(r rune) bool { return r == '-' || r == '.' }) {
		if checkdigit.NHSNumber(part) {
			return true
		}
	}
	return false
}
