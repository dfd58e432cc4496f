package prescription

import (
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Bagged is what was dispensed of an item into the bag, and waits there to be handed
// over. Nothing of it is supplied yet: the law, the notification and the claim count
// from the hand-over.
type Bagged struct {
	Supply         // as it will be recorded; without Place and Collection
	For     string // collection or delivery
	Who     Party
	When    string
	Void    bool // it was handed over, or put back
	PutBack string

	Stage    Stage    // of its delivery
	Courier  string   // who has it, with the number of the consignment
	Left     string   // when the courier took it: what they took at one time is one delivery
	Expected nhs.Date // when it is to be delivered, zero where it is not told
	Failed   string   // why the last attempt failed
	Attempts int      // that failed
}

// What a bag waits for.
var bagFor = []string{"collection", "delivery"}

// Prepared is when it was put into the bag: to the second, or the day in London where
// the hand-over is told of by day.
func (b Bagged) Prepared(handedOver string) string {
	when, err := time.Parse(time.RFC3339, b.When)
	if err != nil || len(handedOver) == len(time.DateOnly) {
		return nhs.ReadDate(b.When).String()
	}
	return nhs.Stamp(when)
}

// after reports whether it was put into the bag after a time or day.
func (b Bagged) after(handedOver string) bool {
	in, err := time.Parse(time.RFC3339, b.Prepared(handedOver))
	at, other := time.Parse(time.RFC3339, handedOver)
	if err != nil || other != nil {
		day := nhs.ReadDate(handedOver)
		return !day.IsZero() && day.Before(nhs.ReadDate(b.When))
	}
	return at.Before(in)
}

// InBag is what waits of a line, nil for nothing.
func (p *Prescription) InBag(l *Line) (found []*Bagged) {
	for i := range p.Bags {
		if b := &p.Bags[i]; !b.Void && nhs.SameUUID(b.Item, l.Item) {
			found = append(found, b)
		}
	}
	return found
}

// bag puts supplies into the bag. What would stop the hand-over today stops it.
func bag(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	trial := q
	trial.Said = nil
	out, issues := supply(r, p.Copy(), trial)
	if !slices.Contains(bagFor, q.For) {
		// HAND-1: a bag waits for somebody.
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.CodeInvalid, Rule: "HAND-1", Expression: q.place("bag"), Message: "It is not clear what the bag waits for.", Expected: strings.Join(bagFor, " or "), Found: fhir.OrNothing(q.For)})
	}
	for _, s := range q.Supplies {
		if !s.handsOver() {
			issues = append(issues, s.wrong("HAND-1", "Only what is supplied goes into the bag.", "status "+string(FullyDispensed)+" or "+string(PartDispensed), string(s.Status), "Record what is owed or not dispensed by a $dispense of its own."))
		}
	}
	if len(issues) > 0 {
		return Outcome{Met: out.Met}, issues
	}
	r.Classify(p)
	p.Bags = slices.Clone(p.Bags)
	for _, s := range q.Supplies {
		s.Place, s.Collection = "", Collection{}
		p.Bags = append(p.Bags, Bagged{Supply: s, For: q.For, Who: q.By, When: q.At()})
	}
	return Outcome{After: p, Met: out.Met}, nil
}

// fromBag refuses a supply of an item that waits in the bag by anything but its
// hand-over, and one from a bag that is not there.
func (p *Prescription) fromBag(l *Line, s Supply, j Judge) []fhir.Issue {
	if j.Amends { // it tells anew of what was handed over before
		return nil
	}
	switch waits := p.InBag(l); {
	case j.Bagged && len(waits) == 0:
		return []fhir.Issue{s.wrong("HAND-2", "Nothing of the item waits to be handed over.", "an item in the bag", l.Status.String(), "Dispense it into the bag with Task/$dispense: bag.")}
	case !j.Bagged && len(waits) > 0:
		// HAND-3: what is in the bag is not supplied a second time.
		return []fhir.Issue{s.wrong("HAND-3", "The item waits in the bag.", "Task/$hand-over, or $put-back first", waits[0].Quantity.InUnits()+" in the bag since "+waits[0].When, "Hand it over with Task/$hand-over, or put it back with Task/$put-back.")}
	}
	var issues []fhir.Issue
	for _, b := range p.InBag(l) {
		if j.Bagged && b.after(j.HandedOver) {
			issues = append(issues, s.wrong("HAND-2", "It was handed over before it was in the bag.", "a time from "+b.Prepared(j.HandedOver), j.HandedOver, ""))
		}
	}
	return issues
}

// emptied takes what was handed over of a line out of the bag.
func (p *Prescription) emptied(l *Line, supplies []Supply) {
	if !slices.ContainsFunc(supplies, func(s Supply) bool { return nhs.SameUUID(s.Item, l.Item) }) {
		return
	}
	p.Bags = slices.Clone(p.Bags)
	for _, b := range p.InBag(l) {
		b.Void = true
	}
}

// putBack takes items out of the bag: they go back to the stock, and are outstanding.
func putBack(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	r.Classify(p)
	p.Bags = slices.Clone(p.Bags)
	lines, issues := p.bagged(q)
	if strings.TrimSpace(q.Words) == "" {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Required, Rule: "HAND-4", Expression: q.place("reason"), Message: "It is said in words why the bag is not handed over.", Expected: "the parameter reason", Found: "nothing"})
	}
	for _, l := range lines {
		for _, b := range p.InBag(l) {
			b.Void, b.PutBack = true, q.Words
		}
	}
	return Outcome{After: p}, issues
}

// bagged are the lines in the bag that a request means: those that it names, or all.
func (p *Prescription) bagged(q Request) (lines []*Line, issues []fhir.Issue) {
	missing := func(place, found string) fhir.Issue {
		return fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "HAND-2", Expression: place, Message: "Nothing of it waits to be handed over.", Expected: "an item in the bag", Found: found, Fix: "Dispense it into the bag with Task/$dispense: bag."}
	}
	for i := range p.Lines {
		if l := &p.Lines[i]; len(q.Items) == 0 && len(p.InBag(l)) > 0 {
			lines = append(lines, l)
		}
	}
	for _, item := range q.Items {
		switch l := p.Line(item); {
		case l == nil:
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.NotFound, Rule: "0014", Expression: q.place("item"), Message: "The prescription has no such item.", Found: item, Details: nhs.EPS("MEDICATIONREQUEST_NOT_FOUND")})
		case len(p.InBag(l)) == 0:
			issues = append(issues, missing(q.place("item"), l.Status.String()))
		case !slices.Contains(lines, l):
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 && len(issues) == 0 {
		issues = append(issues, missing(q.Place, "none"))
	}
	return lines, issues
}

// FromBag are the supplies by which the items that a request means are handed over,
// with when they were put into the bag.
func (p *Prescription) FromBag(q Request) (list []Bagged, issues []fhir.Issue) {
	lines, issues := p.bagged(q)
	for _, l := range lines {
		for _, b := range p.InBag(l) {
			list = append(list, *b)
		}
	}
	return list, issues
}

// bagStays refuses to return a prescription of which something waits in the bag.
func (p *Prescription) bagStays(q Request) *fhir.Issue {
	for i := range p.Lines {
		if waits := p.InBag(&p.Lines[i]); len(waits) > 0 && p.Lines[i].Status.Outstanding() {
			return &fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "HAND-5", Expression: q.Place, Message: "Something of the prescription waits in the bag.", Expected: "an empty bag",
				Found: waits[0].Quantity.InUnits() + " of " + p.Lines[i].Product.Display, Fix: "Put it back with Task/$put-back."}
		}
	}
	return nil
}
