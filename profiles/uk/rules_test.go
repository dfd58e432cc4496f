package uk

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// ruled holds a resource to the named rules alone; it gives rule, expression and
// fix of each issue of theirs.
func ruled(t *testing.T, text string, severities map[string]fhir.Severity) []string {
	l := profiles.NewLibrary(definition.NewSet(), terminology.New(terminology.Config{}))
	l.AddRules(Rules(func() time.Time { return time.Date(2026, 11, 24, 23, 30, 0, 0, time.UTC) })...)
	l.SetSeverity(severities)
	r, err := fhir.Parse([]byte(text))
	require.NoError(t, err)
	var out []string
	for _, i := range profiles.New(profiles.WithLibrary(l)).Validate(context.Background(), r) {
		if strings.HasPrefix(i.Rule, "uk-") {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", i.Severity, i.Rule, i.Expression, i.Fix)))
		}
	}
	return out
}

func identifier(system, value string) string {
	return fmt.Sprintf(`{"resourceType": "Patient", "identifier": [{"system": %q, "value": %q}]}`, system, value)
}

func TestNumbers(t *testing.T) {
	const at = " Patient.identifier[0].value"
	for _, c := range []struct{ system, value, want string }{
		{"https://fhir.nhs.uk/Id/nhs-number", "9449305552", ""},
		{"https://fhir.nhs.uk/Id/nhs-number", "9449305553", "error uk-nhs-number" + at + " Compare the number with its source. Nobody has this one."},
		{"https://fhir.nhs.uk/Id/nhs-number", "944 930 5552", "error uk-nhs-number" + at + ` Write "9449305552".`},
		{"https://fhir.nhs.uk/Id/nhs-number", "94493055", "error uk-nhs-number" + at},
		{"https://fhir.nhs.uk/Id/prescription-order-number", "24F5DA-A83008-7EFE6Z", ""},
		{"https://fhir.nhs.uk/Id/prescription-order-number", "4243A0-A99968-4E149+", ""},
		{"https://fhir.nhs.uk/Id/prescription-order-number", "24F5DA-A83008-7EFE6X", "error uk-prescription-id" + at + " Compare the id with its source. With the rest right, it ends in Z."},
		{"https://fhir.nhs.uk/Id/prescription-order-number", "887228-510420-124913", ""},                                                                // the NHS takes ids outside the scheme
		{"https://fhir.nhs.uk/Id/nhs-number", "9912003890", "warning uk-nhs-number" + at + " Compare the number with its source. Nobody has this one."}, // of a published example
		{"https://fhir.nhs.uk/Id/prescription-order-number", "24f5da-a83008-7efe6z", "error uk-prescription-id" + at + ` Write "24F5DA-A83008-7EFE6Z".`},
		{"https://fhir.nhs.uk/Id/prescription-short-form", "24F5DA-A83008-7EFe6Z", "error uk-prescription-id" + at + ` Write "24F5DA-A83008-7EFE6Z".`},
		{"https://fhir.nhs.uk/Id/prescription-order-number", "24F5DA A83008", "error uk-prescription-id" + at},
		{"https://fhir.nhs.uk/Id/ods-organization-code", "RBA", ""},
		{"https://fhir.nhs.uk/Id/ods-organization-code", "a83008", "error uk-ods-code" + at + ` Write "A83008".`},
		{"https://fhir.nhs.uk/Id/ods-site-code", "Leeds General", "error uk-ods-code" + at},
		{"https://fhir.hl7.org.uk/Id/gmc-number", "C6095103", ""},
		{"https://fhir.hl7.org.uk/Id/gmc-number", "6095103", "warning uk-gmc-number" + at + ` Write "C6095103".`},
		{"https://fhir.hl7.org.uk/Id/gmc-reference-number", "C6095103", "warning uk-gmc-reference-number" + at + ` Write "6095103".`},
		{"https://fhir.hl7.org.uk/Id/gmp-number", "G6123456", "warning uk-gmp-number" + at},
		{"https://fhir.hl7.org.uk/Id/nmc-number", "12A3456B", ""},
		{"https://fhir.hl7.org.uk/Id/nmc-number", "12a3456b", "warning uk-nmc-pin" + at + ` Write "12A3456B".`},
		{"https://fhir.hl7.org.uk/Id/gphc-number", "208346", "warning uk-gphc-number" + at},
		{"https://fhir.hl7.org.uk/Id/hcpc-number", "PH12345", ""},
		{"https://fhir.hl7.org.uk/Id/hcpc-number", "12345", "warning uk-hcpc-number" + at},
		{"https://fhir.hl7.org.uk/Id/din-number", "977 677", "warning uk-din-number" + at + ` Write "977677".`},
		{"https://clinic.example/id", "whatever", ""},
	} {
		assert.Equal(t, c.want, strings.Join(ruled(t, identifier(c.system, c.value), nil), "; "), c.value)
	}
}

func TestPostcodes(t *testing.T) {
	for _, ok := range []string{"LS1 6AE", "M1 1AA", "EC1A 1BB", "W1A 0AX", "CR2 6XH", "DN55 1PT", "GIR 0AA", "ZZ99 3VZ", "KT10 0TQ"} {
		assert.Empty(t, ruled(t, `{"resourceType": "Patient", "address": [{"postalCode": "`+ok+`"}]}`, nil), ok)
	}
	for text, fix := range map[string]string{"LS16AE": "Write LS1 6AE.", "ls1 6ae": "Write LS1 6AE.", "LEN 7TF": "If the address is abroad, give its country.", "12345": "If the address is abroad, give its country."} {
		assert.Equal(t, []string{"warning uk-postcode Patient.address[0].postalCode " + fix}, ruled(t, `{"resourceType": "Patient", "address": [{"postalCode": "`+text+`"}]}`, nil))
	}
	assert.Empty(t, ruled(t, `{"resourceType": "Patient", "address": [{"postalCode": "75001", "country": "FR"}]}`, nil), "abroad")
}

func TestBirthDates(t *testing.T) {
	for date, wrong := range map[string]bool{"1970-01-01": false, "2026-11-24": false, "2026-11-25": false /* it is past midnight in the UK's summer */, "2026-11-26": true,
		"2026": false, "2027": true, "2026-11": false, "2026-12": true} {
		assert.Equal(t, wrong, len(ruled(t, `{"resourceType": "Patient", "birthDate": "`+date+`"}`, nil)) > 0, date)
	}
	assert.Len(t, ruled(t, `{"resourceType": "RelatedPerson", "patient": {"display": "x"}, "birthDate": "2030-01-01"}`, nil), 1)
}

func TestSNOMEDIdentifiers(t *testing.T) {
	for code, want := range map[string]string{
		"404684003": "", "39720311000001101": "", "1104441000000107": "",
		"404684004":          "warning uk-snomed-id Observation.code.coding[0].code Compare the code with its source. Where digits of it are zeros at the end, a spreadsheet or a float may have rounded it.",
		"39720311000001100":  "warning uk-snomed-id Observation.code.coding[0].code Compare the code with its source. Where digits of it are zeros at the end, a spreadsheet or a float may have rounded it.",
		"754811000001112":    "warning uk-snomed-id Observation.code.coding[0].code Compare the code with its source. Where digits of it are zeros at the end, a spreadsheet or a float may have rounded it.",
		"1223979019":         "warning uk-snomed-id Observation.code.coding[0].code Send the concept's identifier. The description may stand in the extension coding-sctdescid.",
		"ABC":                "warning uk-snomed-id Observation.code.coding[0].code",
		"404684003:1=2":      "",
		"397203110000011012": "warning uk-snomed-id Observation.code.coding[0].code Compare the code with its source. Where digits of it are zeros at the end, a spreadsheet or a float may have rounded it.",
	} {
		got := ruled(t, `{"resourceType": "Observation", "status": "final", "code": {"coding": [{"system": "http://snomed.info/sct", "code": "`+code+`"}]}}`, nil)
		assert.Equal(t, want, strings.Join(got, "; "), code)
	}
}

func TestTheCodeOfAMedicineMustBeRight(t *testing.T) {
	got := ruled(t, `{"resourceType": "MedicationRequest", "status": "active", "intent": "order", "subject": {"display": "x"},
 "medicationCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "39720311000001100"}]}}`, nil)
	assert.Len(t, got, 1)
	assert.Contains(t, got[0], "error uk-snomed-id MedicationRequest.medication")
}

func TestControlledWords(t *testing.T) {
	order := func(figures, words string) string {
		return `{"resourceType": "MedicationRequest", "status": "active", "intent": "order", "medicationCodeableConcept": {"text": "x"}, "subject": {"display": "x"},
 "extension": [{"url": "https://fhir.nhs.uk/StructureDefinition/Extension-DM-ControlledDrug", "extension": [{"url": "quantityWords", "valueString": "` + words + `"}]}],
 "dispenseRequest": {"quantity": {"value": ` + figures + `}}}`
	}
	assert.Empty(t, ruled(t, order("28", "twenty eight"), nil))
	assert.Empty(t, ruled(t, order("28.0", "Twenty-eight tablets"), nil))
	assert.Empty(t, ruled(t, order("22.5", "twenty two and a half"), nil))
	for _, words := range []string{"a month's supply", "28", "two x fourteen"} {
		assert.Len(t, ruled(t, order("28", words), nil), 1, words)
	}
	assert.Len(t, ruled(t, order("28", "eighty two"), nil), 1)
}

// TestRuleSeverity: an operator makes a rule milder or switches it off.
func TestRuleSeverity(t *testing.T) {
	wrong := identifier("https://fhir.nhs.uk/Id/nhs-number", "9449305553")
	assert.Contains(t, ruled(t, wrong, map[string]fhir.Severity{"uk-nhs-number": fhir.Warning})[0], "warning uk-nhs-number")
	assert.Empty(t, ruled(t, wrong, map[string]fhir.Severity{"uk-nhs-number": profiles.Off}))
}

// TestRulesCoverInvariants: what a rule says of a number the invariant about its
// holder does not say again, and it keeps the invariant's severity.
func TestRulesCoverInvariants(t *testing.T) {
	r, err := fhir.Parse([]byte(`{"resourceType": "Practitioner", "identifier": [{"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": "12x"}], "name": [{"family": "A"}]}`))
	require.NoError(t, err)
	var found []string
	for _, i := range profiles.New(profiles.WithLibrary(Library())).Validate(context.Background(), r, nhs+"Practitioner") {
		if strings.Contains(i.Rule, "sds-user") {
			found = append(found, string(i.Severity)+" "+i.Rule+" "+i.Expression)
		}
	}
	assert.Equal(t, []string{"error uk-sds-user-id Practitioner.identifier[0].value"}, found)
}

// TestRulesHaveInvariants: every invariant that a rule says it covers exists.
func TestRulesHaveInvariants(t *testing.T) {
	keys := map[string]bool{}
	for _, s := range Definitions().Structures {
		for _, e := range s.Differential {
			for _, c := range e.Constraints {
				keys[c.Key] = true
			}
		}
	}
	for _, r := range Rules(time.Now) {
		for _, key := range r.Covers {
			assert.True(t, keys[key], key)
		}
	}
}
