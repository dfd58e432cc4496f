package dispensing

import (
	"context"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// Tracking are the Tasks by which the Prescription Status Update API is told of an NHS
// prescription as a version of its Task has it: none while no pharmacy has it, or where its
// patient has no NHS number. ours is false for a version of anything else.
func (s *Service) Tracking(state fhir.State, v *fhir.Version) (tasks []fhir.Node, ours bool, err error) {
	x, err := readTask(state, v)
	if err != nil || x == nil || x.Private() {
		return nil, false, err
	}
	bundle, issues := x.tracking(nil)
	if len(issues) > 0 {
		return nil, true, nil
	}
	for e := range bundle.Get("entry").Items() {
		tasks = append(tasks, e.Get("resource"))
	}
	return tasks, true, nil
}

// Differs lists in what two records of a patient are of different persons.
func (s *Service) Differs(stored, found fhir.Node) (list []string) {
	for _, d := range prescription.OtherPerson(stored, found) {
		list = append(list, d.What)
	}
	return list
}

// HoldPatient holds every outstanding item of a prescription, by the id of its Task, until a
// pharmacist has found out whose it is. about is the record by which that is in doubt. A
// prescription that is over, or not here any more, stays as it is.
func (s *Service) HoldPatient(ctx context.Context, task, about, why string, now time.Time) error {
	call := &fhir.Call{ID: task, Requester: fhir.Principal{Agent: "Device/nhs", Display: "nhs"}, Time: now}
	_, err := s.carryOut(ctx, call, func(state fhir.State) (*outcome, error) {
		v, err := state.Current("Task", task)
		if err != nil || v == nil || v.Deleted() {
			return &outcome{}, err
		}
		x, err := readTask(state, v)
		if err != nil || x == nil {
			return &outcome{}, err
		}
		known := len(x.Met)
		for i := range x.Lines {
			if l := &x.Lines[i]; l.Status.Outstanding() {
				x.Meet(prescription.Hold{Item: l.Item, Code: prescription.HoldPatient, About: about, Text: why})
			}
		}
		if len(x.Met) == known {
			return &outcome{}, nil
		}
		changes, err := s.written(state, x, now)
		return &outcome{changes: changes}, err
	})
	return err
}
