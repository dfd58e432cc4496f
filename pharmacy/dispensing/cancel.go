package dispensing

import (
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// verdict is what becomes of a cancellation: a code of
// medicationrequest-status-history, the order's status as the reply gives it,
// and whether the service does what was asked.
type verdict struct {
	code, status string
	done         bool
}

// The verdicts that leave an order behind. R-0008, R-0009, R-5000 and R-5888
// refuse the message as such.
var (
	wasCancelled     = verdict{"R-0001", "cancelled", true}
	withDispenser    = verdict{"R-0002", "active", false} // and marked for cancellation
	dispenserActive  = verdict{"R-0003", "active", false} // and marked for cancellation
	wasDispensed     = verdict{"R-0004", "completed", false}
	wasExpired       = verdict{"R-0005", "stopped", false}
	alreadyCancelled = verdict{"R-0006", "cancelled", false}
	askedBefore      = verdict{"R-0007", "unknown", false}
	wasNotDispensed  = verdict{"R-0010", "stopped", false}
)

// judge decides on the cancellation of a line where the prescription stands;
// x is nil while it has no Task yet.
func judge(x *execution, l *Line) verdict {
	switch {
	case l.Status == LineCancelled:
		return alreadyCancelled
	case l.Status == LineExpired || x != nil && x.State == expired:
		return wasExpired
	case l.Status == NotDispensed || x != nil && x.State == notDispensed:
		return wasNotDispensed
	case l.Status == FullyDispensed || x != nil && x.State == dispensed:
		return wasDispensed
	case l.Doomed:
		return askedBefore
	case x != nil && (x.State == accepted || x.State == doomed):
		return withDispenser
	case x != nil && x.State.withDispenser():
		return dispenserActive
	}
	return wasCancelled
}

// cancelLine makes the changes of a verdict: the order is cancelled, or marked
// while it is with the dispenser. The Task is the caller's to write.
func cancelLine(x *execution, o *order, l *Line, v verdict, reason node, now time.Time) []fhir.Change {
	switch v {
	case wasCancelled:
		l.Status = LineCancelled
		return []fhir.Change{o.rewrite(
			"extension", fhir.List(without(o.resource.Root(), nhs.ExtHistory, history(v.code, now))...),
			"status", "cancelled", "statusReason", reason)}
	case withDispenser, dispenserActive:
		l.Doomed = true
		x.reason = firstOf(reason)
		return []fhir.Change{o.rewrite("extension", fhir.List(without(o.resource.Root(), nhs.ExtHistory, history(v.code, now))...))}
	}
	return nil
}

func firstOf(concept node) fhir.Coding {
	c := concept.Get("coding").Item(0)
	return fhir.Coding{System: c.Get("system").Text(), Code: c.Get("code").Text(), Display: c.Get("display").Text()}
}

// afterCancel moves the Task when nothing is left to supply, or nothing that
// the prescriber still wants supplied.
func (x *execution) afterCancel(now time.Time) ([]fhir.Change, error) {
	to := x.State
	switch {
	case x.State.open() && !x.anyLeft():
		to = cancelled
	case x.State == accepted && x.doomed():
		to = doomed
	case x.State == active && x.doomed():
		to = doomedActive
	}
	if to != x.State {
		if id, _ := moves(x.State, Cancel); id == "" {
			return nil, forbidden(x.State, Cancel, "Task")
		}
		x.State = to
	}
	return []fhir.Change{x.update(now)}, nil
}

// receiveCancellation cancels one item of a prescription, or tells why not.
func (s *Service) receiveCancellation(call *fhir.Call, m *message, state fhir.State) (*outcome, error) {
	if err := mayCancel(state, m, call.Requester); err != nil {
		return nil, err
	}
	mr := m.list("MedicationRequest")[0]
	o, err := m.cancelledOrder(state, mr)
	if err != nil {
		return nil, err
	}
	x, line, err := standing(state, o)
	if err != nil {
		return nil, err
	}
	v := judge(x, line)
	out := &outcome{changes: cancelLine(x, o, line, v, mr.Get("statusReason"), call.Time)}
	if len(out.changes) > 0 {
		kept := m.keep(pharmacy.ID("Bundle", m.event(), m.id()))
		kept.IfAbsent = true
		out.changes = append(out.changes, kept)
		if x != nil {
			task, err := x.afterCancel(call.Time)
			if err != nil {
				return nil, err
			}
			out.changes = append(out.changes, task...)
		}
	}
	out.reply = &fhir.Reply{Resource: s.cancelResponse(call, m, mr, x, v), Refused: !v.done}
	return out, nil
}

// standing is the latest issue that an order is part of, and its line there; x
// is nil while there is no Task yet.
func standing(state fhir.State, o *order) (x *execution, l *Line, err error) {
	if x, err = currentIssue(state, o.number()); err != nil {
		return nil, nil, err
	}
	if x != nil {
		for i := range x.Lines {
			if x.Lines[i].Ref == o.version.Ref() {
				return x, &x.Lines[i], nil
			}
		}
	}
	p, err := prescription([]*order{o})
	if err != nil {
		return nil, nil, err
	}
	return nil, &p.Lines[0], nil
}

// cancelledOrder finds the order that a cancellation is about.
func (m *message) cancelledOrder(state fhir.State, mr node) (*order, error) {
	number, item := mr.Path("groupIdentifier", "value"), nhs.Identifier(mr, nhs.IDItem)
	orders, err := ordersOf(state, number.Text())
	if err != nil {
		return nil, err
	}
	if err := m.rightPatient(state, orders); err != nil {
		return nil, err
	}
	for _, o := range orders {
		if strings.EqualFold(o.item(), item.Text()) {
			return o, nil
		}
	}
	// R-0008: not found.
	return nil, refusal(m.event(), fhir.Issue{
		Code: fhir.NotFound, Rule: "R-0008", Message: "There is no such item to cancel.", Expected: "an item of a prescription that was sent here",
		Found: "item " + orNothing(item.Text()) + " of prescription " + orNothing(number.Text()), Expression: place(item, mr).Expression(),
		Position: place(item, mr).Position(), Details: nhs.Coding(nhs.CSHistory, "R-0008"),
	})
}

// rightPatient refuses a cancellation for another patient than the prescription's.
func (m *message) rightPatient(state fhir.State, orders []*order) error {
	for p := range m.all("Patient") {
		said := nhs.Identifier(p, nhs.IDNHS)
		for _, o := range orders {
			patient, err := read(state, o.resource.Root().Path("subject", "reference").Text(), "Patient")
			if err != nil {
				return err
			}
			if patient == nil {
				continue
			}
			if known := nhs.Identifier(patient.Root(), nhs.IDNHS).Text(); known != "" && known != said.Text() {
				// R-5000: the message does not fit the prescription.
				return refusal(m.event(), fhir.Issue{
					Code: fhir.Processing, Rule: "R-5000", Message: "The prescription is for another patient.",
					Expression: place(said, p).Expression(), Position: place(said, p).Position(), Fix: "Check the NHS number and the prescription id.",
					Details: fhir.Coding{System: nhs.CSHistory, Code: "R-5000", Display: nhs.Display(nhs.CSHistory, "R-5000") + " - Mismatch between prescription and cancellation NHSNumber"},
				})
			}
		}
	}
	return nil
}
