package dispensing

import (
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// cancelLine makes the changes of a verdict: the order is cancelled, or marked
// while it is with the dispenser. The Task is the caller's to write.
func cancelLine(x *execution, o *prescription.Order, l *prescription.Line, v prescription.Verdict, reason node, now time.Time) []fhir.Change {
	switch v {
	case prescription.VerdictCancelled:
		l.Status = prescription.LineCancelled
		return []fhir.Change{rewriteOrder(o,
			"extension", fhir.List(nhs.WithoutExtension(o.Resource.Root(), nhs.ExtHistory, message.StatusHistory(v.Code, now))...),
			"status", "cancelled", "statusReason", reason)}
	case prescription.VerdictWithDispenser, prescription.VerdictDispenserActive:
		l.PendingCancellation = true
		x.reason = firstOf(reason)
		return []fhir.Change{rewriteOrder(o, "extension", fhir.List(nhs.WithoutExtension(o.Resource.Root(), nhs.ExtHistory, message.StatusHistory(v.Code, now))...))}
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
	case x.State.Open() && !x.AnyLeft():
		to = prescription.Cancelled
	case x.State == prescription.Accepted && x.AllPendingCancellation():
		to = prescription.PendingCancellation
	case x.State == prescription.Active && x.AllPendingCancellation():
		to = prescription.PendingCancellationActive
	}
	if to != x.State {
		if id, _ := prescription.Moves(x.State, prescription.Cancel); id == "" {
			return nil, prescription.Forbidden(x.State, prescription.Cancel, "Task")
		}
		x.State = to
	}
	return []fhir.Change{x.update(now)}, nil
}

// receiveCancellation cancels one item of a prescription, or tells why not.
func (s *Service) receiveCancellation(call *fhir.Call, m *message.Message, state fhir.State) (*outcome, error) {
	if err := mayCancel(state, m, call.Requester); err != nil {
		return nil, err
	}
	mr := m.List("MedicationRequest")[0]
	o, err := cancelledOrder(state, m, mr)
	if err != nil {
		return nil, err
	}
	x, line, err := standing(state, o)
	if err != nil {
		return nil, err
	}
	var at prescription.State
	if x != nil {
		at = x.State
	}
	v := prescription.VerdictOn(at, line)
	out := &outcome{changes: cancelLine(x, o, line, v, mr.Get("statusReason"), call.Time)}
	if len(out.changes) > 0 {
		kept := m.Keep(pharmacy.ID("Bundle", m.Event(), m.ID()))
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
	out.reply = &fhir.Reply{Resource: m.CancelResponse(mr, s.cancelAnswer(call, x, v)), Refused: !v.Done}
	return out, nil
}

// standing is the latest issue that an order is part of, and its line there; x
// is nil while there is no Task yet.
func standing(state fhir.State, o *prescription.Order) (x *execution, l *prescription.Line, err error) {
	if x, err = currentIssue(state, o.Number()); err != nil {
		return nil, nil, err
	}
	if x != nil {
		for i := range x.Lines {
			if x.Lines[i].Ref == o.Version.Ref() {
				return x, &x.Lines[i], nil
			}
		}
	}
	p, err := prescription.FromOrders([]*prescription.Order{o})
	if err != nil {
		return nil, nil, err
	}
	return nil, &p.Lines[0], nil
}

// cancelledOrder finds the order that a cancellation is about.
func cancelledOrder(state fhir.State, m *message.Message, mr node) (*prescription.Order, error) {
	number, item := mr.Path("groupIdentifier", "value"), nhs.Identifier(mr, nhs.IDItem)
	orders, err := ordersOf(state, number.Text())
	if err != nil {
		return nil, err
	}
	if err := rightPatient(state, m, orders); err != nil {
		return nil, err
	}
	for _, o := range orders {
		if strings.EqualFold(o.Item(), item.Text()) {
			return o, nil
		}
	}
	// R-0008: not found.
	return nil, refusal(m.Event(), fhir.Issue{
		Code: fhir.NotFound, Rule: "R-0008", Message: "There is no such item to cancel.", Expected: "an item of a prescription that was sent here",
		Found: "item " + fhir.OrNothing(item.Text()) + " of prescription " + fhir.OrNothing(number.Text()), Expression: message.Place(item, mr).Expression(),
		Position: message.Place(item, mr).Position(), Details: nhs.Coding(nhs.CSHistory, "R-0008"),
	})
}

// rightPatient refuses a cancellation for another patient than the prescription's.
func rightPatient(state fhir.State, m *message.Message, orders []*prescription.Order) error {
	for p := range m.All("Patient") {
		said := nhs.Identifier(p, nhs.IDNHS)
		for _, o := range orders {
			patient, err := read(state, o.Resource.Root().Path("subject", "reference").Text(), "Patient")
			if err != nil {
				return err
			}
			if patient == nil {
				continue
			}
			if known := nhs.Identifier(patient.Root(), nhs.IDNHS).Text(); known != "" && known != said.Text() {
				// R-5000: the message does not fit the prescription.
				return refusal(m.Event(), fhir.Issue{
					Code: fhir.Processing, Rule: "R-5000", Message: "The prescription is for another patient.",
					Expression: message.Place(said, p).Expression(), Position: message.Place(said, p).Position(), Fix: "Check the NHS number and the prescription id.",
					Details: fhir.Coding{System: nhs.CSHistory, Code: "R-5000", Display: nhs.Display(nhs.CSHistory, "R-5000") + " - Mismatch between prescription and cancellation NHSNumber"},
				})
			}
		}
	}
	return nil
}

// cancelAnswer gathers what the answer to a cancellation says; x is nil while
// there is no Task yet.
func (s *Service) cancelAnswer(call *fhir.Call, x *execution, v prescription.Verdict) message.CancelAnswer {
	a := message.CancelAnswer{Verdict: v, Site: prescription.Party{ID: s.site.ODS, Name: s.site.Name}, Endpoint: s.endpoint(call), Now: call.Time, Warnings: call.Warnings}
	if x != nil && x.State.WithDispenser() {
		a.Holder = &message.Holder{Order: x.Order, Owner: x.Owner, Agent: x.agent}
	}
	return a
}
