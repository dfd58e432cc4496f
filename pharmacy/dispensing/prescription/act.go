package prescription

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// The acts: what a pharmacist does with a prescription that does not move it.
const (
	HoldItem       Event = "hold"            // items are held
	Approve        Event = "approve"         // items are approved for supply
	RecordOriginal Event = "record-original" // the paper original is recorded
	Ask            Event = "query"           // the prescriber is asked
	Answering      Event = "answer"          // the prescriber answers
	Correcting     Event = "correct"         // a slip on the paper original is put right
	Checking       Event = "check"           // a second person counts what is handed over
	Owe            Event = "owe"             // it is told when the rest is expected
	Bagging        Event = "bag"             // it is dispensed into the bag, which waits
	Dispatching    Event = "dispatch"        // a courier takes it
	FailDelivery   Event = "fail-delivery"   // and could not deliver it
	PutBack        Event = "put-back"        // what is in the bag goes back to the stock
)

// acts are the events that move nothing, with the states in which they are done: the
// pharmacy has the prescription, or is nominated for it.
var acts = map[Event][]State{
	HoldItem:       {Nominated, Accepted, Active},
	Approve:        {Accepted, Active},
	RecordOriginal: {Nominated, Accepted, Active},
	Ask:            {Nominated, Accepted, Active},
	Answering:      {Nominated, Waiting, Accepted, Active, PendingCancellation, PendingCancellationActive},
	Correcting:     {Accepted, Active},
	Checking:       {Accepted, Active},
	Owe:            {Accepted, Active},
	Bagging:        {Accepted, Active},
	Dispatching:    {Accepted, Active},
	FailDelivery:   {Accepted, Active, PendingCancellation, PendingCancellationActive, Expired, Dispensed, NoneDispensed},
	PutBack:        {Accepted, Active, PendingCancellation, PendingCancellationActive, Expired, Dispensed, NoneDispensed}, // what has expired is put back too
}

// Approval is the decision of a pharmacist that an item may be supplied.
type Approval struct {
	Item string
	Who  Party
	When string
	Note string
	Void bool // a hold of the item came after it
}

// At is the time of the request, as records of acts have it.
func (q Request) At() string { return q.Now.UTC().Format(fhir.InstantLayout) }

// place is where an issue about a parameter points to.
func (q Request) place(parameter string) string {
	if parameter == "" {
		return q.Place
	}
	return "Parameters.parameter.where(name = '" + parameter + "')"
}

// meant are the lines that an act is about: those that are named, or all that are
// outstanding.
func (p *Prescription) meant(q Request) (lines []*Line, issues []fhir.Issue) {
	for i := range p.Lines {
		if l := &p.Lines[i]; len(q.Items) == 0 && l.Status.Outstanding() && !l.PendingCancellation {
			lines = append(lines, l)
		}
	}
	for _, item := range q.Items {
		l := p.Line(item)
		issue := fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "ACT-1", Expression: q.place("item"), Found: item}
		switch {
		case l == nil:
			issue.Code, issue.Rule, issue.Message, issue.Details = fhir.NotFound, "0014", "The prescription has no such item.", nhs.EPS("MEDICATIONREQUEST_NOT_FOUND")
		case !l.Status.Outstanding():
			issue.Message, issue.Expected, issue.Found = "Nothing of the item is outstanding.", "an item that is to be supplied", l.Status.String()
		case l.PendingCancellation:
			issue.Message, issue.Expected, issue.Found = "The prescriber wants the item cancelled.", "an item that is to be supplied", "an item that is to be cancelled"
			issue.Fix = "Return the prescription, or record that the item is not dispensed."
		default:
			if !slices.Contains(lines, l) {
				lines = append(lines, l)
			}
			continue
		}
		issues = append(issues, issue)
	}
	if len(lines) == 0 && len(issues) == 0 {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "ACT-1", Expression: q.Place, Message: "Nothing of the prescription is outstanding.",
			Expected: "an item that is to be supplied", Found: "none"})
	}
	return lines, issues
}

// all reports whether something holds for each line.
func all(lines []*Line, holds func(*Line) bool) bool {
	return !slices.ContainsFunc(lines, func(l *Line) bool { return !holds(l) })
}

// holdItems holds items for a reason that a pharmacist gives.
func holdItems(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	r.Classify(p)
	lines, issues := p.meant(q)
	on := p.Appropriate(false)
	if codes := holdsByPeople(on); !slices.Contains(codes, q.Reason) {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.CodeInvalid, Rule: "HOLD-5", Expression: q.place("hold"), Message: "This is not a reason for which a pharmacist holds an item.",
			Expected: "one of " + strings.Join(codes, ", "), Found: fhir.OrNothing(q.Reason)})
	}
	if strings.TrimSpace(q.Words) == "" {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Required, Rule: "HOLD-5", Expression: q.place("reason"), Message: "A hold says in words what is to be found out.", Expected: "the parameter reason", Found: "nothing"})
	}
	for _, l := range lines {
		for _, h := range p.Standing(l) {
			if h.Code == q.Reason {
				issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "HOLD-5", Expression: q.place("hold"), Message: "The item is held for this already. " + h.Text,
					Expected: "another reason", Found: h.Code + " of item " + h.Item})
			}
		}
		p.Meet(Hold{Item: l.Item, Code: q.Reason, Text: q.Words, Who: q.By, Since: q.At()})
	}
	return Outcome{After: p}, issues
}

// approve approves items for supply. What would stop the supply stops the approval:
// holds, the paper original, the last day.
func approve(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	r.Classify(p)
	lines, issues := p.meant(q)
	add := func(rule string, issue fhir.Issue) {
		issue.Severity, issue.Code, issue.Rule, issue.Expression = fhir.Err, fhir.BusinessRule, rule, q.place("item")
		issues = append(issues, issue)
	}
	today := nhs.DateOf(q.Now)
	p.Approvals = slices.Clone(p.Approvals)
	if approved := func(l *Line) bool { return p.approval(l) != nil }; len(q.Items) == 0 && !all(lines, approved) {
		lines = slices.DeleteFunc(lines, approved) // what is meant is what waits for it
	}
	for _, l := range lines {
		for _, h := range p.Standing(l) {
			if h.Code != HoldProduct { // of a product alone: another may be supplied
				issues = append(issues, h.issue(q.place("item")))
			}
		}
		if r.onPaper(p, l) && len(p.Originals) == 0 {
			issues = append(issues, l.withoutOriginal(q.place("item")))
		}
		if _, rule := p.Expiry(r.Law, l, r.FromReceipt); !l.Last.IsZero() && l.Last.Before(today) {
			add(rule, fhir.Issue{Message: fmt.Sprintf("%s can no longer be supplied on this prescription.", l.Product.Display), Expected: "an approval by " + l.Last.String(), Found: today.String(),
				Fix: "Ask the prescriber for a new prescription.", Details: nhs.EPS("PRESCRIPTION_EXPIRED")})
		}
		if a := p.approval(l); a != nil {
			add("APPROVE-1", fhir.Issue{Message: "The item is approved already.", Expected: "an item that is not approved", Found: "approved by " + a.Who.String() + " at " + a.When})
		}
		p.Approvals = append(p.Approvals, Approval{Item: l.Item, Who: q.By, When: q.At(), Note: q.Words})
	}
	return Outcome{After: p}, issues
}

// Approved reports whether a pharmacist has approved an item for supply, and nothing
// has come up since.
func (p *Prescription) Approved(l *Line) bool { return p.approval(l) != nil }

func (p *Prescription) approval(l *Line) *Approval {
	for i := range p.Approvals {
		if a := &p.Approvals[i]; !a.Void && nhs.SameUUID(a.Item, l.Item) {
			return a
		}
	}
	return nil
}

// void takes the approvals of an item their effect: what a hold is about was not
// known when they were given.
func (p *Prescription) void(h Hold) {
	if h.Code == HoldProduct { // of one product, which is not supplied
		return
	}
	p.Approvals = slices.Clone(p.Approvals)
	for i := range p.Approvals {
		if a := &p.Approvals[i]; nhs.SameUUID(a.Item, h.Item) {
			a.Void = true
		}
	}
	if l := p.Line(h.Item); l != nil {
		p.spent(l)
	}
}

// unapproved refuses the supply of an item that the policy wants approved before.
func (p *Prescription) unapproved(l *Line, place string) fhir.Issue {
	return fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "APPROVE-2", Expression: place, Message: l.Product.Display + " is supplied when a pharmacist has approved it.",
		Expected: "an approval after the last hold of the item", Found: "none", Fix: "Approve it with Task/$approve: item = " + l.Item + "."}
}

// same reports whether two parties are one: by identifier, or by name where there is
// none, as of who is known by a role profile.
func (p Party) same(other Party) bool {
	return p.ID == other.ID && (p.ID != "" || p.Name == other.Name)
}

// String names a party for a message.
func (p Party) String() string {
	switch {
	case p.ID == "":
		return fhir.OrNothing(p.Name)
	case p.Name == "":
		return p.ID
	}
	return p.Name + " (" + p.ID + ")"
}
