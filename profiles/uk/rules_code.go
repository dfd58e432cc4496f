package uk

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
)

// snomedSystems are those whose codes are SNOMED CT identifiers: dm+d takes its
// codes from the UK extension.
var snomedSystems = map[string]string{"http://snomed.info/sct": "SNOMED CT", "https://dmd.nhs.uk": "dm+d"}

// snomedID proves the identifiers of concepts. An expression (post-coordinated) is
// let pass: it is no identifier. The code of a medicine must be right, since it is
// dispensed by; elsewhere a wrong one is a warning.
func snomedID(n fhir.Node, say func(fhir.Node, fhir.Issue)) {
	code := n.Get("code")
	name := snomedSystems[n.Get("system").Text()]
	text := code.Text()
	if name == "" || text == "" || strings.ContainsAny(text, ":+={}()|<,") {
		return
	}
	i := fhir.Issue{Code: fhir.CodeInvalid, Expected: "the identifier of a concept, 6 to 18 digits of which the last is a check digit", Found: clip(text)}
	if strings.Contains(n.Expression(), ".medication") {
		i.Severity = fhir.Err
	}
	component := checkdigit.SNOMED(text)
	switch {
	case component == checkdigit.NoComponent && checkdigit.Digits(text) && len(text) >= 6 && len(text) <= 18:
		i.Message = "This is no " + name + " identifier: its partition, the two digits before the last, is " + text[len(text)-3:len(text)-1] + "."
		i.Expected += " and the two before it are 00 or 10"
		i.Fix = "Look the code up again. Where digits of it are zeros at the end, a spreadsheet or a float may have rounded it."
	case component == checkdigit.NoComponent:
		i.Message = "This is no " + name + " identifier."
		if spaceless(text) != text && checkdigit.SNOMED(spaceless(text)) == checkdigit.Concept {
			i.Fix = "Write " + spaceless(text) + "."
		}
	case !checkdigit.Verhoeff(text):
		i.Message = "The check digit of the " + name + " identifier is wrong (Verhoeff), so at least one digit is."
		i.Fix = "Compare the code with its source. Where digits of it are zeros at the end, a spreadsheet or a float may have rounded it."
	case component != checkdigit.Concept:
		i.Message = "This " + name + " identifier is not that of a concept but of a " + map[checkdigit.Component]string{
			checkdigit.Description: "description, one name of a concept", checkdigit.Relationship: "relationship"}[component] + "."
		i.Fix = "Send the concept's identifier. The description may stand in the extension coding-sctdescid."
	default:
		return
	}
	say(code, i)
}
