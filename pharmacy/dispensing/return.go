package dispensing

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// giveBack returns a prescription: to those who may take it next, or to its
// end when it was cancelled or its time is over.
func (s *Service) giveBack(state fhir.State, x *execution, reason fhir.Coding, now time.Time) ([]fhir.Change, error) {
	out, issues := s.rules().Decide(x.Prescription, x.caller, prescription.Request{Event: prescription.Return, Now: now, Place: "Task"})
	if len(issues) > 0 {
		return nil, refusal(string(prescription.Return), issues...)
	}
	changes := x.cancelledAfterAll(out.Verdicts, now)
	x.Prescription = out.After
	x.agent, x.release, x.reason = prescription.Party{}, taskOutput{}, reason
	x.Owner = s.nominee(state, x.Owner)
	written, err := s.written(state, x, now)
	return append(changes, written...), err
}

// cancelledAfterAll writes the orders of items whose pending cancellation has come about.
func (x *execution) cancelledAfterAll(verdicts []prescription.ItemVerdict, now time.Time) (changes []fhir.Change) {
	for _, v := range verdicts {
		o := x.orderFor(x.Line(v.Item))
		changes = append(changes, rewriteOrder(o, "status", "cancelled", "statusReason", nhs.Concept(x.cancelReason()),
			"extension", fhir.List(nhs.WithoutExtension(o.Resource.Root(), nhs.ExtHistory, message.StatusHistory(v.Code, now))...)))
	}
	return changes
}

// cancelReason is why the prescriber wants items cancelled, as the Task has it.
func (x *execution) cancelReason() fhir.Coding { return firstOf(x.resource.Get("statusReason")) }

// nominee is the nominated pharmacy with its name, where the server knows it.
func (s *Service) nominee(state fhir.State, p prescription.Party) prescription.Party {
	if org, err := sole(state, "Organization", nhs.IDODS, p.ID); err == nil && org != nil {
		p.Name, p.Ref = org.Get("name").Text(), "Organization/"+org.ID()
	}
	return p
}
