package uk

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles"
)

// Rules are the facts of the UK that no profile states. Their severities are
// such that what the NHS has accepted is no error: a GMC number of another form,
// a controlled drug whose quantity in words the service does not read. By an NHS
// number, an ODS code, a prescription id or the SNOMED CT code of a medicine
// something is found, so a malformed one is an error. Operators set others with
// --rule ([profiles.Library.SetSeverity]). The clock says what today is.
func Rules(clock func() time.Time) []profiles.Rule {
	rules := []profiles.Rule{
		{ID: "uk-postcode", On: "Address", Severity: fhir.Warning, Check: postcode},
		{ID: "uk-snomed-id", On: "Coding", Severity: fhir.Warning, Check: snomedID},
		{ID: "uk-cd-words", On: "MedicationRequest", Severity: fhir.Warning, Check: controlledWords},
	}
	for _, n := range numbers {
		rules = append(rules, n.rule())
	}
	for _, on := range []string{"Patient", "Person", "RelatedPerson", "Practitioner"} {
		rules = append(rules, profiles.Rule{ID: "uk-birth-date", On: on, Severity: fhir.Err, Check: birthDate(clock)})
	}
	return rules
}
