package invoicing

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// The types of an Invoice.
const (
	ordinary = "invoice"
	credit   = "credit"
)

// invoice is an Invoice.
type invoice struct {
	id       string
	version  string // that was read, "" for a new one
	status   string // draft, issued or cancelled
	kind     string // ordinary or credit
	account  string
	pharmacy string
	clinic   string // of an account by month
	month    string // the same
	payer    string
	patient  string // Patient/1, where the invoice is of one
	credits  string // Invoice/1
	credited string // the number of that
	reason   string // of a credit
	number   string // once it is issued
	date     time.Time
	days     int
	lines    []*charge
	drawn    []invoiceLine // as they were read
}

// termsWords are the payment terms of an Invoice.
const termsWords = "To be paid within %d days."

// invoiceLine is a line as an Invoice has it.
type invoiceLine struct {
	charge     string // the id of the ChargeItem
	net, gross int64
}

func (i *invoice) ref() string { return "Invoice/" + i.id }

// The ids of the k-th invoice of an issue of a prescription to one payer, of a
// clinic's month, and of the k-th credit of an invoice.
func supplyInvoiceID(account, payer string, k int) string {
	return pharmacy.ID("Invoice", "private", account, payer, strconv.Itoa(k))
}

func monthInvoiceID(open string, k int) string {
	return pharmacy.ID("Invoice", "private-month", open, strconv.Itoa(k))
}

func creditID(invoice string, k int) string {
	return pharmacy.ID("Invoice", "credit", invoice, strconv.Itoa(k))
}

// decisionID is the id of the k-th credit of an invoice by decision. It is of another
// form, so that whoever is quicker, a credit that follows from a supply has its own.
func decisionID(invoice string, k int) string {
	return pharmacy.ID("Invoice", "credit by decision", invoice, strconv.Itoa(k))
}

// element writes the Invoice.
func (i *invoice) element() *fhir.Resource {
	var extensions []any
	if i.credits != "" {
		extensions = append(extensions, fhir.Obj("url", extCredits, "valueReference", fhir.Obj("reference", i.credits)))
	}
	recipient, subject := organisation(i.clinic), fhir.Value{}
	if i.payer == prices.ByPatient {
		recipient = fhir.Obj("reference", i.patient)
	}
	if i.patient != "" {
		subject = fhir.Obj("reference", i.patient)
	}
	date, terms := "", ""
	if i.status == "issued" {
		date, terms = i.date.UTC().Format(fhir.InstantLayout), fmt.Sprintf(termsWords, i.days)
	}
	net, gross := i.totals()
	var notes []any
	if i.reason != "" {
		notes = append(notes, fhir.Obj("text", i.reason))
	}
	if i.month != "" && i.status == "draft" {
		notes = append(notes, fhir.Obj("text", "The charges of the month become its lines when it is issued."))
	}
	cancelled := ""
	if i.status == "cancelled" {
		cancelled = "Every supply of it was taken back before it was issued."
	}
	var totalNet, totalGross fhir.Value
	if i.month == "" || i.status == "issued" {
		totalNet, totalGross = money(net), money(gross)
	}
	return fhir.Obj("resourceType", "Invoice", "id", i.id, "extension", fhir.List(extensions...),
		"identifier", fhir.List(nhs.IdentifierValue(idNumber, i.number), nhs.IdentifierValue(idCredits, i.credited), nhs.IdentifierValue(idAccount, i.account), nhs.IdentifierValue(idOpen, i.openMonth())),
		"status", i.status, "cancelledReason", cancelled, "type", nhs.Concept(fhir.Coding{System: csInvoice, Code: i.kind, Display: map[string]string{ordinary: "Invoice", credit: "Credit note"}[i.kind]}),
		"subject", subject, "recipient", recipient, "date", date, "issuer", organisation(i.pharmacy),
		"lineItem", i.lineItems(), "totalPriceComponent", i.components(), "totalNet", totalNet, "totalGross", totalGross, "paymentTerms", terms, "note", fhir.List(notes...)).Resource()
}

// openMonth is the month of a clinic whose charges an invoice has.
func (i *invoice) openMonth() string {
	if i.month == "" {
		return ""
	}
	return openOf(i.pharmacy, i.clinic, i.month)
}

func openOf(pharmacy, clinic, month string) string {
	return strings.Join([]string{pharmacy, clinic, month}, "/")
}

// totals are the sums of the lines.
func (i *invoice) totals() (net, gross int64) {
	for _, c := range i.lines {
		net, gross = net+c.line.Net(), gross+c.line.Gross()
	}
	return net, gross
}

func (i *invoice) lineItems() fhir.Value {
	var list []any
	for n, c := range i.lines {
		var parts []any
		for k, p := range c.line.Parts {
			kind := "base"
			if k > 0 {
				kind = "surcharge"
			}
			parts = append(parts, component(kind, csCharge, p.Kind, kindNames[p.Kind], "", p.Pence))
		}
		for _, p := range c.line.Taxes() {
			parts = append(parts, component("tax", csVAT, p.VATKind, "VAT "+p.Rate+" %", factor(p.Rate), p.VAT))
		}
		list = append(list, fhir.Obj("sequence", n+1, "chargeItemReference", fhir.Obj("reference", c.ref()), "priceComponent", fhir.List(parts...)))
	}
	return fhir.List(list...)
}

// factor is a rate in percent as a factor: 20 is 0.2.
func factor(percent string) string {
	if f, ok := prices.Factor(percent); ok {
		return f
	}
	return ""
}

// components are the sums of the lines by what they are for, and the tax by its
// kind and rate.
func (i *invoice) components() fhir.Value {
	type key struct{ kind, code, rate string }
	sums := map[key]int64{}
	var order []key
	add := func(k key, pence int64) {
		if !slices.Contains(order, k) {
			order = append(order, k)
		}
		sums[k] += pence
	}
	for _, c := range i.lines {
		for n, p := range c.line.Parts {
			add(key{[]string{"base", "surcharge"}[min(n, 1)], p.Kind, ""}, p.Pence)
		}
	}
	for _, c := range i.lines {
		for _, p := range c.line.Parts {
			add(key{"tax", p.VATKind, p.Rate}, p.VAT)
		}
	}
	var list []any
	for _, k := range order {
		if k.kind == "tax" {
			list = append(list, component(k.kind, csVAT, k.code, "VAT "+k.rate+" %", factor(k.rate), sums[k]))
		} else {
			list = append(list, component(k.kind, csCharge, k.code, kindNames[k.code], "", sums[k]))
		}
	}
	return fhir.List(list...)
}

func component(kind, system, code, display, factor string, pence int64) fhir.Value {
	return fhir.Obj("type", kind, "code", nhs.Concept(fhir.Coding{System: system, Code: code, Display: display}), "factor", fhir.Raw(factor), "amount", money(pence))
}

// readInvoice reads an Invoice of this package; nil for any other.
func readInvoice(v *fhir.Version) (*invoice, error) {
	r, err := v.Resource()
	if err != nil || r == nil {
		return nil, err
	}
	i := &invoice{id: v.ID, version: v.VersionID, status: r.Get("status").Text(), kind: nhs.Coded(r.Get("type"), csInvoice), account: nhs.Identifier(r.Root(), idAccount).Text(),
		number: nhs.Identifier(r.Root(), idNumber).Text(), credited: nhs.Identifier(r.Root(), idCredits).Text(), pharmacy: r.Root().Path("issuer", "identifier", "value").Text(), clinic: r.Root().Path("recipient", "identifier", "value").Text(),
		payer: prices.ByClinic, patient: r.Root().Path("subject", "reference").Text(), credits: nhs.Extension(r.Root(), extCredits).Path("valueReference", "reference").Text()}
	if i.kind == "" || i.account == "" {
		return nil, nil
	}
	if r.Root().Path("recipient", "reference").Exists() {
		i.payer = prices.ByPatient
	}
	if open := nhs.Identifier(r.Root(), idOpen).Text(); open != "" {
		i.month = open[strings.LastIndexByte(open, '/')+1:]
	}
	if i.kind == credit {
		i.reason = r.Get("note").Item(0).Get("text").Text()
	}
	i.date, _ = time.Parse(time.RFC3339, r.Get("date").Text())
	_, _ = fmt.Sscanf(r.Get("paymentTerms").Text(), termsWords, &i.days)
	for line := range r.Get("lineItem").Items() {
		x := invoiceLine{charge: strings.TrimPrefix(line.Path("chargeItemReference", "reference").Text(), "ChargeItem/")}
		for p := range line.Get("priceComponent").Items() {
			amount := pence(p.Get("amount"))
			x.gross += amount
			if p.Get("type").Text() != "tax" {
				x.net += amount
			}
		}
		i.drawn = append(i.drawn, x)
	}
	return i, nil
}

// gross is what an Invoice that was read comes to.
func (i *invoice) gross() (sum int64) {
	for _, l := range i.drawn {
		sum += l.gross
	}
	return sum
}

// invoiceOf reads an invoice by its id, nil where there is none.
func invoiceOf(state fhir.State, id string) (*invoice, error) {
	v, err := state.Current("Invoice", id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	return readInvoice(v)
}

// change writes the invoice, nothing where that would change nothing.
func (i *invoice) change(state fhir.State) ([]fhir.Change, error) {
	r := i.element()
	if i.version == "" {
		return []fhir.Change{{Method: fhir.Create, Type: "Invoice", ID: i.id, Resource: r, IfAbsent: true}}, nil
	}
	was, err := current(state, "Invoice", i.ref())
	if err != nil {
		return nil, err
	}
	same := was != nil
	for _, name := range []string{"status", "identifier", "lineItem", "recipient", "totalGross"} {
		same = same && bytes.Equal(was.Get(name).Raw(), r.Get(name).Raw())
	}
	if same {
		return nil, nil
	}
	return []fhir.Change{{Method: fhir.Update, Type: "Invoice", ID: i.id, Resource: r, IfMatch: i.version}}, nil
}
