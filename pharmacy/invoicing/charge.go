package invoicing

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// What a charge is for.
const (
	medicine = prices.MedicinePart
	delivery = "delivery"
)

// The statuses of a ChargeItem, as this package uses them.
const (
	planned  = "planned"  // it has no price yet
	billable = "billable" // no invoice that was issued has it
	billed   = "billed"
	aborted  = "aborted" // the supply was taken back before an invoice had it
)

// Why a charge is taken back.
const (
	bySupply   = "supply"   // what it was for was amended or withdrawn
	byDecision = "decision" // somebody decided it
)

// charge is a ChargeItem.
type charge struct {
	id       string
	version  string // that was read, "" for a new one
	status   string
	account  string
	open     string // see [idOpen]
	task     string // Task/1
	pharmacy string
	clinic   string
	payer    string // [prices.ByPatient] or [prices.ByClinic]
	patient  string // Patient/1
	of       supply
	line     prices.Line
	reverses string // the id of the charge that it takes back
	because  string // bySupply or byDecision
	invoice  string // Invoice/1, once it is billed
}

// chargeID is the id of the n-th charge of an issue of a prescription.
func chargeID(order string, issue, n int) string {
	return pharmacy.ID("ChargeItem", order, strconv.Itoa(issue), strconv.Itoa(n))
}

// reversalID is the id of the charge that takes another back: there is one at most.
func reversalID(charge string) string { return pharmacy.ID("ChargeItem", "reversal", charge) }

func (c *charge) ref() string { return "ChargeItem/" + c.id }

// element writes the ChargeItem.
func (c *charge) element() *fhir.Resource {
	var extensions []any
	if c.reverses != "" {
		extensions = append(extensions, fhir.Obj("url", extReverses, "extension", fhir.List(
			fhir.Obj("url", "charge", "valueReference", fhir.Obj("reference", "ChargeItem/"+c.reverses)), fhir.Obj("url", "because", "valueCode", c.because))))
	}
	if c.invoice != "" {
		extensions = append(extensions, fhir.Obj("url", extBilled, "valueReference", fhir.Obj("reference", c.invoice)))
	}
	extensions = append(extensions, fhir.Obj("url", extPayer, "valueCode", c.payer))
	for _, p := range c.line.Parts {
		extensions = append(extensions, fhir.Obj("url", extPart, "extension", fhir.List(
			fhir.Obj("url", "kind", "valueCode", p.Kind), fhir.Obj("url", "amount", "valueMoney", money(p.Pence)), fhir.Obj("url", "vatKind", "valueCode", p.VATKind),
			fhir.Obj("url", "vatRate", "valueDecimal", fhir.Raw(p.Rate)), fhir.Obj("url", "vat", "valueMoney", money(p.VAT)), fhir.Obj("url", "basis", "valueString", p.Cite))))
	}
	var price, product, services, requesting, tasks, notes fhir.Value
	overridden := ""
	if c.line.Reason == "" {
		price, overridden = money(c.line.Gross()), c.why()
	} else {
		notes = fhir.List(fhir.Obj("text", c.line.Reason))
	}
	if len(c.of.product) > 0 {
		product = concept(c.of.product)
	}
	if c.of.service != "" {
		services = fhir.List(fhir.Obj("reference", c.of.service))
	}
	if c.payer == prices.ByClinic { // who pays sees it
		requesting = organisation(c.clinic)
	}
	if c.task != "" {
		tasks = fhir.List(fhir.Obj("reference", c.task))
	}
	return fhir.Obj("resourceType", "ChargeItem", "id", c.id, "extension", fhir.List(extensions...),
		"identifier", fhir.List(nhs.IdentifierValue(idAccount, c.account), nhs.IdentifierValue(idSource, c.of.source), nhs.IdentifierValue(idOpen, c.open), nhs.IdentifierValue(idClinic, c.clinic)),
		"status", c.status, "code", nhs.Concept(fhir.Coding{System: csCharge, Code: c.of.kind, Display: kindNames[c.of.kind]}),
		"subject", fhir.Obj("reference", c.patient), "occurrenceDateTime", c.of.when,
		"performingOrganization", organisation(c.pharmacy), "requestingOrganization", requesting,
		"quantity", fhir.Obj("value", fhir.Raw(c.of.quantity.String()), "unit", c.of.unit),
		"priceOverride", price, "overrideReason", overridden, "service", services, "productCodeableConcept", product, "note", notes, "supportingInformation", tasks).Resource()
}

var kindNames = map[string]string{medicine: "Medicine", delivery: "Delivery", prices.FeePart: "Dispensing fee", prices.DeliveryPart: "Delivery fee"}

// why says in words what made the price.
func (c *charge) why() string {
	var list []string
	for _, p := range c.line.Parts {
		list = append(list, p.Kind+" "+prices.Sterling(p.Pence)+": "+p.Cite)
	}
	return strings.Join(list, "; ")
}

func money(pence int64) fhir.Value {
	return fhir.Obj("value", fhir.Raw(prices.Pounds(pence)), "currency", currency)
}

// pence reads an amount of pounds.
func pence(m fhir.Node) int64 {
	p, _ := prices.ReadPounds(m.Get("value").Text())
	return p
}

func organisation(ods string) fhir.Value {
	if ods == "" {
		return fhir.Value{}
	}
	return fhir.Obj("type", "Organization", "identifier", nhs.IdentifierValue(nhs.IDODS, ods))
}

func concept(codings []fhir.Coding) fhir.Value {
	var list []any
	text := ""
	for _, c := range codings {
		if c.Code == "" {
			text = c.Display
			continue
		}
		list = append(list, nhs.CodingValue(c))
	}
	return fhir.Obj("coding", fhir.List(list...), "text", text)
}

// readCharge reads a ChargeItem of this package.
func readCharge(v *fhir.Version) (*charge, error) {
	r, err := v.Resource()
	if err != nil || r == nil {
		return nil, err
	}
	back := nhs.Extension(r.Root(), extReverses)
	c := &charge{id: v.ID, version: v.VersionID, status: r.Get("status").Text(), account: nhs.Identifier(r.Root(), idAccount).Text(), open: nhs.Identifier(r.Root(), idOpen).Text(),
		task: r.Get("supportingInformation").Item(0).Get("reference").Text(), pharmacy: r.Root().Path("performingOrganization", "identifier", "value").Text(),
		clinic: nhs.Identifier(r.Root(), idClinic).Text(), payer: nhs.Extension(r.Root(), extPayer).Get("valueCode").Text(), patient: r.Root().Path("subject", "reference").Text(),
		reverses: strings.TrimPrefix(nhs.Extension(back, "charge").Path("valueReference", "reference").Text(), "ChargeItem/"), because: nhs.Extension(back, "because").Get("valueCode").Text(),
		invoice: nhs.Extension(r.Root(), extBilled).Path("valueReference", "reference").Text()}
	c.of = supply{source: nhs.Identifier(r.Root(), idSource).Text(), kind: nhs.Coded(r.Get("code"), csCharge), service: r.Get("service").Item(0).Get("reference").Text(),
		product: codings(r.Get("productCodeableConcept")), unit: r.Root().Path("quantity", "unit").Text(), when: r.Get("occurrenceDateTime").Text()}
	c.of.quantity, _ = decimal.NewFromString(r.Root().Path("quantity", "value").Text())
	c.line.Reason = r.Get("note").Item(0).Get("text").Text()
	for e := range r.Get("extension").Items() {
		if e.Get("url").Text() != extPart {
			continue
		}
		part := func(name, value string) fhir.Node { return nhs.Extension(e, name).Get(value) }
		c.line.Parts = append(c.line.Parts, prices.Part{Kind: part("kind", "valueCode").Text(), Pence: pence(part("amount", "valueMoney")), VATKind: part("vatKind", "valueCode").Text(),
			Rate: part("vatRate", "valueDecimal").Text(), VAT: pence(part("vat", "valueMoney")), Cite: part("basis", "valueString").Text()})
	}
	return c, nil
}

// chargeOf reads a charge by its id, nil where there is none.
func chargeOf(state fhir.State, id string) (*charge, error) {
	v, err := state.Current("ChargeItem", id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	return readCharge(v)
}

// chargesOf are the charges of an issue of a prescription, oldest first, without
// those that take others back.
func chargesOf(state fhir.State, order string, issue int) (list []*charge, err error) {
	for n := 1; ; n++ {
		v, err := state.Current("ChargeItem", chargeID(order, issue, n))
		if err != nil || v == nil {
			return list, err
		}
		if v.Deleted() { // erased with the record of its patient
			list = append(list, &charge{id: v.ID, version: v.VersionID, status: aborted})
			continue
		}
		c, err := readCharge(v)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
}

// reversal is the charge that takes another back.
func (c *charge) reversal(because string) *charge {
	back := *c
	back.id, back.version, back.status, back.invoice, back.open = reversalID(c.id), "", billable, "", ""
	back.reverses, back.because = c.id, because
	if because == bySupply {
		back.open = openCredit(c.invoice)
	}
	back.of.quantity, back.line = c.of.quantity.Neg(), c.line.Negated()
	return &back
}

// openCredit is the mark of charges that are to be on a credit of an invoice:
// Invoice/1.
func openCredit(ref string) string { return "credit/" + strings.TrimPrefix(ref, "Invoice/") }

// change writes the charge: for the first time, or in the place of the version that
// was read.
func (c *charge) change() fhir.Change {
	if c.version == "" {
		return fhir.Change{Method: fhir.Create, Type: "ChargeItem", ID: c.id, Resource: c.element(), IfAbsent: true}
	}
	return fhir.Change{Method: fhir.Update, Type: "ChargeItem", ID: c.id, Resource: c.element(), IfMatch: c.version}
}

// price prices the charge as of the day of its supply.
func (c *charge) price(book *prices.Book) {
	a := book.For(c.pharmacy, c.clinic, c.of.day())
	if c.of.kind == delivery {
		c.line = a.Delivery()
	} else {
		c.line = a.Medicine(c.of.codes(), c.of.quantity, c.of.unit)
	}
	c.status = billable
	if c.line.Reason != "" {
		c.status = planned
	}
}
