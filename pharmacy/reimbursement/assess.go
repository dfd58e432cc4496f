package reimbursement

import (
	"fmt"
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// assess prices the Claim for a prescription that the server has dispensed.
func (s *Service) assess(state fhir.State, r *fhir.Resource, d *dispensed, created time.Time) (*fhir.Resource, error) {
	book, err := s.shelf.book(state, d.day)
	if err != nil {
		return nil, err
	}
	c := readClaim(r)
	p, notes := c.prescriptionIn(d, book.Exemptions)
	org := nhs.Identifier(c.pharmacy(), nhs.IDODS).Text()
	resp := &response{claim: r, claimID: ClaimID(d.order, d.issue), notes: notes, round: roundingOf(book, d.day), day: d.day, created: created, org: org,
		assumed: assumesCharge(c, d), withdrawn: !d.finished}
	if d.patient != nil {
		if age, ok := ageOn(d.patient.Get("birthDate").Text(), d.day); ok {
			resp.age = book.Exemptions.AgeGroup(age, d.day)
			if e, ok := book.Exemptions.At(p.Exemption, d.day); ok && e.OtherThan(age) {
				resp.notes = append(resp.notes, fmt.Sprintf("The exemption is %s (%s), and the patient's age was %d on the day of the supply: no charge is taken off, as claimed.", e.Code, e.Text, age))
			}
		}
	}
	if p.Leftovers, err = leftovers(state, p, book, org, resp.claimID); err != nil {
		return nil, err
	}
	for _, detail := range c.details {
		resp.lines = append(resp.lines, place{sequence(c.item, 1), sequence(detail, len(resp.lines)+1)})
	}
	resp.result = pricing.Assess(p, book)
	return resp.value(), nil
}

// assessOther prices any other Claim: each item or detail with a product of
// dm+d and a quantity, by the day of service. It belongs to no month of the NHS.
func (s *Service) assessOther(state fhir.State, r *fhir.Resource, id string, created time.Time) (*fhir.Resource, error) {
	day := serviceDay(r)
	if day.IsZero() {
		day = nhs.Midnight(created)
	}
	book, err := s.shelf.book(state, day)
	if err != nil {
		return nil, err
	}
	resp := &response{claim: r, claimID: id, round: roundingOf(book, day), day: day, created: created}
	p := pricing.Prescription{Day: day}
	for item := range r.Get("item").Items() {
		at := place{item: sequence(item, len(resp.lines)+1)}
		if !item.Get("detail").Exists() {
			resp.lines, p.Lines = append(resp.lines, at), append(p.Lines, lineOf(item))
		}
		n := 0
		for detail := range item.Get("detail").Items() {
			n++
			at.detail = sequence(detail, n)
			resp.lines, p.Lines = append(resp.lines, at), append(p.Lines, lineOf(detail))
		}
	}
	if nhs.Coded(r.Get("type"), nhs.CSClaimType) == "pharmacy" {
		resp.result = pricing.Assess(p, book)
		for i, l := range resp.result.Lines {
			if l.Outcome == pricing.NotSupplied {
				resp.result.Lines[i] = unpriced("no-quantity", "The claim does not say how much of the product was supplied.")
			}
		}
	} else {
		resp.result = &pricing.Assessment{}
		for range p.Lines {
			resp.result.Lines = append(resp.result.Lines, unpriced("claim-type", "The claim is not of type pharmacy."))
		}
		resp.notes = append(resp.notes, "Only claims of type pharmacy are priced.")
	}
	return resp.value(), nil
}

// roundingOf is how the fee schedule rounds to pence on a day.
func roundingOf(book *pricing.Book, day time.Time) string {
	way, _ := book.Fees.At(tariff.Rounding, day)
	return way.Value
}

// lineOf is an item or detail of a plain Claim as a line: what it names was
// both ordered and supplied.
func lineOf(n fhir.Node) pricing.Line {
	product, quantity := productOf(n.Get("productOrService")), amountOf(n.Get("quantity"))
	return pricing.Line{Prescribed: product, Ordered: quantity, Endorsements: endorsementsOf(n), Charges: chargesOf(n),
		Supplies: []pricing.Supply{{Product: product, Quantity: quantity}}}
}

func unpriced(code, text string) pricing.Result {
	return pricing.Result{Outcome: pricing.Unpriced, Reason: pricing.Reason{Code: code, Text: text}}
}

func sequence(n fhir.Node, fallback int) int {
	if i, err := strconv.Atoi(n.Get("sequence").Text()); err == nil {
		return i
	}
	return fallback
}

// serviceDay is when what a Claim is for was done: the first item's date, else
// the end of the billable period, else the day of the Claim.
func serviceDay(r *fhir.Resource) time.Time {
	item := r.Get("item").Item(0)
	for _, n := range []fhir.Node{item.Get("servicedDate"), item.Path("servicedPeriod", "end"), r.Root().Path("billablePeriod", "end"), r.Get("created")} {
		if day := nhs.Day(n.Text()); !day.IsZero() {
			return day
		}
	}
	return time.Time{}
}
