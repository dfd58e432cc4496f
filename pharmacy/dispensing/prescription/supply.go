package prescription

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Supply is what one MedicationDispense tells of an item.
type Supply struct {
	Item     string
	Status   LineStatus
	Quantity Quantity // handed over now; zero where nothing was
	Product  fhir.Coding
	Reason   string // medicationdispense-status-reason, for what is not dispensed
	Pack     Pack   // as far as it is told
	// Difference names why an item is fully dispensed with another quantity than
	// ordered: a code of [Law.Differences]. Reference is the document that allows it.
	Difference, Reference string
	Collection            Collection // who took it
	Place                 string     // where issues point to
}

// ReadSupply reads what a MedicationDispense tells of an item.
func ReadSupply(d node) Supply {
	reason := nhs.Coded(d.Get("statusReasonCodeableConcept"), nhs.CSNotDispensed)
	if reason == "" {
		reason = nhs.Extension(d, nhs.ExtNonDispensing).Path("valueCoding", "code").Text()
	}
	difference, reference := differenceOf(d)
	return Supply{
		Item: nhs.Identifier(OrderWithin(d), nhs.IDItem).Text(), Status: LineStatus(nhs.Coded(d.Get("type"), nhs.CSLineStatus)),
		Quantity: ReadQuantity(d.Get("quantity")).Of(HandedOver(d)), Reason: reason, Place: d.Expression(), Difference: difference, Reference: reference,
		Product: suppliedProduct(d), Collection: ReadCollection(d),
	}
}

// suppliedProduct is what a MedicationDispense says was supplied: by its first
// code, or in words.
func suppliedProduct(d node) fhir.Coding {
	return ProductNamed(MedicineOf(d))
}

// ProductNamed is the product of a concept.
func ProductNamed(medicine node) fhir.Coding {
	if list := medicinesOf(medicine); len(list) > 0 {
		return list[0]
	}
	return fhir.Coding{Display: "a medicine that is not named"}
}

// Judge is how supplies are held to the law.
type Judge struct {
	Law         Law
	FromReceipt bool
	When        nhs.Date // when the items were or are handed over
	Now         nhs.Date // the day on which that is said
	Taken       nhs.Date // when the pharmacy took the prescription
	Medicines   Formulary
	Policy      Policy
	Amends      bool           // the supplies are told anew, as an amendment
	Waits       bool           // nothing is handed over yet: it goes into a bag
	Bagged      bool           // what is handed over comes from the bag
	HandedOver  string         // when, as it was told
	Caller      fhir.Principal // who records it
	// Past is set for the notification of a supply that another system made
	// and judged: it is refused where controlled drug law was broken, and
	// recorded with every other failing.
	Past bool
}

// MaxSupplies is how many supplies one notification may have: far more than the
// items of a prescription, and few enough to judge together.
const MaxSupplies = 100

// Apply makes the supplies of one notification part of the prescription, and
// returns every reason why it must not. The prescription is of no use then.
// Several supplies may be of one line: it was filled with several products.
func (p *Prescription) Apply(supplies []Supply, j Judge) []fhir.Issue {
	if len(supplies) > MaxSupplies {
		return []fhir.Issue{supplies[MaxSupplies].wrong("DN-20", "There are more supplies than one notification may have.", fmt.Sprintf("at most %d", MaxSupplies), strconv.Itoa(len(supplies)), "Send the others in a further one.")}
	}
	var issues []fhir.Issue
	before := slices.Clone(p.Lines)
	for _, s := range supplies {
		l := p.Line(s.Item)
		if l == nil {
			// 0014: no such item.
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.NotFound, Rule: "0014", Expression: s.Place,
				Message: "The prescription has no such item.", Found: s.Item, Details: nhs.EPS("MEDICATIONREQUEST_NOT_FOUND")})
			continue
		}
		was := (&Prescription{Lines: before}).Line(s.Item)
		to, moved := s.Outcome(was.Status)
		if !moved {
			continue
		}
		if issue := moveLine(was.Status, to, s.Place); issue != nil {
			issues = append(issues, *issue)
			continue
		}
		found := append(l.takes(s, j), p.fromBag(was, s, j)...)
		if s.Quantity.Value.IsPositive() {
			found = append(found, p.Lawful(l, s, j)...)
			found = append(found, p.productIssues(l, s, j)...)
			for _, h := range p.Standing(l) {
				if h.stops(s) {
					found = append(found, h.issue(s.Place))
				}
			}
		}
		issues = append(issues, found...)
		l.Become(to)
		l.Supplied.Value = l.Supplied.Value.Add(s.Quantity.Value)
	}
	if len(issues) > 0 {
		return issues
	}
	for i := range p.Lines {
		issues = append(issues, p.Lines[i].amounts(before[i], supplies, j)...)
		issues = append(issues, p.Lines[i].instalmentIssues(before[i], supplies, j)...)
		issues = append(issues, p.checked(&p.Lines[i], supplies, j)...)
		p.emptied(&p.Lines[i], supplies)
		p.Lines[i].handedOver(supplies, j.When)
	}
	return issues
}

// Outcome is what a supply makes of a line, and whether it does anything: a
// notification repeats items of which there is nothing new.
func (s Supply) Outcome(before LineStatus) (to LineStatus, moved bool) {
	switch {
	case s.Status == ToBeDispensed || s.Status == WithDispenser:
		return before, false
	case before.Settled() && s.Quantity.Value.IsZero():
		return before, false
	case s.Status == LineCancelled:
		return NotDispensed, true // the dispenser gives it up because it was told to
	}
	return s.Status, true
}

// Lawful holds the supply of a line to the law.
func (p *Prescription) Lawful(l *Line, s Supply, j Judge) []fhir.Issue {
	issues := p.timely(l, s, j)
	add := func(rule string, issue fhir.Issue) {
		issue.Severity, issue.Code, issue.Rule, issue.Expression = fhir.Err, fhir.BusinessRule, rule, s.Place
		issues = append(issues, issue)
	}
	c := j.Law.Control(l.Schedule, p.Appropriate(false))
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
			Expected: "a supply by " + last.String(), Found: j.When.String(), Fix: "Ask the prescriber for a new prescription.", Details: nhs.EPS("PRESCRIPTION_EXPIRED")})
	}
	if from := p.Appropriate(false); c.NotBefore && j.When.Before(from) {
		// MDR-16(1)(c): a controlled drug is not supplied before the date on its prescription.
		add("MDR-16", fhir.Issue{Message: fmt.Sprintf("%s cannot be supplied yet.", l.Product.Display), Expected: "a supply from " + from.String(), Found: j.When.String()})
	}
	if c.Original && p.Private() && len(p.Originals) == 0 {
		issues = append(issues, l.withoutOriginal(s.Place))
	}
	if j.Policy.wants(ApproveStep, l, p.Private(), j.Caller, j.Now) && !p.Approved(l) {
		issues = append(issues, p.unapproved(l, s.Place))
	}
	issues = append(issues, p.collected(l, s, j)...)
	if l.PendingCancellation && !j.Past {
		// R-0003: the prescriber has asked for the cancellation of the item.
		add("R-0003", fhir.Issue{Message: fmt.Sprintf("The prescriber wants %s cancelled.", l.Product.Display),
			Expected: "the item not dispensed, or the prescription returned", Details: nhs.EPS("MEDICATIONREQUEST_INVALID_STATE_TRANSITION")})
	}
	return issues
}

// OrderWithin is the contained item that a supply is for.
func OrderWithin(dispense node) node {
	for ref := range dispense.Get("authorizingPrescription").Items() {
		if mr := nhs.Contained(dispense, ref); nhs.TypeOf(mr) == "MedicationRequest" {
			return mr
		}
	}
	return node{}
}

// HandedOver is how much a MedicationDispense handed over: nothing where it
// tells that the item was not dispensed, whatever quantity it repeats.
func HandedOver(d node) decimal.Decimal {
	switch LineStatus(nhs.Coded(d.Get("type"), nhs.CSLineStatus)) {
	case FullyDispensed, PartDispensed:
		return ReadQuantity(d.Get("quantity")).Value
	}
	return decimal.Zero
}
