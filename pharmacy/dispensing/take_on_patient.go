package dispensing

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/takeon"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// patient finds the record of a patient: what was taken on before, the pharmacy's own of
// the NHS number, or a new one. One whose name, birth date or sex is not that of the
// number's record gets a record without the number, and somebody compares both; so does
// one without a number who has the name and birth date of another.
func (t *taking) patient(p *takeon.Patient) error {
	id := pharmacy.ID("Patient", "elsewhere", t.from.ID, p.Key)
	taken := &takenPatient{id: id, name: strings.TrimSpace(strings.Join(p.Given, " ") + " " + p.Family)}
	t.patients[p.Key], t.order = taken, append(t.order, taken)
	before, err := t.state.Current("Patient", id)
	if err != nil {
		return err
	}
	if before != nil {
		t.Unchanged++
		taken.id, err = mergedInto(before)
		t.own(p, taken)
		return err
	}
	r := patientResource(p, t.from, id, p.Number)
	known, err := t.recordOf(p.Number)
	if err != nil {
		return err
	}
	if known == nil {
		t.Patients++
		if p.Number != "" {
			t.numbers[p.Number] = r
		}
		if _, err := t.add(taken, r); err != nil {
			return err
		}
		t.own(p, taken)
		return t.alike(p, taken, r)
	}
	differs := prescription.OtherPerson(known.Root(), r.Root())
	if len(differs) == 0 {
		t.Known++
		taken.id = known.ID()
		t.own(p, taken)
		return nil
	}
	t.Patients++
	var what []string
	for _, d := range differs {
		what = append(what, d.What)
	}
	if _, err := t.add(taken, patientResource(p, t.from, id, "")); err != nil {
		return err
	}
	return t.reconcile(taken, work{reason: reasonPatient, focus: "Patient/" + id, place: p.Place,
		text: "NHS number " + p.Number + " is that of Patient/" + known.ID() + ", of whom the " + strings.Join(what, ", ") + " is another. The record is taken on without the number."})
}

// own lets supplies name the patient by NHS number.
func (t *taking) own(p *takeon.Patient, taken *takenPatient) {
	if p.Number != "" && t.patients[p.Number] == nil {
		t.patients[p.Number] = taken
	}
}

// recordOf is the pharmacy's record under an NHS number, nil for none.
func (t *taking) recordOf(number string) (*fhir.Resource, error) {
	if r := t.numbers[number]; r != nil || number == "" {
		return r, nil
	}
	return patientOf(t.state, t.s.site.ODS, t.who, number)
}

// alike looks for another record of the pharmacy with the name and the birth date of one
// without an NHS number.
func (t *taking) alike(p *takeon.Patient, taken *takenPatient, r *fhir.Resource) error {
	if p.Number != "" {
		return nil
	}
	key := search.Fold(p.Family) + "|" + p.Born.String()
	if other := t.names[key]; other != nil && len(prescription.OtherPerson(other.Root(), r.Root())) == 0 {
		return t.reconcile(taken, work{reason: reasonPatient, focus: "Patient/" + taken.id, place: p.Place,
			text: "Patient/" + other.ID() + ", who is taken on too, has the same family name and birth date, and this one has no NHS number."})
	}
	t.names[key] = r
	ids, err := t.state.Find("Patient", "birthdate="+p.Born.String()+"&family="+nhs.Text(p.Family))
	if err != nil {
		return err
	}
	if ids, err = patientsOf(t.state, t.s.site.ODS, t.who, ids); err != nil {
		return err
	}
	for _, id := range ids {
		other, err := read(t.state, "Patient/"+id, "Patient")
		if err != nil {
			return err
		}
		if other == nil || inactive(other.Root()) || len(prescription.OtherPerson(other.Root(), r.Root())) > 0 {
			continue
		}
		return t.reconcile(taken, work{reason: reasonPatient, focus: "Patient/" + taken.id, place: p.Place,
			text: "Patient/" + id + " has the same family name and birth date, and this one has no NHS number."})
	}
	return nil
}

// patientResource writes the record of a patient of another pharmacy.
func patientResource(p *takeon.Patient, from prescription.Party, id, number string) *fhir.Resource {
	var telecom []any
	if p.Phone != "" {
		telecom = append(telecom, fhir.Obj("system", "phone", "value", p.Phone))
	}
	if p.Mail != "" {
		telecom = append(telecom, fhir.Obj("system", "email", "value", p.Mail))
	}
	return fhir.Obj("resourceType", "Patient", "id", id,
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDNHS, number), nhs.IdentifierValue(nhs.IDOwnElsewhere, from.ID+"|"+p.Key)),
		"active", true,
		"name", fhir.List(fhir.Obj("family", p.Family, "given", p.Given)),
		"telecom", fhir.List(telecom...),
		"gender", p.Sex, "birthDate", p.Born.String(),
		"address", fhir.List(fhir.Obj("line", p.Lines, "postalCode", p.Post))).Resource()
}

// mergedInto is the record that one was merged into, or itself.
func mergedInto(v *fhir.Version) (id string, err error) {
	if v.Deleted() {
		return v.ID, nil
	}
	r, err := v.Resource()
	if err != nil {
		return v.ID, err
	}
	for l := range r.Get("link").Items() {
		if to := localID(l.Path("other", "reference").Text(), "Patient"); l.Get("type").Text() == "replaced-by" && to != "" {
			return to, nil
		}
	}
	return v.ID, nil
}
