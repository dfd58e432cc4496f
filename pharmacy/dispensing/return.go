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
	if _, to := prescription.Moves(x.State, prescription.Return); len(to) == 0 {
		return nil, prescription.Forbidden(x.State, prescription.Return, "Task")
	}
	var changes []fhir.Change
	for i := range x.Lines {
		l := &x.Lines[i]
		switch {
		case l.Status == prescription.LineCancelled:
		case l.PendingCancellation:
			l.Status, l.PendingCancellation = prescription.LineCancelled, false
			o := x.orderFor(l)
			changes = append(changes, rewriteOrder(o, "status", "cancelled", "statusReason", nhs.Concept(x.cancelReason()),
				"extension", fhir.List(nhs.WithoutExtension(o.Resource.Root(), nhs.ExtHistory, message.StatusHistory("R-0001", now))...)))
		default:
			l.Status = prescription.ToBeDispensed
		}
	}
	to := x.Rest()
	switch {
	case !x.AnyLeft():
		to = prescription.Cancelled
	case s.over(x, now):
		to = prescription.Expired
	}
	x.Owner, x.agent, x.release, x.reason = x.Nominee, prescription.Party{}, taskOutput{}, reason
	x.Owner = s.nominee(state, x.Owner)
	after, err := x.move(prescription.Return, to, now)
	return append(changes, after...), err
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
