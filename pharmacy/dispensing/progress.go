package dispensing

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// progressOp is the name of the operation, which whoever sees the prescription may ask:
// the clinic that sent it too.
const progressOp = "progress"

// progressTask is Task/…/$progress: how far the prescription is, and each item, without
// a medicine and without anything clinical.
func (s *Service) progressTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	state := s.db.State(ctx)
	x, err := taskAt(state, progressOp, call.ID)
	if err != nil {
		return nil, err
	}
	if !call.Requester.SeesAll {
		if _, err := s.mayAct(state, x, progressOp, call.Requester); err != nil {
			return nil, err
		}
	}
	s.rules().Classify(x.Prescription)
	whole, items := s.rules().Progress(x.Prescription)
	parts := []any{
		fhir.Obj("name", "status", "valueCode", x.State.Status),
		fhir.Obj("name", "businessStatus", "valueCode", x.State.Business),
		fhir.Obj("name", "private", "valueBoolean", x.Private()),
	}
	var told []any
	for i, p := range items {
		since, err := x.since(state, p)
		if err != nil {
			return nil, err
		}
		if i == whole {
			parts = append(parts, fhir.Obj("name", "step", "valueCode", string(p.Milestone)), since)
		}
		told = append(told, progressPart(p, i+1, since))
	}
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(append(parts, told...)...)).Resource(), Impersonal: true}, nil
}

// since is the part that tells since when an item is at its step.
func (x *execution) since(state fhir.State, p prescription.Progress) (fhir.Value, error) {
	when := x.resource.Get("lastModified").Text()
	if when == "" {
		when = x.resource.Get("authoredOn").Text()
	}
	switch p.Milestone {
	case prescription.Sent, prescription.Unclaimed:
		if !x.Received.IsZero() {
			when = nhs.Stamp(x.Received)
		}
	case prescription.Preparing:
		if x.release.when != "" {
			when = x.release.when
		}
	case prescription.WasCollected, prescription.WasDelivered:
		if last := x.lastSupply().when; last != "" {
			when = last
		}
	}
	if p.Queue != "" {
		r, err := read(state, "Task/"+x.workID(prescription.Work{Queue: p.Queue, Item: p.Item}), "Task")
		if err != nil {
			return fhir.Value{}, err
		}
		if r != nil {
			when = r.Get("authoredOn").Text()
		}
	}
	if when == "" {
		return fhir.Value{}, nil
	}
	return fhir.Obj("name", "since", "valueDateTime", when), nil
}

// progressPart is what the operation says of the nth item.
func progressPart(p prescription.Progress, n int, since fhir.Value) fhir.Value {
	day := func(name string, day nhs.Date) fhir.Value {
		if day.IsZero() {
			return fhir.Value{}
		}
		return fhir.Obj("name", name, "valueDate", day.String())
	}
	flag := func(name string, holds bool) fhir.Value {
		if !holds {
			return fhir.Value{}
		}
		return fhir.Obj("name", name, "valueBoolean", true)
	}
	parts := []any{fhir.Obj("name", "place", "valuePositiveInt", n), fhir.Obj("name", "number", "valueString", p.Item), fhir.Obj("name", "step", "valueCode", string(p.Milestone)), since,
		day("lastDay", p.Last), day("expected", p.Expected), flag("answered", p.Answered), flag("controlled", p.Controlled), flag("supplied", p.Supplied)}
	if p.Courier != "" {
		parts = append(parts, fhir.Obj("name", "courier", "valueString", p.Courier))
	}
	if p.Attempts > 0 {
		parts = append(parts, fhir.Obj("name", "failedAttempts", "valuePositiveInt", p.Attempts))
	}
	if p.Outstanding.Value.IsPositive() {
		parts = append(parts, fhir.Obj("name", "outstanding", "valueQuantity", p.Outstanding.Element()))
	}
	if p.App != "" {
		parts = append(parts, fhir.Obj("name", "app", "valueString", string(p.App)))
	}
	return fhir.Obj("name", "item", "part", fhir.List(parts...))
}
