package dispensing

import (
	"cmp"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/takeon"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// supply plans the record of a supply or of an owing of another pharmacy.
func (t *taking) supply(s *takeon.Supply) error {
	p, err := t.patientOf(s)
	if err != nil || p == nil {
		return err
	}
	if !s.Owed && s.On.Before(t.since) {
		t.Old++
		return nil
	}
	m, why := t.s.rules().Medicines.Match(s.Medicine, s.On)
	what := "supply"
	if s.Owed {
		what = "owing"
	}
	key := strings.Join([]string{what, t.from.ID, s.Patient, s.On.String(), s.Said, s.Medicine.Code, s.Quantity.String(), s.Unit, s.Number}, "|")
	r := t.supplyResource(s, p, m, why, pharmacy.ID("MedicationDispense", "elsewhere", key, t.times(key)))
	isNew, err := t.add(p, r)
	if err != nil {
		return err
	}
	switch {
	case !isNew:
		t.Unchanged++
		return nil
	case s.Owed:
		t.Owings++
	default:
		t.Supplies++
	}
	if why != "" {
		if err := t.reconcile(p, work{reason: reasonProduct, focus: "MedicationDispense/" + r.ID(), place: s.Place, text: s.Said + " of " + s.On.String() + " has no product of dm+d. " + why}); err != nil {
			return err
		}
	}
	if !s.Owed {
		return nil
	}
	return t.owing(p, s, r)
}

// owing puts what another pharmacy owes before somebody: it is of a prescription that is
// not here, so that nothing can be supplied for it.
func (t *taking) owing(p *takenPatient, s *takeon.Supply, r *fhir.Resource) error {
	last := t.s.rules().Law.LastDay(t.s.rules().ScheduleOf(r.Root(), s.On), s.On)
	text := s.Quantity.String() + " " + s.Unit + " of " + s.Said + " are owed by " + cmp.Or(t.from.Name, t.from.ID) + ", of a prescription of " + s.On.String()
	if s.Number != "" {
		text += " (" + s.Number + ")"
	}
	return t.reconcile(p, work{reason: reasonOwing, focus: "MedicationDispense/" + r.ID(), place: s.Place, last: last, text: text + "."})
}

// patientOf is the record of a supply's patient: one of the files, or one that the
// pharmacy has of an NHS number.
func (t *taking) patientOf(s *takeon.Supply) (*takenPatient, error) {
	if p := t.patients[s.Patient]; p != nil {
		return p, nil
	}
	if checkdigit.NHSNumber(s.Patient) {
		known, err := t.recordOf(s.Patient)
		if err != nil {
			return nil, err
		}
		if known != nil {
			p := &takenPatient{id: known.ID(), name: nameOf(known.Get("name"))}
			t.patients[s.Patient], t.order = p, append(t.order, p)
			return p, nil
		}
	}
	t.fail(s.Place, "The patient is not known.", "a patient of the files, or the NHS number of one whom the pharmacy has a record of", fhir.OrNothing(s.Patient))
	return nil, nil
}

// supplyResource writes a record that is marked as supplied elsewhere. It belongs to no
// prescription here.
func (t *taking) supplyResource(s *takeon.Supply, p *takenPatient, m prescription.Medicine, why, id string) *fhir.Resource {
	code := fhir.Coding{System: nhs.CSSNOMED, Code: m.Code, Display: m.Name}
	if why != "" {
		code = fhir.Coding{} // what it means is not known; the note has it
	}
	var coded []any
	if code.Code != "" {
		coded = append(coded, nhs.CodingValue(code))
	}
	var notes []any
	for _, n := range []struct{ what, text string }{{"Prescription ", s.Number}, {"Batch ", s.Batch}, {"Code as it came: ", map[bool]string{true: s.Medicine.Code}[why != ""]}} {
		if n.text != "" {
			notes = append(notes, fhir.Obj("text", n.what+n.text))
		}
	}
	status, handed, prepared, typ, lasts := "completed", s.On.String(), "", fhir.Value{}, fhir.Value{}
	if s.Owed {
		status, handed, prepared, typ = "on-hold", "", s.On.String(), nhs.Concept(nhs.Coding(nhs.CSLineStatus, string(prescription.Owing)))
	}
	if s.Days > 0 {
		lasts = fhir.Obj("value", s.Days, "unit", "day", "system", "http://unitsofmeasure.org", "code", "d")
	}
	var dose any = s.Dosages
	if !s.Dosages.Exists() && s.Dose != "" {
		dose = fhir.List(fhir.Obj("text", s.Dose))
	}
	return fhir.Obj("resourceType", "MedicationDispense", "id", id,
		"meta", fhir.Obj("tag", fhir.List(fhir.Obj("system", nhs.CSOwnOrigin, "code", nhs.FromElsewhere, "display", "Supplied elsewhere"))),
		"status", status,
		"medicationCodeableConcept", fhir.Obj("coding", fhir.List(coded...), "text", s.Said),
		"subject", fhir.Obj("reference", "Patient/"+p.id, "display", p.name),
		"performer", fhir.List(fhir.Obj("actor", fhir.Obj("type", "Organization", "display", cmp.Or(t.from.Name, t.from.ID)))),
		// Where it was supplied names no owner of the record, as a performer would.
		"location", fhir.Obj("type", "Location", "identifier", nhs.IdentifierValue(nhs.IDODS, t.from.ID), "display", t.from.Name),
		"type", typ,
		"quantity", fhir.Obj("value", fhir.Raw(s.Quantity.String()), "unit", s.Unit),
		"daysSupply", lasts,
		"whenPrepared", prepared,
		"whenHandedOver", handed,
		"note", fhir.List(notes...),
		"dosageInstruction", dose).Resource()
}
