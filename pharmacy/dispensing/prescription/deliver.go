package prescription

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Stage is how far the delivery of a bag is: "" while it is at the pharmacy.
type Stage string

// The stages of a delivery.
const (
	Dispatched Stage = "dispatched" // a courier has it
	Failed     Stage = "failed"     // an attempt has failed: it is sent again, or put back
)

// dispatch hands bags that wait to be delivered to a courier: what would stop their
// hand-over today, but for who takes it, stops them.
func dispatch(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	r.Classify(p)
	p.Bags = slices.Clone(p.Bags)
	lines, issues := p.bagged(q)
	if strings.TrimSpace(q.Courier) == "" {
		issues = append(issues, deliverIssue(q.place("courier"), fhir.Required, "It is not clear who delivers it.", "the parameter courier", "nothing"))
	}
	if today := nhs.DateOf(q.Now); !q.Expected.IsZero() && q.Expected.Before(today) {
		issues = append(issues, deliverIssue(q.place("expected"), fhir.BusinessRule, "The day on which it is to be delivered is over.", "a day from "+today.String(), q.Expected.String()))
	}
	trial := q
	trial.Event, trial.Bagged, trial.Supplies = Bagging, true, nil
	for _, l := range lines {
		for _, b := range p.InBag(l) {
			if b.For != "delivery" || b.Stage == Dispatched {
				found := "a bag for " + b.For
				if b.Stage == Dispatched {
					found = "with " + b.Courier + " already"
				}
				issues = append(issues, deliverIssue(q.place("item"), fhir.BusinessRule, "It does not wait to be delivered.", "a bag for delivery that is at the pharmacy", found))
			}
			s := b.Supply
			s.Place = "Task.input"
			trial.Supplies = append(trial.Supplies, s)
			b.Stage, b.Courier, b.Left, b.Expected, b.Failed = Dispatched, q.Courier, q.Now.UTC().Format(fhir.InstantLayout), q.Expected, ""
		}
	}
	if len(issues) > 0 {
		return Outcome{}, issues
	}
	out, issues := supply(r, p.Copy(), trial)
	if len(issues) > 0 {
		return Outcome{Met: out.Met}, issues
	}
	return Outcome{After: p, Met: out.Met}, nil
}

// failDelivery records that a courier could not deliver bags: nobody was there.
func failDelivery(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	r.Classify(p)
	p.Bags = slices.Clone(p.Bags)
	lines, issues := p.bagged(q)
	if strings.TrimSpace(q.Words) == "" {
		issues = append(issues, deliverIssue(q.place("reason"), fhir.Required, "It is said in words why it was not delivered.", "the parameter reason", "nothing"))
	}
	for _, l := range lines {
		for _, b := range p.InBag(l) {
			if b.Stage != Dispatched {
				issues = append(issues, deliverIssue(q.place("item"), fhir.BusinessRule, "No courier has it.", "a bag that is dispatched", "a bag at the pharmacy"))
			}
			b.Stage, b.Failed, b.Attempts = Failed, q.Words, b.Attempts+1
		}
	}
	return Outcome{After: p}, issues
}

func deliverIssue(place string, code fhir.Code, message, expected, found string) fhir.Issue {
	return fhir.Issue{Severity: fhir.Err, Code: code, Rule: "DELIVER-1", Expression: place, Message: message, Expected: expected, Found: found}
}

// queue is where a bag waits.
func (b *Bagged) queue() Queue {
	switch b.Stage {
	case Dispatched:
		return InTransit
	case Failed:
		return FailedDelivery
	}
	return Queue(b.For)
}
