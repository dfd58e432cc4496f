package clinical

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// person is a patient by all the records of their NHS number: each organisation
// that sends prescriptions has a record of its own.
type person struct {
	records []string // ids of Patients, that of the order first; none where there is none
	number  string   // NHS number, "" where it is not known
}

// personOf finds the records of the patient of one.
func personOf(state fhir.State, id string) (p person, err error) {
	p.records = []string{id}
	r, err := read(state, "Patient", id)
	if err != nil || r == nil {
		return p, err
	}
	if p.number = nhs.Identifier(r.Root(), nhs.IDNHS).Text(); p.number == "" {
		return p, nil
	}
	ids, err := state.Find("Patient", nhs.Query("identifier", nhs.IDNHS, p.number))
	for _, other := range ids {
		if other != id {
			p.records = append(p.records, other)
		}
	}
	return p, err
}

// subjectOf is the person whom an order is for: of the record that it refers to, or of
// the number that it names. One of whom there is no record has no history.
func subjectOf(state fhir.State, mr node) (p person, err error) {
	if id := localID(mr.Get("subject"), "Patient"); id != "" {
		return personOf(state, id)
	}
	if id := mr.Path("subject", "identifier"); id.Get("system").Text() == nhs.IDNHS {
		p.number = id.Get("value").Text()
	}
	if p.number != "" {
		p.records, err = state.Find("Patient", nhs.Query("identifier", nhs.IDNHS, p.number))
	}
	return p, err
}

func (p person) isNobody() bool { return len(p.records) == 0 && p.number == "" }

// patient reads the first record of a person.
func (p person) patient(state fhir.State) (Patient, error) {
	if len(p.records) == 0 {
		return Patient{}, nil
	}
	r, err := read(state, "Patient", p.records[0])
	if err != nil || r == nil {
		return Patient{Ref: "Patient/" + p.records[0]}, err
	}
	return readPatient(r), nil
}

// read is the current content of a resource, nil where there is none.
func read(state fhir.State, typ, id string) (*fhir.Resource, error) {
	v, err := state.Current(typ, id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	return v.Resource()
}

// medicinesOf reads Medications of a state.
func medicinesOf(state fhir.State) medicines {
	return func(id string) (*fhir.Resource, error) { return read(state, "Medication", id) }
}

// scope says what counts for an order: what its prescriber's organisation wrote, and
// what its pharmacy wrote. What another clinic has written of the patient, or was
// supplied by another pharmacy, is theirs.
type scope struct {
	clinic, pharmacy string
	site             string // the pharmacy of the server, to which belongs what nobody else owns
}

// writer is on whose behalf a resource was written first; what belongs to nobody is
// the server's pharmacy's.
func (s scope) writer(state fhir.State, typ, id string) (string, error) {
	first, err := state.First(typ, id)
	if err != nil || first == nil {
		return "", err
	}
	return cmp.Or(first.Requester.OnBehalf, s.site), nil
}

// counts reports whether what somebody wrote is considered.
func (s scope) counts(writer string) bool {
	return strings.EqualFold(writer, s.clinic) || strings.EqualFold(writer, s.pharmacy)
}

// elsewhere reports whether the prescriber may not see what somebody wrote.
func (s scope) elsewhere(writer string) bool { return !strings.EqualFold(writer, s.clinic) }

// supplies reports whether an order is for the pharmacy.
func (s scope) supplies(mr node) bool { return strings.EqualFold(pharmacyOf(mr, s.site), s.pharmacy) }

// scopeOf is what counts for an order; site is the pharmacy of the server.
func scopeOf(state fhir.State, v *fhir.Version, mr node, site string) (scope, error) {
	s := scope{pharmacy: pharmacyOf(mr, site), site: site}
	var err error
	s.clinic, err = s.writer(state, v.Type, v.ID)
	return s, err
}

// pharmacyOf is the pharmacy that an order is for: the one that is nominated, or
// the server's.
func pharmacyOf(mr node, site string) string {
	performer := mr.Path("dispenseRequest", "performer")
	if id := performer.Get("identifier"); id.Get("system").Text() == nhs.IDODS && id.Get("value").Text() != "" {
		return id.Get("value").Text()
	}
	return site
}

// patientOf is the id of the Patient that a resource is about.
func patientOf(r *fhir.Resource) string {
	for _, name := range []string{"subject", "patient"} {
		if id := localID(r.Get(name), "Patient"); id != "" {
			return id
		}
	}
	return ""
}

// openOrders are the orders of a person that are to be filled still: those that refer
// to one of their records, and those that name their number.
func (p person) openOrders(state fhir.State) (list []*fhir.Version, err error) {
	var queries []string
	for _, id := range p.records {
		queries = append(queries, "patient=Patient/"+id)
	}
	if p.number != "" {
		queries = append(queries, nhs.Query("subject:identifier", nhs.IDNHS, p.number))
	}
	for _, query := range queries {
		ids, err := state.Find("MedicationRequest", query+"&status=active")
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			v, err := state.Current("MedicationRequest", id)
			if err != nil {
				return nil, err
			}
			if v == nil || v.Deleted() || slices.ContainsFunc(list, func(had *fhir.Version) bool { return had.ID == v.ID }) {
				continue
			}
			r, err := v.Resource()
			if err != nil {
				return nil, err
			}
			if isOpen(r.Root()) {
				list = append(list, v)
			}
		}
	}
	return list, nil
}

// has reports whether an order is for the person.
func (p person) has(mr node) bool {
	id := mr.Path("subject", "identifier")
	return slices.Contains(p.records, localID(mr.Get("subject"), "Patient")) || p.number != "" && id.Get("system").Text() == nhs.IDNHS && id.Get("value").Text() == p.number
}

// first is the person with one of their records before the others.
func (p person) first(id string) person {
	list := []string{id}
	for _, other := range p.records {
		if other != id {
			list = append(list, other)
		}
	}
	return person{list, p.number}
}
