package prices

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Book is all that prices a supply, with the names of the files that say it.
type Book struct {
	List      *List  // nil where none is loaded
	ListName  string // Binary/…/_history/…
	Terms     *Terms // nil where none are loaded
	TermsName string
	VAT       *VAT
	VATName   string
}

// Agreement is what holds between a pharmacy and a clinic on a day.
type Agreement struct {
	Pharmacy, Clinic string
	On               nhs.Date
	book             *Book
}

// For is the agreement with a clinic on a day.
func (b *Book) For(pharmacy, clinic string, on nhs.Date) Agreement {
	return Agreement{Pharmacy: pharmacy, Clinic: clinic, On: on, book: b}
}

// Term is the row of a rule, with the file that says it.
func (a Agreement) Term(rule Rule) (t Term, source string, ok bool) {
	if t, ok = a.book.Terms.At(rule, a.Pharmacy, a.Clinic, a.On); ok {
		return t, a.book.TermsName, true
	}
	t, ok = BuiltinTerms().At(rule, a.Pharmacy, a.Clinic, a.On)
	return t, "built in", ok
}

// Word is the value of a rule that has words, "" where nothing is agreed.
func (a Agreement) Word(rule Rule) string {
	t, _, _ := a.Term(rule)
	return t.Value
}

// PaidFirst reports whether it is paid before the supply.
func (a Agreement) PaidFirst() bool { return a.Word(PaymentIs) == BeforeSupply }

// Monthly reports whether the supplies of a month are one invoice: to the clinic.
func (a Agreement) Monthly() bool {
	return a.Word(InvoiceBy) == PerMonth && a.Word(Payer) == ByClinic && !a.PaidFirst()
}

// RefundLimit is how much of a payment one person refunds, in pence.
func (a Agreement) RefundLimit() int64 {
	t, _, _ := a.Term(RefundLimit)
	return t.Pence
}

// Days is in how many days an invoice is paid.
func (a Agreement) Days() int {
	t, _, _ := a.Term(PaymentDays)
	return t.Days
}

// Part is a part of a line: an amount with its VAT.
type Part struct {
	Kind    string // medicine, dispensing-fee or delivery-fee
	Pence   int64  // without VAT
	VATKind string
	Rate    string // of VAT in percent
	VAT     int64
	Cite    string // what says so
}

// The kinds of parts.
const (
	MedicinePart = "medicine"
	FeePart      = string(DispensingFee)
	DeliveryPart = string(DeliveryFee)
)

// Line is what a supply costs. Where it cannot be said, Reason says why, and
// there are no parts.
type Line struct {
	Parts  []Part
	Reason string
}

// Net, VAT and Gross are the sums of a line.
func (l Line) Net() (sum int64) {
	for _, p := range l.Parts {
		sum += p.Pence
	}
	return sum
}

// VAT is the tax of a line.
func (l Line) VAT() (sum int64) {
	for _, p := range l.Parts {
		sum += p.VAT
	}
	return sum
}

// Taxes are the sums of the tax of a line, one for each kind and rate.
func (l Line) Taxes() (list []Part) {
	for _, p := range l.Parts {
		i := slices.IndexFunc(list, func(t Part) bool { return t.VATKind == p.VATKind && t.Rate == p.Rate })
		if i < 0 {
			i, list = len(list), append(list, Part{VATKind: p.VATKind, Rate: p.Rate})
		}
		list[i].VAT += p.VAT
	}
	return list
}

// Gross is what a line costs.
func (l Line) Gross() int64 { return l.Net() + l.VAT() }

// Negated is the line that takes another back.
func (l Line) Negated() Line {
	n := Line{Reason: l.Reason}
	for _, p := range l.Parts {
		p.Pence, p.VAT = -p.Pence, -p.VAT
		n.Parts = append(n.Parts, p)
	}
	return n
}

// Medicine is what a quantity of a medicine costs, with the fee for dispensing it.
// The first of the codes that has a price counts. A reason names the product by its
// code: those who see to prices are not shown what a patient takes.
func (a Agreement) Medicine(codes []string, quantity decimal.Decimal, unit string) Line {
	var p Price
	found := false
	for _, code := range codes {
		if p, found = a.book.List.Of(code, a.Pharmacy, a.Clinic, a.On); found {
			break
		}
	}
	switch {
	case !found:
		return Line{Reason: fmt.Sprintf("No price of product %s for clinic %s holds on %s.", strings.Join(codes, " or "), a.Clinic, a.On)}
	case !quantity.IsPositive():
		return Line{Reason: "It is not recorded how much of product " + p.Code + " was supplied."}
	case !sameUnit(unit, p.Unit):
		return Line{Reason: fmt.Sprintf("Product %s is priced by %s, and was supplied in %s.", p.Code, p.Unit, unit)}
	}
	line := Line{}
	how := fmt.Sprintf("%s %s at %s for %s, line %d of %s", quantity, p.Unit, Sterling(p.Pence), p.Size, p.Line, a.book.ListName)
	amount := share(p.Pence, quantity, p.Size)
	if p.Per == WholePacks {
		amount = p.Pence * packs(quantity, p.Size)
		how += ", whole packs"
	}
	if amount >= mostAmount {
		return Line{Reason: fmt.Sprintf("%s %s of product %s come to %s: is the quantity right?", quantity, unit, p.Code, Sterling(amount))}
	}
	if reason := a.add(&line, MedicinePart, amount, p.VAT, how); reason != "" {
		return Line{Reason: reason}
	}
	if reason := a.fee(&line, DispensingFee); reason != "" {
		return Line{Reason: reason}
	}
	return line
}

// Delivery is what a delivery costs; a line without parts where nothing is agreed.
func (a Agreement) Delivery() Line {
	line := Line{}
	if reason := a.fee(&line, DeliveryFee); reason != "" {
		return Line{Reason: reason}
	}
	return line
}

// fee adds a fee where one is agreed.
func (a Agreement) fee(l *Line, rule Rule) string {
	t, source, ok := a.Term(rule)
	if !ok || t.Pence == 0 {
		return ""
	}
	return a.add(l, string(rule), t.Pence, t.VAT, fmt.Sprintf("%s from %s, line %d of %s", rule, t.From, t.Line, source))
}

// add adds a part with its VAT, or says why that is not known.
func (a Agreement) add(l *Line, kind string, pence int64, vat, cite string) string {
	rate, ok := a.book.VAT.On(vat, a.On)
	if !ok {
		return "No rate of VAT for " + vat + " holds on " + a.On.String() + "."
	}
	tax := round(decimal.NewFromInt(pence).Mul(rate.number).Shift(-2))
	l.Parts = append(l.Parts, Part{Kind: kind, Pence: pence, VATKind: vat, Rate: rate.Rate, VAT: tax,
		Cite: cite + "; VAT " + rate.Rate + " % (" + vat + " from " + rate.From.String() + ", mark " + rate.Mark + ", line " + itoa(rate.Line) + " of " + a.book.VATName + ")"})
	return ""
}

// sameUnit compares units as people write them: capsule, Capsules.
func sameUnit(a, b string) bool {
	plain := func(s string) string { return strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), "s") }
	return plain(a) == plain(b)
}
