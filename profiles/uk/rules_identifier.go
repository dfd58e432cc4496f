package uk

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/profiles"
)

// numberRule is the form of the identifiers of some systems.
type numberRule struct {
	id       string
	severity fhir.Severity
	systems  []string
	name     string // what the number is, at the head of a sentence
	form     *regexp.Regexp
	expected string // the form in words, with an example
	covers   []string
	// tidy makes of a text what its sender probably meant: without spaces, in
	// capitals. Nil leaves it.
	tidy func(string) string
	// proof gives what is wrong with a number of the right form, and how to mend
	// it; "" for nothing. Nil proves nothing.
	proof func(string) (fault, fix string)
	// published are numbers that fail the proof and stand in examples that the
	// NHS or HL7 UK publish as right: a warning, so that the examples can be used.
	published map[string]bool
}

const (
	nhsID  = "https://fhir.nhs.uk/Id/"
	coreID = "https://fhir.hl7.org.uk/Id/"
)

// numbers are the identifiers of people and organisations in the NHS: their
// systems and forms as the invariants of the NHS profiles and the NHS Data
// Dictionary have them.
var numbers = []numberRule{
	{id: "uk-nhs-number", severity: fhir.Err, systems: []string{nhsID + "nhs-number"}, name: "The NHS number",
		form: regexp.MustCompile(`^[0-9]{10}$`), expected: "ten digits without spaces, such as 9434765919",
		covers: []string{"patient-nhs"}, tidy: digitsOf, proof: nhsNumber,
		published: map[string]bool{"9912003890": true /* UKCore-Patient-BabyPatient-Example */}},
	{id: "uk-prescription-id", severity: fhir.Err, systems: []string{nhsID + "prescription-order-number", nhsID + "prescription-short-form"}, name: "The prescription id",
		form:     regexp.MustCompile(`^[0-9A-Z]{6}-[0-9A-Z]{6}-[0-9A-Z]{5}[0-9A-Z+]$`),
		expected: "three groups of six capital letters and digits, of which the second is the code of the organisation and the last character proves the rest, such as 24F5DA-A83008-7EFE6Z",
		tidy:     func(s string) string { return strings.ToUpper(spaceless(s)) }, proof: prescriptionID},
	{id: "uk-ods-code", severity: fhir.Err, systems: []string{nhsID + "ods-organization-code", nhsID + "ods-site-code"}, name: "The ODS code",
		form: regexp.MustCompile(`^[0-9A-Z]{3,10}$`), expected: "3 to 10 capital letters and digits, such as A83008",
		tidy: func(s string) string { return strings.ToUpper(spaceless(s)) }},
	{id: "uk-gmc-number", severity: fhir.Warning, systems: []string{coreID + "gmc-number"}, name: "The GMC number",
		form: regexp.MustCompile(`^C[0-9]{7}$`), expected: "C and seven digits, such as C1234567", covers: []string{"prac-gmc", "role-gmc"},
		tidy: func(s string) string { return "C" + strings.TrimPrefix(strings.ToUpper(spaceless(s)), "C") }},
	{id: "uk-gmc-reference-number", severity: fhir.Warning, systems: []string{coreID + "gmc-reference-number"}, name: "The GMC reference number",
		form: regexp.MustCompile(`^[0-9]{7}$`), expected: "seven digits, such as 1234567", covers: []string{"prac-gmcreferencenumber", "role-gmcreferencenumber"},
		tidy: func(s string) string { return strings.TrimPrefix(strings.ToUpper(spaceless(s)), "C") }},
	{id: "uk-gmp-number", severity: fhir.Warning, systems: []string{coreID + "gmp-number"}, name: "The GMP number",
		form: regexp.MustCompile(`^G[0-589][0-9]{6}$`), expected: "G and seven digits, the first of them not 6 or 7, such as G1234567",
		covers: []string{"prac-gmp", "role-gmp"}, tidy: func(s string) string { return strings.ToUpper(spaceless(s)) }},
	{id: "uk-nmc-pin", severity: fhir.Warning, systems: []string{coreID + "nmc-number"}, name: "The NMC PIN",
		form: regexp.MustCompile(`^[0-9]{2}[A-Z][0-9]{4}[A-Z]$`), expected: "two digits, a capital letter, four digits and a capital letter, such as 12A3456B",
		covers: []string{"prac-nmc", "role-nmc", "usercode-nmc"}, tidy: func(s string) string { return strings.ToUpper(spaceless(s)) }},
	{id: "uk-gphc-number", severity: fhir.Warning, systems: []string{coreID + "gphc-number"}, name: "The GPhC number",
		form: regexp.MustCompile(`^[0-9]{7}$`), expected: "seven digits, such as 2083469", covers: []string{"prac-gphc", "role-gphc"}, tidy: spaceless},
	{id: "uk-hcpc-number", severity: fhir.Warning, systems: []string{coreID + "hcpc-number"}, name: "The HCPC number",
		form: regexp.MustCompile(`^[A-Z]{2}[0-9]{5,6}$`), expected: "two capital letters and five or six digits, such as PH123456",
		covers: []string{"prac-hcpc", "role-hcpc"}, tidy: func(s string) string { return strings.ToUpper(spaceless(s)) }},
	{id: "uk-din-number", severity: fhir.Warning, systems: []string{coreID + "din-number"}, name: "The DIN",
		form: regexp.MustCompile(`^[0-9]{6}$`), expected: "six digits, such as 977677", covers: []string{"prac-din", "role-din"}, tidy: spaceless},
	{id: "uk-sds-role-profile-id", severity: fhir.Warning, systems: []string{nhsID + "sds-role-profile-id"}, name: "The SDS role profile id",
		form: regexp.MustCompile(`^[0-9]{12}$`), expected: "twelve digits, such as 100102238986", covers: []string{"role-sds-role-profile"}, tidy: spaceless},
	{id: "uk-sds-user-id", severity: fhir.Warning, systems: []string{nhsID + "sds-user-id"}, name: "The SDS user id",
		form: regexp.MustCompile(`^[0-9]+$`), expected: "digits alone, such as 555086689106", covers: []string{"prac-sds-user-numeric"}, tidy: spaceless},
}

func (n *numberRule) rule() profiles.Rule {
	return profiles.Rule{ID: n.id, On: "Identifier", Severity: n.severity, Covers: n.covers, Check: n.check}
}

func (n *numberRule) check(v fhir.Node, say func(fhir.Node, fhir.Issue)) {
	value := v.Get("value")
	if value.Kind() != fhir.String || !n.of(v.Get("system").Text()) {
		return
	}
	text := value.Text()
	if !n.form.MatchString(text) {
		i := fhir.Issue{Code: fhir.ValueCode, Message: n.name + " is not of the right form.", Expected: n.expected, Found: fmt.Sprintf("%q, %d characters", clip(text), len([]rune(text)))}
		if n.tidy != nil && n.form.MatchString(n.tidy(text)) {
			i.Fix = fmt.Sprintf("Write %q.", n.tidy(text))
		}
		say(value, i)
		return
	}
	if n.proof == nil {
		return
	}
	if fault, fix := n.proof(text); fault != "" {
		i := fhir.Issue{Code: fhir.ValueCode, Message: fault, Expected: n.expected, Found: text, Fix: fix}
		if n.published[text] {
			i.Severity = fhir.Warning
		}
		say(value, i)
	}
}

func (n *numberRule) of(system string) bool {
	for _, s := range n.systems {
		if s == system {
			return true
		}
	}
	return false
}

func clip(text string) string {
	if r := []rune(text); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return text
}

func spaceless(text string) string { return strings.Join(strings.Fields(text), "") }

func digitsOf(text string) string {
	return strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(text)
}

func nhsNumber(number string) (fault, fix string) {
	if checkdigit.NHSNumber(number) {
		return "", ""
	}
	if strings.Count(number, number[:1]) == len(number) {
		return "Ten equal digits are not an NHS number: they are written where a number is not known.",
			"Leave the identifier out, and say why there is none by Extension-UKCore-NHSNumberUnavailableReason."
	}
	return "The check digit of the NHS number is wrong (Modulus 11), so at least one digit is.",
		"Compare the number with its source. Nobody has this one."
}

func prescriptionID(id string) (fault, fix string) {
	issuer, want, ok, _ := checkdigit.PrescriptionID(id)
	if ok || want == 0 || !checkdigit.Scheme(issuer) {
		return "", ""
	}
	return "The check character of the prescription id is wrong (ISO/IEC 7064 MOD 37-2), so at least one character is.",
		fmt.Sprintf("Compare the id with its source. With the rest right, it ends in %c.", want)
}
