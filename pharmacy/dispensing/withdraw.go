package dispensing

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// takeBack withdraws the last notification; the prescription is with the
// dispenser again as it was before.
func (s *Service) takeBack(state fhir.State, x *execution, id node, reason fhir.Coding, now time.Time) ([]fhir.Change, error) {
	if issue := prescription.Forbidden(x.State, prescription.Withdraw, "Task"); issue != nil {
		return nil, refusal(string(prescription.Withdraw), *issue)
	}
	last, err := x.lastDispense(state, id)
	if err != nil {
		return nil, err
	}
	x.supplies = x.supplies[:len(x.supplies)-1]
	if err := x.rewind(state); err != nil {
		return nil, err
	}
	changes, err := x.revoke(state, last, nil)
	if err != nil {
		return nil, err
	}
	out, issues := s.rules().Decide(x.Prescription, x.caller, prescription.Request{Event: prescription.Withdraw, Now: now, Place: "Task", Left: len(x.supplies)})
	if len(issues) > 0 {
		return nil, refusal(string(prescription.Withdraw), issues...)
	}
	x.Prescription, x.reason = out.After, reason
	after, err := s.finish(state, x, now)
	return append(changes, after...), err
}

// lastDispense is what a withdrawal takes back: always the last notification,
// in EPS the withdraw type LD. One that names another notification of this
// server is refused; an identifier that was never seen here (the dispenser's
// own, or that of a release) says no more than that.
func (x *execution) lastDispense(state fhir.State, id node) (taskOutput, error) {
	if last := x.lastSupply(); last.id != "" && id.Text() != "" && !nhs.SameUUID(last.id, id.Text()) {
		known, err := state.Current("Bundle", message.NotificationBundleID(id.Text()))
		if err != nil {
			return taskOutput{}, err
		}
		if known == nil {
			return last, nil
		}
	}
	return x.lastIs("withdraw", id)
}
