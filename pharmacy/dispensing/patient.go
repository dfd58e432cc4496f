package dispensing

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// The record of a patient belongs to the organisation on whose behalf it was
// created. Within an organisation there is one record for each NHS number; what
// others hold is neither found nor told by what is written. Records that were
// created on behalf of nobody, such as loaded ones, are the server's pharmacy's,
// and everybody's where nobody is asked who they are.

// PatientsOf is a [fhir.Narrow] of Patient on the server of a pharmacy: what a
// requester's organisation means by a condition are its own records, else those
// that were created on behalf of nobody, if these are theirs. A record that is not
// active any more is meant only where there is no other.
func PatientsOf(site string) fhir.Narrow {
	return func(state fhir.State, who fhir.Principal, ids []string) ([]string, error) {
		return patientsOf(state, site, who, ids)
	}
}

func patientsOf(state fhir.State, site string, who fhir.Principal, ids []string) ([]string, error) {
	var ranks [4][]string
	for _, id := range ids {
		rank, err := patientRank(state, site, who, id)
		if err != nil {
			return nil, err
		}
		if rank >= 0 {
			ranks[rank] = append(ranks[rank], id)
		}
	}
	for _, found := range ranks {
		if len(found) > 0 {
			return found, nil
		}
	}
	return nil, nil
}

// patientRank is how near a record is to a requester: 0 their organisation's, 1 one
// of nobody that is theirs too, 2 and 3 such that are not active, -1 that of another
// organisation.
func patientRank(state fhir.State, site string, who fhir.Principal, id string) (int, error) {
	first, err := state.First("Patient", id)
	if err != nil || first == nil {
		return -1, err
	}
	rank := 0
	switch of := first.Requester.OnBehalf; {
	case of == who.OnBehalf:
	case of == "" && (!who.Bound() || site != "" && who.ActsFor(site)):
		rank = 1
	default:
		return -1, nil
	}
	p, err := read(state, "Patient/"+id, "Patient")
	if err == nil && p != nil && inactive(p.Root()) {
		rank += 2
	}
	return rank, err
}

// inactive reports whether a record is out of use, such as one that was merged
// into another.
func inactive(patient node) bool { return patient.Get("active").Kind() == fhir.False }

// patientOf is the record that a requester's organisation has of a patient, nil
// for none.
func patientOf(state fhir.State, site string, who fhir.Principal, number string) (*fhir.Resource, error) {
	if number == "" {
		return nil, nil
	}
	ids, err := state.Find("Patient", nhs.Query("identifier", nhs.IDNHS, number))
	if err != nil {
		return nil, err
	}
	if ids, err = patientsOf(state, site, who, ids); err != nil || len(ids) == 0 {
		return nil, err
	}
	return read(state, "Patient/"+ids[0], "Patient")
}

// guardPatient keeps an organisation to one record for each NHS number, by
// whatever way a number comes to a record.
func (s *Service) guardPatient(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if after.Deleted() {
		return nil
	}
	p, err := after.Resource()
	if err != nil || inactive(p.Root()) {
		return err
	}
	first, err := state.First("Patient", after.ID)
	if err != nil {
		return err
	}
	known, err := numbersBefore(before)
	if err != nil {
		return err
	}
	for _, n := range nhsNumbers(p) {
		if slices.Contains(known, n.Text()) {
			continue
		}
		owner := tx.Requester // as far as they are known, for the organisation whose record it is
		if owner.OnBehalf != first.Requester.OnBehalf {
			owner.OnBehalf, owner.Delegates = first.Requester.OnBehalf, nil
		}
		if err := onlyRecord(state, s.site.ODS, owner, after.ID, n); err != nil {
			return err
		}
	}
	return nil
}

func nhsNumbers(p *fhir.Resource) (list []node) {
	for id := range p.Get("identifier").Items() {
		if id.Get("system").Text() == nhs.IDNHS && id.Get("value").Text() != "" {
			list = append(list, id.Get("value"))
		}
	}
	return list
}

// numbersBefore are those that an active record had before its change.
func numbersBefore(before *fhir.Version) (list []string, err error) {
	if before == nil || before.Deleted() {
		return nil, nil
	}
	p, err := before.Resource()
	if err != nil || inactive(p.Root()) {
		return nil, err
	}
	for _, n := range nhsNumbers(p) {
		list = append(list, n.Text())
	}
	return list, nil
}

func onlyRecord(state fhir.State, site string, owner fhir.Principal, id string, number node) error {
	ids, err := state.Find("Patient", nhs.Query("identifier", nhs.IDNHS, number.Text()))
	if err != nil {
		return err
	}
	for _, other := range ids {
		if other == id {
			continue
		}
		rank, err := patientRank(state, site, owner, other)
		if err != nil {
			return err
		}
		if rank != 0 && rank != 1 {
			continue
		}
		return &fhir.Error{Op: "patient", Kind: fhir.Conflict, Issues: []fhir.Issue{{Severity: fhir.Err, Code: fhir.Duplicate, Rule: "patient-once",
			Message: "The organisation has a Patient with this NHS number already.", Expected: "one Patient for each NHS number", Found: "Patient/" + other,
			Expression: number.Expression(), Position: number.Position(),
			Fix: "Update that one, or create with If-None-Exist (in a Bundle request.ifNoneExist): identifier=" + nhs.IDNHS + "|" + number.Text()}}}
	}
	return nil
}
