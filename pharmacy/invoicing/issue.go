package invoicing

import (
	"cmp"
	"context"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// mostLines is how many lines an invoice has at most. Of a month with more, further
// invoices have the rest.
const mostLines = 1000

// issue is Invoice/…/$issue.
func (s *Service) issue(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	return s.commit(ctx, call, "issue", func(state fhir.State) ([]fhir.Change, *fhir.Reply, error) {
		i, err := invoiceFor(state, call, "issue", false)
		if err != nil {
			return nil, nil, err
		}
		if i.status != "draft" {
			return nil, nil, refuse("issue", "PRIV-2", fhir.BusinessRule, "Invoice.status", "Only a draft is issued.", "draft", i.status+" "+i.number, "What an issued invoice says is corrected with $credit.")
		}
		rest, err := s.lines(state, i, call.Time)
		if err != nil {
			return nil, nil, err
		}
		changes, err := s.issued(state, i, call.Time)
		if err != nil {
			return nil, nil, err
		}
		if rest != nil {
			more, err := monthDraftAfter(state, rest, i.id)
			if err != nil {
				return nil, nil, err
			}
			changes = append(changes, more...)
		}
		return changes, &fhir.Reply{Resource: i.element()}, nil
	})
}

// lines gathers the charges that an invoice is to have; rest is a charge of its
// month that has no place on it, nil for none. What has no price is priced now.
func (s *Service) lines(state fhir.State, i *invoice, now time.Time) (rest *charge, err error) {
	switch {
	case i.kind == credit:
		_, err = i.loadOpen(state, openCredit(i.credits))
	case i.month == "":
		err = i.load(state)
	default:
		rest, err = i.loadMonth(state, now)
	}
	if err != nil {
		return nil, err
	}
	if len(i.lines) == 0 {
		return nil, refuse("issue", "PRIV-2", fhir.BusinessRule, "Invoice.lineItem", "There is nothing to invoice.", "charges that no invoice has", "none", "")
	}
	var issues []fhir.Issue
	var book *prices.Book
	for n, c := range i.lines {
		if c.status == planned {
			if book == nil {
				if book, err = s.shelf.book(state); err != nil {
					return nil, err
				}
			}
			c.price(book)
		}
		switch {
		case c.line.Reason != "":
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "PRIV-1", Expression: "Invoice",
				Message: "Line " + itoa(n+1) + ": " + c.line.Reason, Found: c.ref(), Fix: "Correct it with pestle prices load, and issue the invoice again."})
		case c.status != billable:
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Conflict, Rule: "PRIV-2", Expression: "Invoice", Message: "Line " + itoa(n+1) + ": the charge is on another invoice, or its supply was taken back.",
				Expected: billable, Found: c.status, Fix: "Send it again: the draft is being written anew."})
		}
	}
	if issues != nil {
		return nil, &fhir.Error{Op: "issue", Kind: issues[0].Code, Issues: issues}
	}
	return rest, nil
}

// loadMonth reads the charges of the month, once it is over.
func (i *invoice) loadMonth(state fhir.State, now time.Time) (rest *charge, err error) {
	if today := nhs.Midnight(now).Format("2006-01"); i.month >= today {
		return nil, fhir.E("issue", fhir.BusinessRule, fhir.Issue{Rule: "month-is-over", Expression: "Invoice", Message: "The month is not over, so its invoice is not issued: supplies of its remaining days would be left out.",
			Expected: "a month before " + today, Found: i.month})
	}
	return i.loadOpen(state, i.openMonth())
}

// loadOpen reads the charges of a mark, the oldest first, as many as an invoice has.
func (i *invoice) loadOpen(state fhir.State, open string) (rest *charge, err error) {
	ids, err := state.Find("ChargeItem", nhs.Query("identifier", idOpen, open))
	if err != nil {
		return nil, err
	}
	var all []*charge
	for _, id := range ids {
		c, err := chargeOf(state, id)
		if err != nil {
			return nil, err
		}
		if c != nil && c.open == open {
			all = append(all, c)
		}
	}
	sorting.By(all, func(a, b *charge) int { return cmp.Or(cmp.Compare(a.of.when, b.of.when), cmp.Compare(a.id, b.id)) })
	if i.lines = all; len(all) > mostLines {
		i.lines, rest = all[:mostLines], all[mostLines]
	}
	return rest, nil
}

// issued are the changes that issue an invoice: its number, the charges on it, and
// itself.
func (s *Service) issued(state fhir.State, i *invoice, now time.Time) ([]fhir.Change, error) {
	number, taken, err := nextNumber(state, i.pharmacy)
	if err != nil {
		return nil, err
	}
	book, err := s.shelf.book(state)
	if err != nil {
		return nil, err
	}
	i.number, i.status, i.date = number, "issued", now
	i.days = book.For(i.pharmacy, i.lines[0].clinic, nhs.DateOf(now)).Days()
	changes := []fhir.Change{taken}
	for _, c := range i.lines {
		c.status, c.open, c.invoice = billed, "", i.ref()
		change := c.change()
		if c.version == "" { // refused where it was taken back meanwhile
			change.Method, change.IfAbsent, change.IfNoneMatch = fhir.Update, false, true
		}
		changes = append(changes, change)
	}
	if i.version == "" {
		return append(changes, fhir.Change{Method: fhir.Update, Type: "Invoice", ID: i.id, Resource: i.element(), IfNoneMatch: true}), nil
	}
	return append(changes, fhir.Change{Method: fhir.Update, Type: "Invoice", ID: i.id, Resource: i.element(), IfMatch: i.version}), nil
}

// monthDraftAfter makes a draft for the rest of a month, after the invoice that is
// issued now.
func monthDraftAfter(state fhir.State, c *charge, issued string) ([]fhir.Change, error) {
	for k := 1; ; k++ {
		id := monthInvoiceID(c.open, k)
		had, err := invoiceOf(state, id)
		if err != nil {
			return nil, err
		}
		if had != nil && (id == issued || had.status != "draft") {
			continue
		}
		if had != nil {
			return nil, nil
		}
		return newMonth(c, k).change(state)
	}
}
