package nhs

import (
	_ "embed"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
)

//go:embed codes.tsv
var codesTSV string

// displays finds the display of a code: "EPS-task-business-status|0001".
var displays = readCodes(codesTSV)

func readCodes(tsv string) map[string]string {
	table := map[string]string{}
	for line := range strings.Lines(tsv) {
		if cells := strings.Split(strings.TrimRight(line, "\n"), "\t"); len(cells) == 3 {
			table[cells[0]+"|"+cells[1]] = cells[2]
		}
	}
	return table
}

// Codes are the codes of a system with their names, in the order of their codes.
func Codes(system string) (list []fhir.Coding) {
	name := system[strings.LastIndexByte(system, '/')+1:] + "|"
	for key, display := range displays {
		if code, ok := strings.CutPrefix(key, name); ok {
			list = append(list, fhir.Coding{System: system, Code: code, Display: display})
		}
	}
	sorting.By(list, func(a, b fhir.Coding) int {
		if len(a.Code) != len(b.Code) && strings.Trim(a.Code+b.Code, "0123456789") == "" {
			return len(a.Code) - len(b.Code)
		}
		return strings.Compare(a.Code, b.Code)
	})
	return list
}

// Display is the name of a code in its system, "" for one that is not known. The
// system is found by the last part of its URL.
func Display(system, code string) string {
	return displays[system[strings.LastIndexByte(system, '/')+1:]+"|"+code]
}

// Private reports whether an EPS prescription type is one that the patient or the clinic
// pays, and the NHS does not: those that begin with 09.
func Private(prescriptionType string) bool { return strings.HasPrefix(prescriptionType, "09") }

// Coding is a code with its display.
func Coding(system, code string) fhir.Coding {
	return fhir.Coding{System: system, Code: code, Display: Display(system, code)}
}

// CodingValue writes a Coding.
func CodingValue(c fhir.Coding) fhir.Value {
	return fhir.Obj("system", c.System, "code", c.Code, "display", c.Display)
}

// Concept writes a CodeableConcept of one coding.
func Concept(c fhir.Coding) fhir.Value { return fhir.Obj("coding", fhir.List(CodingValue(c))) }

// IdentifierValue writes an Identifier, nothing for an empty value.
func IdentifierValue(system, value string) fhir.Value {
	if value == "" {
		return fhir.Value{}
	}
	return fhir.Obj("system", system, "value", value)
}
