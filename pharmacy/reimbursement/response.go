package reimbursement

import (
	"math/big"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// response is what a ClaimResponse is made of.
type response struct {
	claim   *fhir.Resource
	claimID string
	// lines say where the results belong: the sequences of item and detail;
	// detail 0 is the item itself.
	lines   []place
	result  *pricing.Assessment
	round   string // how an amount becomes pence for a reader: tariff.Rounding
	notes   []string
	day     time.Time
	created time.Time
	org     string // ODS code of the pharmacy whose month it belongs to, "" for none
	age     string // the age group of the patient on the day, "" where that is not known
	// assumed says that the charge was claimed as paid for want of an exemption.
	assumed bool
	// withdrawn says that the supply is no longer finished: nothing is paid.
	withdrawn bool
}

type place struct{ item, detail int }

// Codes of csCategory beside those of package pricing.
const (
	payable  = "payable"        // all figures together, before the month's deductions
	discount = "discount-group" // says the group, has no amount
)

// notSupplied is the csRule code of a line that is not paid because nothing of
// it was handed over.
const notSupplied = "not-supplied"

// value writes the ClaimResponse.
func (p *response) value() *fhir.Resource {
	c := p.claim
	outcome, status := "complete", c.Get("status").Text()
	if !p.result.Complete() {
		outcome = "partial"
	}
	notes, lacks := p.processNotes(), p.lacks()
	return fhir.Obj(
		"resourceType", "ClaimResponse",
		"id", ResponseID(p.claimID),
		"meta", fhir.Obj("tag", fhir.List(p.tags(lacks)...)),
		"extension", fhir.List(fhir.Obj("url", extDay, "valueDate", p.day.Format(time.DateOnly)), p.ageGroup(), p.incomplete(lacks)),
		"status", status,
		"type", c.Get("type"),
		"use", c.Get("use"),
		"patient", p.outward("patient", "the patient of the claim"),
		"created", p.created.UTC().Format(fhir.InstantLayout),
		"insurer", p.insurer(),
		"requestor", p.requestor(),
		"request", fhir.Obj("reference", "Claim/"+p.claimID, "identifier", c.Get("identifier").Item(0)),
		"outcome", outcome,
		"disposition", p.disposition(),
		"payeeType", c.Root().Path("payee", "type"),
		"item", p.items(notes),
		"total", p.totals(),
		"processNote", notes.value(),
		"error", p.errors(),
	).Resource()
}

func (p *response) ageGroup() fhir.Value {
	if p.age == "" {
		return fhir.Value{}
	}
	return fhir.Obj("url", extAge, "valueCode", p.age)
}

func (p *response) tags(lacks []string) []any {
	if p.org == "" {
		return nil
	}
	month := tariff.MonthOf(p.day).String()
	tags := []any{fhir.Obj("system", csMonth, "code", month), fhir.Obj("system", csMonth, "code", monthOf(month, p.org))}
	if len(lacks) > 0 {
		tags = append(tags, fhir.Obj("system", csQueue, "code", claimIncomplete))
	}
	seen := map[string]bool{}
	for _, l := range p.result.Lines {
		if l.Residue != nil && !seen[l.Residue.Pack] {
			seen[l.Residue.Pack] = true
			tags = append(tags, fhir.Obj("system", csResidue, "code", p.org+"."+l.Residue.Pack))
		}
	}
	return tags
}

// monthOf is the code of the tag for a pharmacy's month: "2026-11.FA565".
func monthOf(month, org string) string { return month + "." + org }

// insurer is who is claimed from: named as such, or by the coverage.
func (p *response) insurer() fhir.Value {
	if by := p.claim.Get("insurer"); by.Exists() {
		return p.outward("insurer", "the insurer of the claim")
	}
	coverage := p.claim.Get("insurance").Item(0).Get("coverage")
	named := fhir.Obj("identifier", coverage.Get("identifier"), "display", coverage.Get("display"))
	if named.IsZero() {
		return fhir.Obj("display", "not named by the claim")
	}
	return named
}

// requestor is the pharmacy of an EPS claim, by its identifier, or the provider.
func (p *response) requestor() fhir.Value {
	if o := (&claim{Resource: p.claim}).pharmacy(); o.Exists() {
		return fhir.Obj("identifier", o.Get("identifier").Item(0), "display", o.Get("name"))
	}
	return p.outward("provider", "the provider of the claim")
}

// outward is a reference of the Claim as it holds outside of it: one to a
// contained resource becomes the identifier of that.
func (p *response) outward(name, otherwise string) fhir.Value {
	ref := p.claim.Get(name)
	if !strings.HasPrefix(ref.Get("reference").Text(), "#") {
		return fhir.Obj("reference", ref.Get("reference"), "type", ref.Get("type"), "identifier", ref.Get("identifier"), "display", ref.Get("display"))
	}
	display := ref.Get("display").Text()
	if display == "" {
		display = otherwise
	}
	within := nhs.Contained(p.claim.Root(), ref)
	return fhir.Obj("type", within.Get("resourceType"), "identifier", within.Get("identifier").Item(0), "display", display)
}

// items writes one item for each of the Claim, with the details within.
func (p *response) items(notes *noteList) fhir.Value {
	var items []any
	for i := 0; i < len(p.lines); {
		item := p.lines[i].item
		sum := new(big.Rat)
		var details []any
		var own []any
		var ownNotes fhir.Value
		for ; i < len(p.lines) && p.lines[i].item == item; i++ {
			r := p.result.Lines[i]
			sum.Add(sum, lineSum(r))
			if p.lines[i].detail == 0 {
				own, ownNotes = adjudications(r), notes.of(i)
				continue
			}
			details = append(details, fhir.Obj("detailSequence", p.lines[i].detail, "noteNumber", notes.of(i), "adjudication", fhir.List(adjudications(r)...)))
		}
		own = append(own, fhir.Obj("category", category(payable), "amount", money(sum)))
		items = append(items, fhir.Obj("itemSequence", item, "noteNumber", ownNotes, "adjudication", fhir.List(own...), "detail", fhir.List(details...)))
	}
	return fhir.List(items...)
}

func (p *response) totals() fhir.Value {
	var list []any
	for _, c := range pricing.Categories() {
		if sum := p.result.Sum(c); sum.Sign() != 0 {
			list = append(list, fhir.Obj("category", category(string(c)), "amount", money(sum)))
		}
	}
	return fhir.List(append(list, fhir.Obj("category", category(payable), "amount", money(p.result.Payable())))...)
}

// errors lists the lines without a price, for those who look there.
func (p *response) errors() fhir.Value {
	var list []any
	for i, r := range p.result.Lines {
		if r.Outcome != pricing.Unpriced {
			continue
		}
		e := []any{"itemSequence", p.lines[i].item}
		if p.lines[i].detail > 0 {
			e = append(e, "detailSequence", p.lines[i].detail)
		}
		list = append(list, fhir.Obj(append(e, "code", rule(r.Reason.Code, r.Reason.Text))...))
	}
	return fhir.List(list...)
}
