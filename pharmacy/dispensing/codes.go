package dispensing

import (
	_ "embed"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
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

// display is the name of a code in its system, "" for one that is not known.
func display(system, code string) string {
	return displays[system[strings.LastIndexByte(system, '/')+1:]+"|"+code]
}

// coding names a code of one of the tables.
func coding(system, code string) fhir.Coding {
	return fhir.Coding{System: system, Code: code, Display: display(system, code)}
}

func codingValue(c fhir.Coding) fhir.Value {
	return fhir.Obj("system", c.System, "code", c.Code, "display", c.Display)
}

func concept(c fhir.Coding) fhir.Value { return fhir.Obj("coding", fhir.List(codingValue(c))) }

func identifierValue(system, value string) fhir.Value {
	if value == "" {
		return fhir.Value{}
	}
	return fhir.Obj("system", system, "value", value)
}
