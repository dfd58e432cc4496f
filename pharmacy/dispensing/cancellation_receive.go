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

// cancelled makes the changes of a verdict: the order is cancelled, or marked while
// it is with the dispenser. The Task is the caller's to write; x is nil while there
// is none.
func (x *execution) cancelled(o *prescription.Order, v prescription.Verdict, reason node, now time.Time) []fhir.Change {
	marked := fhir.List(nhs.WithoutExtension(o.Resource.Root(), nhs.ExtHistory, message.StatusHistory(v.Code, now))...)
	switch v {
	case prescription.VerdictCancelled:
		return []fhir.Change{rewriteOrder(o, "extension", marked, "status", "cancelled", "statusReason", reason)}
	case prescription.VerdictWithDispenser, prescription.VerdictDispenserActive:
		x.reason = firstOf(reason)
		return []fhir.Change{rewriteOrder(o, "extension", marked)}
	}
	return nil
}

func firstOf(concept node) fhir.Coding {
	c := concept.Get("coding").Item(0)
	return fhir.Coding{System: c.Get("system").Text(), Code: c.Get("code").Text(), Display: c.Get("display").Text()}
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
	x, p, err := standing(state, o)
	if err != nil {
		return nil, err
	}
	decided, issues := s.rules().Decide(p, prescription.Caller{Principal: call.Requester, Prescribes: true},
		prescription.Request{Event: prescription.Cancel, Now: call.Time, Place: "Task", Item: o.Item()})
	if len(decided.Verdicts) == 0 {
		return nil, refusal(m.Event(), issues...)
	}
	v := decided.Verdicts[0].Verdict
	out := &outcome{changes: x.cancelled(o, v, mr.Get("statusReason"), call.Time)}
	if len(out.changes) > 0 {
		if decided.After == nil {
			return nil, refusal(string(prescription.Cancel), issues...)
		}
		kept := m.Keep(pharmacy.ID("Bundle", m.Event(), m.ID()))
		kept.IfAbsent = true
		out.changes = append(out.changes, kept)
		if x != nil {
			x.Prescription = decided.After
			written, err := s.written(state, x, call.Time)
			if err != nil {
				return nil, err
			}
			out.changes = append(out.changes, written...)
		}
	}
	out.reply = &fhir.Reply{Resource: m.CancelResponse(mr, s.cancelAnswer(call, x, v)), Refused: !v.Done}
	return out, nil
}

// standing is the latest issue that an order is part of; x is nil, and p the order
// by itself, while there is no Task yet.
func standing(state fhir.State, o *prescription.Order) (x *execution, p *prescription.Prescription, err error) {
	if x, err = currentIssue(state, o.Number()); err != nil {
		return nil, nil, err
	}
	if x != nil && x.hasOrder(o) {
		return x, x.Prescription, nil
	}
	p, err = prescription.FromOrders([]*prescription.Order{o})
	return nil, p, err
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
