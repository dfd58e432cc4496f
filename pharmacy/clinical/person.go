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
	clinics  []string // who wrote the order, and whose prescriber it is
	pharmacy string
	site     string // the pharmacy of the server, to which belongs what nobody else owns
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
	return strings.EqualFold(writer, s.pharmacy) || !s.elsewhere(writer)
}

// elsewhere reports whether the prescriber may not see what somebody wrote.
func (s scope) elsewhere(writer string) bool {
	return !slices.ContainsFunc(s.clinics, func(clinic string) bool { return strings.EqualFold(writer, clinic) })
}

// supplies reports whether an order is for the pharmacy.
func (s scope) supplies(state fhir.State, mr node) (bool, error) {
	pharmacy, err := pharmacyOf(state, mr, s.site)
	return strings.EqualFold(pharmacy, s.pharmacy), err
}

// scopeOf is what counts for an order that is for a pharmacy; site is the server's.
func scopeOf(state fhir.State, v *fhir.Version, mr node, pharmacy, site string) (scope, error) {
	s := scope{pharmacy: pharmacy, site: site}
	writer, err := s.writer(state, v.Type, v.ID)
	if err != nil {
		return s, err
	}
	s.clinics = []string{writer}
	clinic, err := prescriberOf(state, mr)
	if clinic != "" {
		s.clinics = append(s.clinics, clinic)
	}
	return s, err
}

// prescriberOf is the organisation of an order's requester, an ODS code: who writes
// an order for another is held to that by the guard of orders.
func prescriberOf(state fhir.State, mr node) (string, error) {
	role, err := read(state, "PractitionerRole", localID(mr.Get("requester"), "PractitionerRole"))
	if err != nil || role == nil {
		return "", err
	}
	org := role.Get("organization")
	if id := org.Get("identifier"); id.Get("system").Text() == nhs.IDODS {
		return id.Get("value").Text(), nil
	}
	r, err := read(state, "Organization", localID(org, "Organization"))
	if err != nil || r == nil {
		return "", err
	}
	return nhs.Identifier(r.Root(), nhs.IDODS).Text(), nil
}

// pharmacyOf is the pharmacy that an order is for: the one that has its prescription,
// or that is nominated; else the server's.
func pharmacyOf(state fhir.State, mr node, site string) (string, error) {
	pharmacy := site
	if code := odsOf(mr.Path("dispenseRequest", "performer")); code != "" {
		pharmacy = code
	}
	if number(mr) == "" {
		return pharmacy, nil
	}
	ids, err := state.Find("Task", nhs.Query("code", nhs.CSEvent, "prescription-order")+"&"+nhs.Query("group-identifier", nhs.IDOrder, number(mr)))
	if err != nil {
		return "", err
	}
	for _, id := range ids { // of the latest issue
		task, err := read(state, "Task", id)
		if err != nil {
			return "", err
		}
		if task == nil {
			continue
		}
		if code := odsOf(task.Get("owner")); code != "" {
			pharmacy = code
		}
	}
	return pharmacy, nil
}

func odsOf(ref node) string {
	if id := ref.Get("identifier"); id.Get("system").Text() == nhs.IDODS {
		return id.Get("value").Text()
	}
	return ""
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
		queries = append(queries, "patient=Patient/"+id+"&status=active")
	}
	// By number all orders are found: a search goes by its parameters in the order of
	// their names, and would first walk over every order that was ever active.
	if p.number != "" {
		queries = append(queries, nhs.Query("subject:identifier", nhs.IDNHS, p.number))
	}
	for _, query := range queries {
		ids, err := state.Find("MedicationRequest", query)
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
