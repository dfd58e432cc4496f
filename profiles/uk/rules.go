package uk

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles"
)

// Rules are the facts of the UK that no profile states. Their severities are
// such that what the NHS has accepted is no error: the check digit of a test
// patient's number, a controlled drug whose quantity in words the service does
// not read. A medicine's SNOMED CT code with a wrong check digit it has never
// taken. Operators set others with --rule ([profiles.Library.SetSeverity]). The
// clock says what today is.
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
