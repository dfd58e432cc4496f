package invoicing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// guardPaid refuses the supply of a private prescription, and its dispatch, where
// the clinic's terms say that it is paid first and it is not. It is asked of the
// Task, which moves with every supply, by whatever way; what is owed is worked out
// from the state of the commit, whether or not the follower has come that far.
func (s *Service) guardPaid(state fhir.State, before, after *fhir.Version) error {
	if before == nil || before.Deleted() || after.Deleted() {
		return nil
	}
	was, err := before.Resource()
	if err != nil {
		return err
	}
	is, err := after.Resource()
	if err != nil || !suppliesMore(was, is) {
		return err
	}
	d, err := readSupplied(state, after)
	if err != nil || d == nil {
		return err
	}
	book, err := s.shelf.book(state)
	if err != nil {
		return err
	}
	first := false
	for _, x := range append(d.supplies, d.bagged...) {
		first = first || book.For(d.of(x), d.clinic, x.day()).PaidFirst()
	}
	if !first {
		return nil
	}
	due, reason, err := s.due(state, d)
	if err != nil {
		return err
	}
	if reason != "" {
		return unpaid(reason, "a price for everything that is supplied", "none", "Load the price with Invoice/$price-list.")
	}
	if due <= 0 {
		return nil
	}
	// PAY-1: what is to be paid first is not supplied before.
	return unpaid("By the terms of the clinic this is paid before it is supplied, and "+prices.Sterling(due)+" is not paid.", "a balance of £0.00", prices.Sterling(due)+" due",
		"Ask for it with "+d.task+"/$request-payment, or record it with "+d.task+"/$record-payment.")
}

// unpaid is the refusal of what is to be paid first.
func unpaid(message, expected, found, fix string) error {
	return fhir.E("Task", fhir.BusinessRule, fhir.Issue{Rule: nhs.RulePaidFirst, Expression: "Task", Message: message, Expected: expected, Found: found, Fix: fix})
}

// suppliesMore reports whether a Task tells of a supply that it did not tell of, or
// of a bag that a courier has taken: not of the hand-over of that bag, which was
// paid before the courier had it.
func suppliesMore(was, is *fhir.Resource) bool {
	before, now := dispatched(was), dispatched(is)
	if before != now {
		return now > before
	}
	known := map[string]bool{}
	for out := range was.Get("output").Items() {
		known[out.Path("valueReference", "reference").Text()] = true
	}
	for out := range is.Get("output").Items() {
		if !known[out.Path("valueReference", "reference").Text()] {
			return true
		}
	}
	return false
}

// dispatched is how many times something of a Task was given to a courier and is
// with them.
func dispatched(task *fhir.Resource) (n int) {
	for in := range task.Get("input").Items() {
		record := nhs.Extension(in, extDispensing)
		if nhs.Coded(in.Get("type"), csDispensing) == "bagged" && nhs.Extension(record, "stage").Get("valueString").Text() == "dispatched" && !nhs.Extension(record, "void").Get("valueBoolean").Bool() {
			n++
		}
	}
	return n
}

// due is what is owed for a prescription: everything that was supplied of it or
// waits in the bag, less what was paid. reason says why that is not known.
func (s *Service) due(state fhir.State, d *supplied) (due int64, reason string, err error) {
	book, err := s.shelf.book(state)
	if err != nil {
		return 0, "", err
	}
	all := *d
	all.supplies = append(append([]supply{}, d.supplies...), d.bagged...)
	p, err := s.plan(state, &all)
	if err != nil {
		return 0, "", err
	}
	for _, c := range p.all {
		if c.status == aborted || c.account != d.account(d.pharmacy) {
			continue
		}
		if c.status == planned {
			if c.price(book); c.line.Reason != "" {
				return 0, c.line.Reason, nil
			}
		}
		due += c.line.Gross()
		back, err := chargeOf(state, reversalID(c.id))
		if err != nil {
			return 0, "", err
		}
		if back != nil {
			due += back.line.Gross()
		}
	}
	for _, back := range p.backs {
		due += back.line.Gross()
	}
	paid, err := paidOn(state, d.account(d.pharmacy))
	return due - paid, "", err
}
