package dispensing

import (
	"context"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// completeInputs are those of $dispense that are for the claim.
var completeInputs = []fhir.Parameter{
	dispenseInput("exemption"), dispenseInput("exemptionEvidence"),
	{Name: "item", Kinds: []string{"part"}, Repeated: true, Doc: "An item whose endorsements are given: they replace those that it had.", Parts: []fhir.Parameter{
		{Name: "number", Kinds: []string{"valueString", "valueIdentifier", "valueReference"}, Required: true, Doc: "The item: its prescription-order-item-number, or a reference to its MedicationRequest."},
		{Name: "endorsement", Kinds: []string{"valueCodeableConcept"}, Required: true, Repeated: true, Doc: "An endorsement of the item: a code of " + nhs.CSEndorsement + ", with its supporting information as text; NDEC for none."},
	}},
}

func dispenseInput(name string) fhir.Parameter {
	for _, p := range dispenseInputs {
		if p.Name == name {
			return p
		}
	}
	panic("dispensing: $dispense has no parameter " + name)
}

// completeClaim is Task/…/$complete-claim: it says afterwards what a $dispense did
// not say for the claim, or says it again. The pharmacy that supplied does so, until
// the claim may no longer be amended; what is claimed follows.
func (s *Service) completeClaim(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	const op = "complete-claim"
	if call.Body == nil || !message.Parameter(call.Body, "exemption").Exists() && !message.Parameter(call.Body, "exemptionEvidence").Exists() && !message.Parameter(call.Body, "item").Exists() {
		return nil, refusal(op, fhir.Issue{Rule: "CC-1", Expression: "Parameters.parameter", Message: "Nothing is said for the claim.", Expected: "the parameter exemption, or item with the part endorsement", Found: "neither"})
	}
	return s.onTask(ctx, call, op, func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		if err := x.ofOwner(call, op); err != nil {
			return nil, nil, err
		}
		if x.Private() {
			return nil, nil, refusal(op, fhir.Issue{Rule: "CC-2", Expression: "Task", Message: "The prescription is private: nothing of it is claimed.", Expected: "a prescription of the NHS", Found: "prescription type " + fhir.OrNothing(x.Type)})
		}
		when := x.lastSupply().when
		if when == "" {
			return nil, nil, refusal(op, fhir.Issue{Rule: "CC-3", Expression: "Task", Message: "Nothing of the prescription was supplied yet.", Expected: "a supply", Found: "none", Fix: "Give the exemption and the endorsements with $dispense."})
		}
		if err := s.stillAmendable(state, op, when, call.Time); err != nil {
			return nil, nil, err
		}
		issues, err := s.noteClaim(state, x, call, when)
		if err != nil {
			return nil, nil, err
		}
		for n := range call.Body.Get("parameter").Items() {
			if n.Get("name").Text() != "item" {
				continue
			}
			if line, text := x.named(n); line == nil {
				issues = append(issues, fhir.Issue{Code: fhir.NotFound, Rule: "0014", Message: "The prescription has no such item.", Found: fhir.OrNothing(text),
					Expression: n.Expression(), Position: n.Position(), Expected: x.items(), Details: nhs.EPS("MEDICATIONREQUEST_NOT_FOUND")})
			}
		}
		if len(issues) > 0 {
			return nil, nil, refusal(op, issues...)
		}
		changes, err := s.written(state, x, call.Time)
		return changes, nil, err
	})
}

// stillAmendable refuses what comes after the last day for amending a claim: CC-4.
func (s *Service) stillAmendable(state fhir.State, op, when string, now time.Time) error {
	if s.codes == nil {
		return nil
	}
	last, err := s.codes.AmendableUntil(state, nhs.ReadDate(when).Time)
	if err != nil || last.IsZero() || !nhs.Midnight(now).After(last) {
		return err
	}
	return refusal(op, fhir.Issue{Rule: "CC-4", Expression: "Task", Message: "The time for amending the claim is over.", Expected: "by " + last.Format(time.DateOnly), Found: nhs.Midnight(now).Format(time.DateOnly)})
}
