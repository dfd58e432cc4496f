package prescription

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// classify sets the schedules of the lines by what the server knows of their
// medicines, and holds those of which the order says something else. What the
// server does not know is of the schedule that the order says.
func (p *Prescription) classify(f Formulary, law Law) {
	on := p.Appropriate(false)
	p.Met = slices.DeleteFunc(slices.Clone(p.Met), func(h Hold) bool {
		return slices.Contains([]string{HoldSchedule, HoldMedicine, HoldWords, HoldInstalment, HoldProfession}, h.Code)
	}) // found anew
	for i := range p.Lines {
		l := &p.Lines[i]
		l.computed = nil
		f.check(l, on)
		f.checkUnit(l, law.Control(l.Schedule, on), on)
		l.checkWords(law.Control(l.Schedule, on), on)
		l.checkInstalment(law.Control(l.Schedule, on), on)
		l.checkProfession(f, p.Type, on)
	}
}

// UnknownSchedule is the schedule of a medicine that is not named.
const UnknownSchedule = "?"

// ScheduleOf is the schedule of the medicine that an order or a supply names, by what
// it says itself and by what the server knows; the stricter of both.
func (r Rules) ScheduleOf(resource node, on nhs.Date) string {
	l := Line{Claimed: nhs.Extension(nhs.Extension(resource, nhs.ExtControlled), "schedule").Path("valueCoding", "code").Text(), Medicines: medicinesOf(MedicineOf(resource))}
	if len(l.Medicines) == 0 {
		return UnknownSchedule
	}
	r.Medicines.check(&l, on)
	return l.Schedule
}

// check compares what an order says of its medicine with what the server knows.
func (f Formulary) check(l *Line, on nhs.Date) {
	l.Schedule = l.Claimed
	if len(l.Medicines) == 0 {
		l.hold(HoldMedicine, "The order does not name its medicine by code or in words.")
		return
	}
	known, schedule, substance := false, "", ""
	for _, c := range l.Medicines {
		m, byCode := f.medicine(c, on)
		s, byName := f.substance(c.Display, on)
		if f.contradicts(c, on) || substance != "" && byCode && m.Substance != "" && substance != m.Substance {
			l.hold(HoldMedicine, "The code "+c.Code+" and the name "+c.Display+" are of different medicines.")
		} else if a, b := strengths(m.Name), strengths(c.Display); byCode && len(a) > 0 && len(b) > 0 && !slices.Equal(a, b) {
			l.hold(HoldMedicine, "The code "+c.Code+" is of "+m.Name+", and the name "+c.Display+" is of another strength.")
		}
		if byCode && m.Substance != "" {
			substance = m.Substance
		}
		if byCode && m.Known {
			known, schedule = true, stricter(schedule, m.Schedule)
		}
		if byName && s.schedule != "" && (!byCode || !m.Known || f.contradicts(c, on)) {
			known, schedule = true, stricter(schedule, strings.TrimPrefix(s.schedule, none))
		}
	}
	if !known {
		return
	}
	l.Schedule = stricter(l.Claimed, schedule)
	switch {
	case l.Claimed == "" && needsWords(schedule):
		l.hold(HoldSchedule, "The medicine is of Schedule "+schedule[2:]+" to the Misuse of Drugs Regulations, and the order does not say so (Extension-DM-ControlledDrug with schedule and quantityWords).")
	case l.Claimed != "" && (schedule == "" || l.Claimed[:min(3, len(l.Claimed))] != schedule[:min(3, len(schedule))]):
		l.hold(HoldSchedule, "The order says that the medicine is of "+l.Claimed+"; by the server's data it is "+inWords(schedule)+".")
	}
}

// checkUnit holds a controlled drug whose total quantity (MDR 15(1)(f)) is not in the
// unit in which the medicine is counted, where the server knows both: 28 ml of tablets.
func (f Formulary) checkUnit(l *Line, c Control, on nhs.Date) {
	if !c.QuantityWords || l.Quantity.Unit == "" && l.Quantity.Code == "" {
		return
	}
	for _, medicine := range l.Medicines {
		unit := f.unitOf(medicine, on)
		if byCode, byWord := units.named(l.Quantity, on); unit != "" && (conflicting(either(byCode, byWord), unit) || conflicting(byCode, byWord)) {
			l.hold(HoldMedicine, "The order is of "+l.Quantity.InUnits()+", and the unit of "+medicineText(medicine)+" is the "+unit+".")
		}
	}
}

// unitOf is the unit in which a medicine is counted: as the tables have it, or the one
// that is a word of its name, as in "Morphine 10mg tablets"; "" where neither tells, and of
// unit dose vials, which are ordered by the vial, by the dose and by volume.
func (f Formulary) unitOf(c fhir.Coding, on nhs.Date) (unit string) {
	if row, ok := inForce(f.byCode[c.Code], func(m datedMedicine) nhs.Date { return m.from }, func(datedMedicine) bool { return true }, on); ok && row.Unit != "" {
		return row.Unit
	}
	name := strings.ToLower(c.Display)
	if strings.Contains(name, "unit dose") {
		return ""
	}
	for word := range strings.FieldsSeq(name) {
		if u := unitOn(units.byWord[word], on); u.inNames {
			unit = u.name
		}
	}
	return unit
}

// contradicts reports whether the code and the name of a coding are of different
// medicines, as far as the server knows both.
func (f Formulary) contradicts(c fhir.Coding, on nhs.Date) bool {
	m, byCode := f.medicine(c, on)
	s, byName := f.substance(c.Display, on)
	if !byCode || !byName || m.Substance == "" || related(m.Substance, s.name) {
		return false
	}
	own, ok := f.substance(m.Name, on)
	return !ok || own.name != s.name
}

// related reports whether two substances are one, or one is part of the other:
// "codeine" of "codeine + paracetamol".
func related(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	return strings.Contains(a, b) || strings.Contains(b, a)
}

// stricter is the schedule with the stricter rules.
func stricter(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// needsWords reports whether the prescription of a schedule has a form of its own.
func needsWords(schedule string) bool {
	return schedule == "CD1" || schedule == "CD2" || schedule == "CD3"
}

func inWords(schedule string) string {
	if schedule == "" {
		return "not controlled"
	}
	return "of " + schedule
}

// medicinesOf are the codings of an order's medicine with its text: what is
// ordered, by all that says so.
func medicinesOf(concept node) (list []fhir.Coding) {
	for c := range concept.Get("coding").Items() {
		if c.Get("code").Text() != "" || c.Get("display").Text() != "" {
			list = append(list, fhir.Coding{System: c.Get("system").Text(), Code: c.Get("code").Text(), Display: c.Get("display").Text()})
		}
	}
	if text := strings.TrimSpace(concept.Get("text").Text()); text != "" {
		list = append(list, fhir.Coding{Display: text})
	}
	return list
}

// MedicineOf is the medicine that a request or a supply names, itself or by a
// contained Medication.
func MedicineOf(resource node) node {
	if c := resource.Get("medicationCodeableConcept"); c.Exists() {
		return c
	}
	return nhs.Contained(resource, resource.Get("medicationReference")).Get("code")
}
