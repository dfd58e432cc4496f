package prescription

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// HoldProfession is the code of the hold of a controlled drug that is not among
// those which the profession of the prescriber may prescribe independently.
const HoldProfession = "PROFESSION"

//go:embed prescribers.tsv
var prescribersTSV string

// profession is a row of prescribers.tsv.
type profession struct {
	from       nhs.Date
	types      []string // last two digits of the prescription type
	name       string
	substances []string
}

var professions = func() (list []profession) {
	for cells := range rows(prescribersTSV, 5) {
		p := profession{from: nhs.ReadDate(cells[0]), types: strings.Split(cells[1], ","), name: cells[2]}
		if cells[3] != "" {
			p.substances = strings.Split(cells[3], ",")
		}
		list = append(list, p)
	}
	return list
}()

// checkProfession holds a controlled drug of a prescriber whose profession has a
// list of its own (MDR 6B to 6D). A clinical management plan, by which others may
// be prescribed, is the reason with which the hold is released.
func (l *Line) checkProfession(f Formulary, typ string, on nhs.Date) {
	if l.Schedule == "" || len(typ) != 4 {
		return
	}
	who, ok := inForce(professions, func(p profession) nhs.Date { return p.from }, func(p profession) bool { return slices.Contains(p.types, typ[2:]) }, on)
	if !ok || slices.ContainsFunc(l.Medicines, func(m fhir.Coding) bool {
		return slices.ContainsFunc(f.substancesOf(m, on), func(s string) bool { return slices.Contains(who.substances, s) })
	}) {
		return
	}
	l.hold(HoldProfession, "A "+who.name+" may prescribe this controlled drug by a clinical management plan only (allowed independently: "+fhir.OrNothing(strings.Join(who.substances, ", "))+").")
}
