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
	types      []string // prescription types, or the last two digits of them
	name       string   // with its article, at the beginning of a sentence
	all        bool     // it may prescribe every controlled drug
	substances []string // or these
	words      string   // that the prescription must have
}

var professions = func() (list []profession) {
	for cells := range rows(prescribersTSV, 6) {
		p := profession{from: nhs.ReadDate(cells[0]), types: strings.Split(cells[1], ","), name: cells[2], all: cells[3] == "all", words: cells[4]}
		if cells[3] != "" {
			p.substances = strings.Split(cells[3], ",")
		}
		list = append(list, p)
	}
	return list
}()

// professionOf is the profession that a prescription type tells on a day: by the whole
// code, or else by its ending.
func professionOf(typ string, on nhs.Date) (who profession, ok bool) {
	for _, by := range []string{typ, typ[max(0, len(typ)-2):]} {
		if who, ok = inForce(professions, func(p profession) nhs.Date { return p.from }, func(p profession) bool { return slices.Contains(p.types, by) }, on); ok || len(typ) != 4 {
			break
		}
	}
	return who, ok
}

// checkProfession holds a controlled drug of a prescriber whose profession has a
// list of its own (MDR 6B to 6D), or does not follow from the type of the
// prescription. A clinical management plan, by which others may be prescribed, is the
// reason with which the hold is released.
func (l *Line) checkProfession(f Formulary, typ string, on nhs.Date) {
	if l.Schedule == "" {
		return
	}
	who, ok := professionOf(typ, on)
	switch {
	case !ok:
		l.hold(HoldProfession, "The prescription type "+fhir.OrNothing(typ)+" does not tell the prescriber's profession, so it is not known whether they may prescribe this controlled drug.")
	case !who.all && !slices.ContainsFunc(l.Medicines, func(m fhir.Coding) bool {
		return slices.ContainsFunc(f.substancesOf(m, on), func(s string) bool { return slices.Contains(who.substances, s) })
	}):
		l.hold(HoldProfession, who.name+" may prescribe this controlled drug by a clinical management plan only (allowed independently: "+fhir.OrNothing(strings.Join(who.substances, ", "))+").")
	}
}

// Declaration is the words that a prescription of a type must have of its prescriber,
// "" for none: a dentist's are "for dental treatment only" (MDR 15(1)(d)).
func Declaration(typ string, on nhs.Date) string {
	who, _ := professionOf(typ, on)
	return who.words
}
