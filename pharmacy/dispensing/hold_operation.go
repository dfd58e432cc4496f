package dispensing

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var releaseHoldInputs = []fhir.Parameter{
	{Name: "hold", Kinds: []string{"valueCode"}, Required: true, Doc: "The code of the hold, as the input of the Task has it."},
	{Name: "reason", Kinds: []string{"valueString"}, Required: true, Doc: "What was found out."},
	{Name: "item", Kinds: []string{"valueString"}, Doc: "The number of the item; needed where several are held for the same."},
	{Name: "about", Kinds: []string{"valueString"}, Doc: "What the hold is about, as the input of the Task has it; needed where an item is held for several, such as queries."},
	{Name: "product", Kinds: []string{"valueCoding"}, Doc: "The product; needed where several are possible."},
}

// releaseHold is Task/…/$release-hold, by which a pharmacist decides that an
// item which is held may be supplied. Parameters: hold (code of the hold, as the
// Task's input has it), reason (string, what was found out), item (number of the
// item; needed where several are held for the same), product (Coding, needed
// where several products are). Who decides is the caller. It stays on the Task.
func (s *Service) releaseHold(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	who, err := decider(s.db.State(ctx), call, "release-hold")
	if err != nil {
		return nil, err
	}
	if message.Parameter(call.Body, "hold").Get("valueCode").Text() == prescription.HoldClinical {
		return nil, refusal("release-hold", fhir.Issue{Rule: "HOLD-4", Message: "A hold for a clinical issue is released by what was done about the issue.", Expected: "DetectedIssue/…/$mitigate, on the issue that the hold is about",
			Found: prescription.HoldClinical, Expression: "Parameters.parameter", Fix: "The hold names its DetectedIssue as about."})
	}
	return s.onTask(ctx, call, "release-hold", func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		if err := x.ofOwner(call, "release-hold"); err != nil {
			return nil, nil, err
		}
		s.rules().Classify(x.Prescription)
		h, err := x.heldFor(call.Body)
		if err != nil {
			return nil, nil, err
		}
		x.Release(prescription.HoldRelease{Hold: h, Who: who, When: prescription.Request{Now: call.Time}.At(), Reason: message.Parameter(call.Body, "reason").Get("valueString").Text()})
		changes, err := s.written(state, x, call.Time)
		return changes, nil, err
	})
}

// heldFor is the one hold that the parameters of a release mean.
func (x *execution) heldFor(p *fhir.Resource) (prescription.Hold, error) {
	code, item := message.Parameter(p, "hold").Get("valueCode"), message.Parameter(p, "item").Get("valueString")
	c := message.Parameter(p, "product").Get("valueCoding")
	product := prescription.HeldBy(fhir.Coding{System: c.Get("system").Text(), Code: c.Get("code").Text(), Display: c.Get("display").Text()})
	about := message.Parameter(p, "about").Get("valueString")
	var all, found []prescription.Hold
	for i := range x.Lines {
		for _, h := range x.Standing(&x.Lines[i]) {
			all = append(all, h)
			if h.Code == code.Text() && (!item.Exists() || nhs.SameUUID(item.Text(), h.Item)) && (!c.Exists() || product == h.About) && (!about.Exists() || about.Text() == h.About) {
				found = append(found, h)
			}
		}
	}
	issue := fhir.Issue{Code: fhir.NotFound, Rule: "HOLD-1", Message: "The prescription has no such hold.", Expected: listed(all), Found: code.Text(), Expression: code.Expression(), Position: code.Position()}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return prescription.Hold{}, refusal("release-hold", issue)
	}
	issue.Code, issue.Rule, issue.Message, issue.Expected = fhir.BusinessRule, "HOLD-2", "Several items or products are held for this.", "the item, and the product, of one of "+listed(found)
	return prescription.Hold{}, refusal("release-hold", issue)
}

func listed(holds []prescription.Hold) string {
	var list []string
	for _, h := range holds {
		text := h.Code + " of item " + h.Item
		if h.About != "" {
			text += " about " + h.About
		}
		list = append(list, text)
	}
	return fhir.OrNothing(strings.Join(list, "; "))
}

// heldBack answers a supply that was refused because of holds that it met first:
// they are recorded on the Task as it is stored, so that a pharmacist sees them.
func (s *Service) heldBack(state fhir.State, call *fhir.Call, x *execution, met []prescription.Hold, refused error, now time.Time) (*outcome, error) {
	if x.asStored != nil { // what else the call asked for is refused with it
		x.Prescription = x.asStored
	}
	s.rules().Classify(x.Prescription)
	known := len(x.Met)
	for _, h := range met {
		x.Meet(h)
	}
	var e *fhir.Error
	if len(x.Met) == known || !errors.As(refused, &e) {
		return nil, refused
	}
	changes, err := s.written(state, x, now)
	return &outcome{changes: changes, reply: said(call, true, e.Issues...)}, err
}
