package invoicing

import (
	"context"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// balanceOfTask is Task/…/$balance: the state of the payment of a private prescription. Of
// what the clinic pays it says no more than that.
func (s *Service) balanceOfTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	state := s.db.State(ctx)
	d, err := suppliedOf(state, call.ID)
	if err != nil {
		return nil, err
	}
	if d == nil || d.pharmacy == "" || !call.Requester.ActsFor(d.pharmacy) && !call.Requester.SeesAll {
		return nil, fhir.E("balance", fhir.NotFound, fhir.Issue{Expression: "Task", Message: "There is no such private prescription with the pharmacy.", Expected: "the Task of a private prescription that the pharmacy has accepted", Found: "Task/" + call.ID})
	}
	book, err := s.shelf.book(state)
	if err != nil {
		return nil, err
	}
	terms := book.For(d.pharmacy, d.clinic, nhs.ReadDate(d.asked))
	payer := prices.ByPatient
	if terms.Word(prices.Payer) == prices.ByClinic {
		payer = prices.ByClinic
	}
	parts := []any{fhir.Obj("name", "payer", "valueCode", payer)}
	if payer == prices.ByPatient {
		parts = append(parts, fhir.Obj("name", "first", "valueBoolean", terms.PaidFirst()))
		more, err := s.accountOfTask(state, d)
		if err != nil {
			return nil, err
		}
		parts = append(parts, more...)
	}
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parts...)).Resource(), Impersonal: true}, nil
}

// accountOfTask is what is due for a prescription, what was paid and refunded, and the
// page that was asked for last.
func (s *Service) accountOfTask(state fhir.State, d *supplied) (parts []any, err error) {
	account := d.account(d.pharmacy)
	paid, refunded, last := int64(0), int64(0), time.Time{}
	if err := eachMovement(state, account, func(m *movement, v *fhir.Version) {
		if m.pence < 0 {
			refunded -= m.pence
		} else {
			paid += m.pence
		}
		if v.LastUpdated.After(last) {
			last = v.LastUpdated
		}
	}); err != nil {
		return nil, err
	}
	all := d.whole()
	due, reason, err := s.due(state, all, all.bagged)
	if err != nil {
		return nil, err
	}
	if reason == "" {
		parts = append(parts, amount("due", due))
	}
	parts = append(parts, amount("paid", paid), amount("refunded", refunded))
	if !last.IsZero() {
		parts = append(parts, fhir.Obj("name", "moved", "valueDateTime", nhs.Stamp(last)))
	}
	a, when, err := lastAsked(state, account)
	if err != nil || a == nil {
		return parts, err
	}
	return append(parts, fhir.Obj("name", "asked", "part", fhir.List(
		fhir.Obj("name", "state", "valueCode", a.state), amount("amount", a.pence), fhir.Obj("name", "when", "valueDateTime", nhs.Stamp(when))))), nil
}

// lastAsked is the request for a payment that was made last on an account, with when it
// became what it is; nil where there was none.
func lastAsked(state fhir.State, account string) (last *asked, when time.Time, err error) {
	for n := 1; ; n++ {
		a, err := askedOf(state, askedID(account, n))
		if err != nil || a == nil {
			return last, when, err
		}
		v, err := standing(state, "Basic", "Basic/"+a.id)
		if err != nil {
			return nil, when, err
		}
		last, when = a, v.LastUpdated
	}
}
