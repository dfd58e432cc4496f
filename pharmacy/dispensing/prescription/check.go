package prescription

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Check is that a second person has counted what is about to be handed over of an item,
// and has compared it with the prescription.
type Check struct {
	Item     string
	Quantity Quantity
	Pack     Pack
	Who      Party
	When     string
	// Alone is set where the same person checked a second time, because there was
	// nobody else.
	Alone bool
	Note  string
	// Void is set when it counts no longer: it was supplied on, another check took its
	// place, or a hold came after it.
	Void bool
}

// Count is what a check says of one item.
type Count struct {
	Item     string
	Quantity Quantity
	Pack     Pack
	Place    string
}

// check records counts of items that are approved and about to be handed over.
func check(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	r.Classify(p)
	var issues []fhir.Issue
	if len(q.Counts) == 0 {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Required, Rule: "CHECK-1", Expression: q.place("item"), Message: "A check is of items that were counted.", Expected: "the parameter item with number and quantity", Found: "none"})
	}
	p.Checks = slices.Clone(p.Checks)
	for _, c := range q.Counts {
		if l := p.Line(c.Item); l != nil {
			p.spent(l)
		}
	}
	for _, c := range q.Counts {
		l := p.Line(c.Item)
		if l == nil {
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.NotFound, Rule: "0014", Expression: c.Place, Message: "The prescription has no such item.", Found: c.Item, Details: nhs.EPS("MEDICATIONREQUEST_NOT_FOUND")})
			continue
		}
		if c.Quantity.Unit == "" && c.Quantity.Code == "" {
			c.Quantity = l.Quantity.Of(c.Quantity.Value)
		}
		found := r.counts(p, l, c, q)
		issues = append(issues, found...)
		p.Checks = append(p.Checks, Check{Item: l.Item, Quantity: c.Quantity, Pack: c.Pack, Who: q.By, When: q.At(), Alone: q.Alone, Note: q.Words})
	}
	return Outcome{After: p}, issues
}

// counts judges one count.
func (r Rules) counts(p *Prescription, l *Line, c Count, q Request) (issues []fhir.Issue) {
	add := func(rule string, issue fhir.Issue) {
		issue.Severity, issue.Code, issue.Rule, issue.Expression = fhir.Err, fhir.BusinessRule, rule, c.Place
		issues = append(issues, issue)
	}
	today := nhs.DateOf(q.Now)
	left := l.Quantity.Of(l.Quantity.Value.Sub(l.Supplied.Value).Sub(p.counted(l))) // several packs of an item are counted one by one
	for _, h := range p.Standing(l) {
		if h.Code != HoldProduct {
			issues = append(issues, h.issue(c.Place))
		}
	}
	switch {
	case !l.Status.Outstanding() || l.PendingCancellation:
		add("ACT-1", fhir.Issue{Message: "Nothing of the item is outstanding.", Expected: "an item that is to be supplied", Found: l.Status.String()})
	case !c.Quantity.Value.IsPositive() || !units.sameUnit(l.Quantity, c.Quantity, today):
		add("CHECK-1", fhir.Issue{Message: "A count is an amount in the unit of the prescription.", Expected: "up to " + left.InUnits(), Found: c.Quantity.InUnits()})
	case c.Quantity.Value.GreaterThan(left.Value):
		add("CHECK-1", fhir.Issue{Message: "More was counted than is left of the item.", Expected: "up to " + left.InUnits(), Found: c.Quantity.InUnits()})
	}
	if c.Pack.Expiry.Before(today) && !c.Pack.Expiry.IsZero() {
		add("CHECK-2", fhir.Issue{Message: "The pack has expired.", Expected: "an expiry date from " + today.String(), Found: c.Pack.Expiry.String(), Fix: "Take another pack."})
	}
	a := p.approval(l)
	switch {
	case a == nil && r.Policy.wants(ApproveStep, l, p.Private(), q.Caller, today):
		issues = append(issues, p.unapproved(l, c.Place))
	case a != nil && a.Who.same(q.By) && !q.Alone:
		add("CHECK-3", fhir.Issue{Message: "The second check is another person's than the approval.", Expected: "somebody else than " + a.Who.String(), Found: q.By.String(),
			Fix: "Where nobody else is there, check a second time and say so: alone = true."})
	case q.Alone && !r.Policy.wants(AloneStep, l, p.Private(), q.Caller, today):
		add("CHECK-3", fhir.Issue{Message: "The pharmacy's policy wants a second person for this check.", Expected: "another person, without alone", Found: "alone = true"})
	}
	return issues
}

// Checked is a check of a line that counts, nil for none.
func (p *Prescription) Checked(l *Line) *Check {
	for i := range p.Checks {
		if c := &p.Checks[i]; !c.Void && nhs.SameUUID(c.Item, l.Item) {
			return c
		}
	}
	return nil
}

// counted is what the checks of a line that count come to.
func (p *Prescription) counted(l *Line) (total decimal.Decimal) {
	for _, c := range p.Checks {
		if !c.Void && nhs.SameUUID(c.Item, l.Item) {
			total = total.Add(c.Quantity.Value)
		}
	}
	return total
}

// otherBatch reports whether the checks of a line tell of batches, and not of one.
func (p *Prescription) otherBatch(l *Line, batch string) (told []string, other bool) {
	for _, c := range p.Checks {
		if !c.Void && nhs.SameUUID(c.Item, l.Item) && c.Pack.Batch != "" {
			told = append(told, c.Pack.Batch)
		}
	}
	return told, batch != "" && len(told) > 0 && !slices.Contains(told, batch)
}

// LastCheck is the newest check of a line, whether it counts still or not.
func (p *Prescription) LastCheck(l *Line) (last *Check) {
	for i := range p.Checks {
		if c := &p.Checks[i]; nhs.SameUUID(c.Item, l.Item) {
			last = c
		}
	}
	return last
}

// spent takes the checks of a line their effect.
func (p *Prescription) spent(l *Line) {
	p.Checks = slices.Clone(p.Checks)
	for i := range p.Checks {
		if c := &p.Checks[i]; nhs.SameUUID(c.Item, l.Item) {
			c.Void = true
		}
	}
}

// checked compares what is handed over of a line in one notification with the check of
// it, where the policy wants one, and uses the check up. What an amendment says of a
// supply was handed over before.
func (p *Prescription) checked(l *Line, supplies []Supply, j Judge) (issues []fhir.Issue) {
	var last Supply
	total := l.Quantity.Of(l.Quantity.Value.Sub(l.Quantity.Value))
	for _, s := range supplies {
		if nhs.SameUUID(s.Item, l.Item) && s.handsOver() {
			total.Value, last = total.Value.Add(s.Quantity.Value), s
		}
	}
	if last.Item == "" {
		return nil
	}
	if c := p.Checked(l); !j.Amends && j.Policy.wants(CheckStep, l, p.Private(), j.Caller, j.Now) {
		batches, other := p.otherBatch(l, last.Pack.Batch)
		switch counted := p.counted(l); {
		case c == nil:
			issues = append(issues, last.wrong("CHECK-4", l.Product.Display+" is handed over when a second person has counted it.", "a check of "+total.InUnits(), "none",
				"Have it checked with Task/$check: item with number = "+l.Item+" and quantity."))
		case !counted.Equal(total.Value):
			issues = append(issues, last.wrong("CHECK-4", "The supply is not what was counted at the second check.", l.Quantity.Of(counted).InUnits(), total.InUnits(), "Count again, and check again."))
		case other:
			issues = append(issues, last.wrong("CHECK-4", "The batch is not one that was checked.", strings.Join(batches, ", "), last.Pack.Batch, "Check what is handed over."))
		}
	}
	p.spent(l)
	return issues
}
