package invoicing

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// guardPaid refuses the supply of a private prescription, and its dispatch, where
// the clinic's terms say that it is paid first and it is not. It is asked of the
// Task, which moves with every supply, by whatever way; what is owed is worked out
// from the state of the commit, whether or not the follower has come that far.
func (s *Service) guardPaid(state fhir.State, before, after *fhir.Version) error {
	if after.Deleted() {
		return nil
	}
	var was *fhir.Resource
	var had *supplied
	var err error
	if before != nil && !before.Deleted() {
		if was, err = before.Resource(); err != nil {
			return err
		}
	}
	is, err := after.Resource()
	if err != nil || !mayLeave(was, is) {
		return err
	}
	d, err := readSupplied(state, after)
	if err != nil || d == nil {
		return err
	}
	if was != nil {
		if had, err = readSupplied(state, before); err != nil {
			return err
		}
	}
	book, err := s.shelf.book(state)
	if err != nil {
		return err
	}
	first := false
	for _, x := range d.leaves(had) {
		first = first || book.For(d.of(x), d.clinic, x.day()).PaidFirst()
	}
	if !first {
		return nil
	}
	due, reason, err := s.due(state, d, d.sent())
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

// mayLeave reports whether a Task names a notification that it did not name, or bags that
// a courier has and did not have: of any other, nothing else is read.
func mayLeave(was, is *fhir.Resource) bool {
	known := map[string]bool{}
	if was != nil {
		for out := range was.Get("output").Items() {
			known[out.Path("valueReference", "reference").Text()] = true
		}
	}
	for out := range is.Get("output").Items() {
		if !known[out.Path("valueReference", "reference").Text()] {
			return true
		}
	}
	for left, n := range dispatched(is) {
		if n > dispatched(was)[left] {
			return true
		}
	}
	return false
}

// sent is what a courier has.
func (d *supplied) sent() (list []supply) {
	for _, x := range d.bagged {
		if x.sent {
			list = append(list, x)
		}
	}
	return list
}

// leaves is what is handed over or given to a courier, and was not before: not the
// hand-over of what the courier had, which was paid then, whatever it costs now.
func (d *supplied) leaves(had *supplied) (list []supply) {
	for _, x := range append(d.sent(), d.supplies...) {
		gone := had != nil && (slices.ContainsFunc(had.supplies, x.same) || slices.ContainsFunc(had.sent(), func(o supply) bool {
			return o.kind == x.kind && nhs.SameUUID(o.item, x.item) && o.quantity.Equal(x.quantity)
		}))
		if !gone {
			list = append(list, x)
		}
	}
	return list
}

// dispatched is how much of a Task is with a courier, by when they took it.
func dispatched(task *fhir.Resource) map[string]int {
	n := map[string]int{}
	if task == nil {
		return n
	}
	for in := range task.Get("input").Items() {
		record := nhs.Extension(in, extDispensing)
		if nhs.Coded(in.Get("type"), csDispensing) == "bagged" && nhs.Extension(record, "stage").Get("valueString").Text() == "dispatched" && !nhs.Extension(record, "void").Get("valueBoolean").Bool() {
			n[nhs.Extension(record, "left").Get("valueString").Text()]++
		}
	}
	return n
}

// due is what is owed for a prescription: everything that was supplied of it, and what
// is to be, less what was paid. reason says why that is not known.
func (s *Service) due(state fhir.State, d *supplied, next []supply) (due int64, reason string, err error) {
	book, err := s.shelf.book(state)
	if err != nil {
		return 0, "", err
	}
	all := *d
	all.supplies = slices.Concat(d.supplies, next)
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
