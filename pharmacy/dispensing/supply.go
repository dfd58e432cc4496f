package dispensing

import (
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
)

// Supply is what one MedicationDispense tells of an item.
type Supply struct {
	Item     string
	Status   LineStatus
	Quantity Quantity // handed over now; zero where nothing was
	Product  fhir.Coding
	Reason   string // medicationdispense-status-reason, for what is not dispensed
	Place    string // where issues point to
}

// readSupplies reads the supplies of a notification.
func readSupplies(m *message) []Supply {
	var list []Supply
	for d := range m.all("MedicationDispense") {
		product := d.Get("medicationCodeableConcept").Get("coding").Item(0)
		reason := coded(d.Get("statusReasonCodeableConcept"), csNotDispensed)
		if reason == "" {
			reason = extension(d, extNonDispensing).Path("valueCoding", "code").Text()
		}
		q := readQuantity(d.Get("quantity"))
		list = append(list, Supply{
			Item: identifier(authorizing(d), idItem).Text(), Status: LineStatus(coded(d.Get("type"), csLineStatus)),
			Quantity: q.Of(suppliedBy(d)), Reason: reason, Place: d.Expression(),
			Product: fhir.Coding{System: product.Get("system").Text(), Code: product.Get("code").Text(), Display: product.Get("display").Text()},
		})
	}
	return list
}

// Judge is how supplies are held to the law.
type Judge struct {
	Law         Law
	FromReceipt bool
	When        Date // when the items were or are handed over
	// Past is set for the notification of a supply that another system made
	// and judged: it is refused where controlled drug law was broken, and
	// recorded with every other failing.
	Past     bool
	Original bool // the paper original of a private prescription is held
}

// Apply makes the supplies of one notification part of the prescription, and
// gives every reason why it must not. The prescription is of no use then.
func (p *Prescription) Apply(supplies []Supply, j Judge) []fhir.Issue {
	var issues []fhir.Issue
	before := map[string]LineStatus{}
	for _, l := range p.Lines {
		before[l.Item] = l.Status
	}
	for _, s := range supplies {
		l := p.line(s.Item)
		if l == nil {
			// 0014: no such item.
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.NotFound, Rule: "0014", Expression: s.Place,
				Message: "The prescription has no such item.", Found: s.Item, Details: eps("MEDICATIONREQUEST_NOT_FOUND")})
			continue
		}
		to, moved := s.outcome(before[l.Item])
		if !moved {
			continue
		}
		if issue := moveLine(before[l.Item], to, s.Place); issue != nil {
			issues = append(issues, *issue)
			continue
		}
		if (to == FullyDispensed || to == PartDispensed) && !s.Quantity.Value.IsPositive() {
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "DN-1", Expression: s.Place,
				Message: "A supply must be of something.", Expected: "a quantity above 0", Found: s.Quantity.Value.String()})
			continue
		}
		if s.Quantity.Value.IsPositive() {
			issues = append(issues, p.lawful(l, s, j)...)
		}
		l.Status = to
		l.Supplied.Value = l.Supplied.Value.Add(s.Quantity.Value)
	}
	return issues
}

// outcome is what a supply makes of a line, and whether it does anything: a
// notification repeats items of which there is nothing new.
func (s Supply) outcome(before LineStatus) (to LineStatus, moved bool) {
	switch {
	case s.Status == ToBeDispensed || s.Status == WithDispenser:
		return before, false
	case before.settled() && s.Quantity.Value.IsZero():
		return before, false
	case s.Status == LineCancelled:
		return NotDispensed, true // the dispenser gives it up because it was told to
	}
	return s.Status, true
}

// lawful holds the supply of a line to the law.
func (p *Prescription) lawful(l *Line, s Supply, j Judge) (issues []fhir.Issue) {
	add := func(rule string, issue fhir.Issue) {
		issue.Severity, issue.Code, issue.Rule, issue.Expression = fhir.Err, fhir.BusinessRule, rule, s.Place
		issues = append(issues, issue)
	}
	c := j.Law.control(l.Schedule, p.Appropriate(false))
	last, rule := p.Expiry(j.Law, l, j.FromReceipt)
	limit, _ := j.Law.limit(l.Schedule, p.Appropriate(false))
	binds := !last.IsZero() && (limit.Recorded || !j.Past)
	if binds && j.When.IsZero() {
		// MDR-16, HMR-217: whether it was in time can be told of a day only.
		add(rule, fhir.Issue{Message: fmt.Sprintf("It is not clear on which day %s is supplied.", l.Product.Display),
			Expected: "whenHandedOver with at least a day", Found: "none"})
		return issues
	}
	if binds && last.Before(j.When) {
		// MDR-16, HMR-217: nothing is supplied after the last day, owings included.
		add(rule, fhir.Issue{Message: fmt.Sprintf("%s can no longer be supplied on this prescription.", l.Product.Display),
			Expected: "a supply by " + last.String(), Found: j.When.String(), Fix: "Ask the prescriber for a new prescription.", Details: eps("PRESCRIPTION_EXPIRED")})
	}
	if from := p.Appropriate(false); c.NotBefore && j.When.Before(from) {
		// MDR-16(1)(c): a controlled drug is not supplied before the date on its prescription.
		add("MDR-16", fhir.Issue{Message: fmt.Sprintf("%s cannot be supplied yet.", l.Product.Display), Expected: "a supply from " + from.String(), Found: j.When.String()})
	}
	if c.Original && p.Private() && !j.Original {
		// MDR-15(1)(aa): the private prescription of a Schedule 2 or 3 drug is a form on paper.
		add("MDR-15", fhir.Issue{Message: fmt.Sprintf("The paper original of a private prescription for %s must be held before it is supplied.", l.Product.Display),
			Expected: "the form FP10PCD, received and checked", Found: "no record of it", Fix: "Record it with the parameter original of Task/$accept or $dispense."})
	}
	if l.Doomed && !j.Past {
		// R-0003: the prescriber has asked for the cancellation of the item.
		add("R-0003", fhir.Issue{Message: fmt.Sprintf("The prescriber wants %s cancelled.", l.Product.Display),
			Expected: "the item not dispensed, or the prescription returned", Details: eps("MEDICATIONREQUEST_INVALID_STATE_TRANSITION")})
	}
	return issues
}
