package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// guardProof refuses what a person does with a controlled drug who proved too long ago
// who they are, by whatever way: each writes an order, a supply, an administration, or
// the Task of a prescription, before or after which the medicine is one.
func (s *Service) guardProof(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if s.duties == nil || !tx.Requester.Person {
		return nil
	}
	var schedules []string
	for _, v := range []*fhir.Version{before, after} {
		if v == nil || v.Deleted() {
			continue
		}
		found, err := s.schedulesOf(state, v)
		if err != nil {
			return err
		}
		schedules = append(schedules, found...)
	}
	return s.duties.Fresh(schedules, tx.Requester, after.LastUpdated)
}

// schedulesOf are the schedules of the medicines that a version is about.
func (s *Service) schedulesOf(state fhir.State, v *fhir.Version) ([]string, error) {
	switch v.Type {
	case "MedicationRequest", "MedicationDispense", "MedicationAdministration":
		r, err := v.Resource()
		if err != nil || v.Type == "MedicationDispense" && nhs.SuppliedElsewhere(r.Root()) {
			return nil, err // nothing is supplied
		}
		list := []string{s.rules().ScheduleOf(r.Root(), nhs.DateOf(v.LastUpdated))}
		if v.Type != "MedicationDispense" {
			return list, nil
		}
		number, item, err := suppliedOrder(state, r.Root())
		if err != nil || number == "" {
			return list, err
		}
		x, err := currentIssue(state, number)
		if err != nil || x == nil {
			return list, err
		}
		s.rules().Classify(x.Prescription)
		if l := x.Line(item); l != nil {
			list = append(list, l.Schedule)
		}
		return list, nil
	case "Task":
		x, err := readTask(state, v)
		if err != nil || x == nil {
			return nil, err
		}
		s.rules().Classify(x.Prescription)
		var list []string
		for i := range x.Lines {
			list = append(list, x.Lines[i].Schedule)
		}
		return list, nil
	}
	return nil, nil
}
