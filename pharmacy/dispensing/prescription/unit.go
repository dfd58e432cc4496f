package prescription

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

//go:embed units.tsv
var unitsTSV string

// unitTable names units: by their codes and by the words that are used for them.
type unitTable struct {
	byCode, byWord map[string][]namedUnit
}

type namedUnit struct {
	from    nhs.Date
	name    string
	inNames bool // what its word in the name of a medicine tells is how that is counted
}

var units = readUnits(unitsTSV)

func readUnits(tsv string) unitTable {
	t := unitTable{byCode: map[string][]namedUnit{}, byWord: map[string][]namedUnit{}}
	for line := range strings.Lines(tsv) {
		cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if len(cells) != 6 || nhs.ReadDate(cells[0]).IsZero() {
			panic("dispensing: units.tsv: " + line)
		}
		u := namedUnit{nhs.ReadDate(cells[0]), cells[1], cells[5] == "yes"}
		t.byCode[cells[2]+"|"+cells[3]] = append(t.byCode[cells[2]+"|"+cells[3]], u)
		for word := range strings.SplitSeq(cells[4], ",") {
			if word != "" {
				t.byWord[word] = append(t.byWord[word], u)
			}
		}
	}
	return t
}

// named is the name of a unit on a day, by its code and by its word; "" where
// the table does not have it.
func (t unitTable) named(q Quantity, on nhs.Date) (byCode, byWord string) {
	return unitOn(t.byCode[unitSystem(q.System)+"|"+q.Code], on).name, unitOn(t.byWord[strings.ToLower(strings.TrimSpace(q.Unit))], on).name
}

// unitOn is the one of rows that is in force on a day, the zero namedUnit for none.
func unitOn(rows []namedUnit, on nhs.Date) namedUnit {
	u, _ := inForce(rows, func(u namedUnit) nhs.Date { return u.from }, func(namedUnit) bool { return true }, on)
	return u
}

// unitSystem is the system of a unit's code: identifiers of dm+d are identifiers
// of SNOMED CT, and a code without a system is read as one.
func unitSystem(system string) string {
	if system == "" || system == nhs.CSDMD {
		return nhs.CSSNOMED
	}
	return system
}

// sameUnit reports whether two quantities are in the same unit: of the same
// code, or of codes or words that the table knows as one unit. A unit whose code
// and word are different units is the same as none.
func (t unitTable) sameUnit(a, b Quantity, on nhs.Date) bool {
	aCode, aWord := t.named(a, on)
	bCode, bWord := t.named(b, on)
	if conflicting(aCode, aWord) || conflicting(bCode, bWord) {
		return false
	}
	if a.Code != "" && a.Code == b.Code && unitSystem(a.System) == unitSystem(b.System) {
		return !conflicting(aWord, bWord)
	}
	unitA, unitB := either(aCode, aWord), either(bCode, bWord)
	if unitA == "" && unitB == "" && a.Code == "" && b.Code == "" {
		return strings.EqualFold(strings.TrimSpace(a.Unit), strings.TrimSpace(b.Unit))
	}
	return unitA != "" && unitA == unitB
}

func conflicting(a, b string) bool { return a != "" && b != "" && a != b }

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// InUnits is an amount with its unit, for messages: "60 tablet (428673006)".
func (q Quantity) InUnits() string {
	switch {
	case q.Unit == "" && q.Code == "":
		return q.Value.String()
	case q.Code == "":
		return q.Value.String() + " " + q.Unit
	case q.Unit == "":
		return q.Value.String() + " of unit " + q.Code
	}
	return fmt.Sprintf("%s %s (%s)", q.Value, q.Unit, q.Code)
}
