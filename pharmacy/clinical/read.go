package clinical

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/dosage"
	"github.com/pestle-fhir/pestle/fhir/ucum"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

type node = fhir.Node

// localID is the id within a reference to a resource of this server, with or
// without a version; "" for a reference to another type.
func localID(ref node, typ string) string {
	text, _, _ := strings.Cut(ref.Get("reference").Text(), "/_history/")
	if i := strings.LastIndex(text, "/"+typ+"/"); i >= 0 {
		text = text[i+1:]
	}
	id, ok := strings.CutPrefix(text, typ+"/")
	if !ok {
		return ""
	}
	return id
}

// codingsOf are the codings of concepts, with their texts.
func codingsOf(concepts node) (list []fhir.Coding) {
	for concept := range concepts.Items() {
		for c := range concept.Get("coding").Items() {
			list = append(list, fhir.Coding{System: c.Get("system").Text(), Code: c.Get("code").Text(), Display: c.Get("display").Text()})
		}
		if text := strings.TrimSpace(concept.Get("text").Text()); text != "" {
			list = append(list, fhir.Coding{Display: text})
		}
	}
	return list
}

// nameOf is what codings say in words.
func nameOf(list []fhir.Coding) string {
	for _, c := range list {
		if c.Display != "" {
			return c.Display
		}
	}
	for _, c := range list {
		return c.Code
	}
	return ""
}

// medicines follows references to Medications.
type medicines func(id string) (*fhir.Resource, error)

// named are the codings of the medicine of a resource: its own, those of a contained
// Medication, or those of one that is stored.
func (m medicines) named(r node) ([]fhir.Coding, error) {
	if c := r.Get("medicationCodeableConcept"); c.Exists() {
		return codingsOf(c), nil
	}
	ref := r.Get("medicationReference")
	if inside := nhs.Contained(r, ref); inside.Exists() {
		return codingsOf(inside.Get("code")), nil
	}
	id := localID(ref, "Medication")
	if id == "" {
		return []fhir.Coding{{Display: ref.Get("display").Text()}}, nil
	}
	stored, err := m(id)
	if err != nil || stored == nil {
		return nil, err
	}
	return codingsOf(stored.Get("code")), nil
}

// readPatient reads a Patient.
func readPatient(r *fhir.Resource) Patient {
	return Patient{Ref: "Patient/" + r.ID(), Born: wholeDay(r.Get("birthDate").Text())}
}

// wholeDay is a date that is stated to the day.
func wholeDay(text string) time.Time {
	t, _ := time.Parse(time.DateOnly, text)
	return t
}

// number is the number of the prescription of an order, "" for none.
func number(mr node) string {
	if g := mr.Get("groupIdentifier"); g.Get("system").Text() == nhs.IDOrder {
		return g.Get("value").Text()
	}
	return ""
}

// isOpen reports whether an order is to be filled still.
func isOpen(mr node) bool {
	switch mr.Get("intent").Text() {
	case "order", "original-order", "instance-order":
		return mr.Get("status").Text() == "active"
	}
	return false
}

// order reads a MedicationRequest.
func (m medicines) order(v *fhir.Version) (o Order, err error) {
	r, err := v.Resource()
	if err != nil {
		return o, err
	}
	codes, err := m.named(r.Root())
	if err != nil {
		return o, err
	}
	quantity := r.Root().Path("dispenseRequest", "quantity")
	o = Order{Ref: v.Ref(), Prescription: number(r.Root()), Medicine: medicineOf(codes),
		Quantity: amountOf(quantity), Unit: dosage.UnitOf(quantity.Get("code").Text(), quantity.Get("unit").Text()),
		Schedule: nhs.Extension(nhs.Extension(r.Root(), nhs.ExtControlled), "schedule").Path("valueCoding", "code").Text(), On: nhs.Day(r.Get("authoredOn").Text())}
	if o.On.IsZero() {
		o.On = nhs.Midnight(v.LastUpdated)
	}
	o.Dosages, o.Text = instructions(r.Get("dosageInstruction"), o.Medicine)
	return o, nil
}

// supply reads a MedicationDispense; ok is false where nothing was handed over.
func (m medicines) supply(v *fhir.Version) (s Supply, ok bool, err error) {
	r, err := v.Resource()
	if err != nil || !handsOver(r.Root()) {
		return s, false, err
	}
	codes, err := m.named(r.Root())
	if err != nil {
		return s, false, err
	}
	d, quantity := r.Root(), r.Get("quantity")
	s = Supply{Ref: v.Ref(), Medicine: medicineOf(codes), Quantity: amountOf(quantity), Unit: dosage.UnitOf(quantity.Get("code").Text(), quantity.Get("unit").Text()),
		Days: int(decimal.Min(amountOf(r.Get("daysSupply")), decimal.NewFromInt(lookBack)).IntPart())}
	for _, said := range []string{d.Get("whenHandedOver").Text(), d.Get("whenPrepared").Text()} {
		if s.On.IsZero() {
			s.On = nhs.Day(said)
		}
	}
	if s.On.IsZero() {
		s.On = nhs.Midnight(v.LastUpdated)
	}
	said := d.Get("dosageInstruction")
	for ref := range d.Get("authorizingPrescription").Items() {
		within := nhs.Contained(d, ref)
		if n := number(within); n != "" {
			s.Prescription = n
		}
		if !said.Exists() {
			said = within.Get("dosageInstruction")
		}
		if id := localID(ref, "MedicationRequest"); id != "" {
			s.Order = "MedicationRequest/" + id
		}
	}
	s.Dosages, _ = instructions(said, s.Medicine)
	return s, true, nil
}

// handsOver reports whether a MedicationDispense says that something was handed over.
func handsOver(d node) bool {
	switch status := d.Get("status").Text(); {
	case status == "entered-in-error", status == "cancelled", status == "declined":
		return false
	case status != "completed" && !d.Get("whenHandedOver").Exists():
		return false
	}
	switch nhs.Coded(d.Get("type"), nhs.CSLineStatus) {
	case "", "0001", "0003": // fully dispensed, dispensed in part; or nothing is said of the item
		return amountOf(d.Get("quantity")).IsPositive()
	}
	return false
}

func amountOf(quantity node) decimal.Decimal {
	n, err := decimal.NewFromString(quantity.Get("value").Text())
	if err != nil || n.Exponent() > 9 || n.Exponent() < -24 {
		return decimal.Decimal{}
	}
	return n
}

// instructions reads dose instructions: their structure, and their words where
// they have none. Where both say how much, the more counts.
func instructions(list node, m Medicine) (out []dosage.Dosage, text string) {
	for i, d := range dosage.Read(list) {
		if i > 0 && d.Text != "" {
			text += "; "
		}
		text += d.Text
		words, err := dosage.Parse(d.Text, m.Name, m.Substance, m.Brand)
		if d.Text == "" || err != nil {
			out = append(out, d)
			continue
		}
		for i := range words {
			words[i].Sequence = max(words[i].Sequence, d.Sequence)
		}
		if d.Dose.IsZero() || less([]dosage.Dosage{d}, words, m) {
			out = append(out, words...)
		} else {
			out = append(out, d)
		}
	}
	return out, text
}

// less reports whether one instruction comes to less a day than another.
func less(a, b []dosage.Dosage, m Medicine) bool {
	one, errOne := dosage.Peak(a, m.milligrams)
	other, errOther := dosage.Peak(b, m.milligrams)
	return errOther == nil && (errOne != nil || one.High.LessThan(other.High))
}

// allergies reads an AllergyIntolerance: its code, and what has caused a reaction.
func allergies(v *fhir.Version, r *fhir.Resource) (list []Recorded) {
	if !holds(r) {
		return nil
	}
	concepts := []node{r.Get("code")}
	for reaction := range r.Get("reaction").Items() {
		concepts = append(concepts, reaction.Get("substance"))
	}
	for _, c := range concepts {
		if codes := codingsOf(c); len(codes) > 0 {
			list = append(list, Recorded{Ref: v.Ref(), Name: nameOf(codes), Medicine: medicineOf(codes)})
		}
	}
	return list
}

// holds reports whether an allergy or condition is recorded as one that the
// patient has or may have.
func holds(r *fhir.Resource) bool {
	for _, c := range []node{r.Root().Path("verificationStatus", "coding", "code"), r.Root().Path("clinicalStatus", "coding", "code")} {
		switch c.Text() {
		case "refuted", "entered-in-error", "inactive", "resolved", "remission":
			return false
		}
	}
	return true
}

// conditionRecorded reads a Condition; ok is false where no rule knows it.
func conditionRecorded(v *fhir.Version, r *fhir.Resource) (rec Recorded, ok bool) {
	codes := codingsOf(r.Get("code"))
	known := conditionsOf(codes)
	if !holds(r) || len(known) == 0 {
		return rec, false
	}
	return Recorded{Ref: v.Ref(), Name: nameOf(codes), Conditions: known, Ended: nhs.Day(r.Get("abatementDateTime").Text())}, true
}

// taken reads a MedicationStatement; ok is false where the medicine was not taken.
func (m medicines) taken(v *fhir.Version, r *fhir.Resource) (rec Recorded, ok bool, err error) {
	codes, err := m.named(r.Root())
	if err != nil {
		return rec, false, err
	}
	rec = Recorded{Ref: v.Ref(), Name: nameOf(codes), Medicine: medicineOf(codes)}
	end := nhs.Day(r.Root().Path("effectivePeriod", "end").Text())
	switch r.Get("status").Text() {
	case "not-taken", "entered-in-error":
		return rec, false, nil
	case "completed", "stopped":
		for _, text := range []string{r.Get("effectiveDateTime").Text(), r.Get("dateAsserted").Text()} {
			if end.IsZero() {
				end = nhs.Day(text)
			}
		}
		if end.IsZero() {
			end = nhs.Midnight(v.LastUpdated)
		}
	}
	rec.Ended = end
	return rec, true, nil
}

// measured reads what an Observation measured of a kind: itself, or one of its
// components; ok is false where it is none, or no amount of the measure's unit.
func measured(v *fhir.Version, r *fhir.Resource, measure string) (m Measured, ok bool) {
	switch r.Get("status").Text() {
	case "entered-in-error", "cancelled", "registered":
		return m, false
	}
	m = Measured{Ref: v.Ref(), Measure: measure, On: measuredOn(v, r)}
	if isMeasure(r.Get("code"), measure) {
		m.Value, ok = valueOf(r.Root(), measure)
		return m, ok
	}
	for c := range r.Get("component").Items() {
		if isMeasure(c.Get("code"), measure) {
			m.Value, ok = valueOf(c, measure)
			return m, ok
		}
	}
	return m, false
}

func isMeasure(concept node, measure string) bool {
	for _, c := range codingsOf(concept) {
		if MeasureOf(c) == measure {
			return true
		}
	}
	return false
}

func measuredOn(v *fhir.Version, r *fhir.Resource) time.Time {
	for _, said := range []string{r.Get("effectiveDateTime").Text(), r.Root().Path("effectivePeriod", "end").Text(), r.Root().Path("effectivePeriod", "start").Text(), r.Get("effectiveInstant").Text(), r.Get("issued").Text()} {
		if day := nhs.Day(said); !day.IsZero() {
			return day
		}
	}
	return nhs.Midnight(v.LastUpdated)
}

// unitsOf are the units in which the rules count a measure, by UCUM.
var unitsOf = map[string]string{"weight": "kg", "height": "cm"}

// valueOf is the value of a measurement in the unit of the rules. One in a unit
// that cannot be converted is not a measurement that a rule may go by.
func valueOf(n node, measure string) (decimal.Decimal, bool) {
	q, unit := n.Get("valueQuantity"), unitsOf[measure]
	value := amountOf(q)
	if unit == "" {
		return value, !n.Get("dataAbsentReason").Exists()
	}
	if !value.IsPositive() {
		return value, false
	}
	for _, said := range []string{q.Get("code").Text(), q.Get("unit").Text()} {
		if in, err := ucum.Convert(value, said, unit); said != "" && err == nil {
			return in, true
		}
	}
	return value, false
}
