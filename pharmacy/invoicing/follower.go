package invoicing

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// charges makes the charges of what was supplied of private prescriptions, and the
// drafts of their invoices.
type charges struct{ s *Service }

// Name is the name of the cursor.
func (charges) Name() string { return "private-charges" }

// Consumes are the Tasks of prescriptions.
func (charges) Consumes() []string { return []string{"Task"} }

// Produces are the charges and the invoices.
func (charges) Produces() []string { return []string{"ChargeItem", "Invoice"} }

// Step charges what a Task says was supplied and is not charged yet, and takes back
// what it says no longer. It reads by ids that follow from the prescription alone, so
// that the steps of different prescriptions are committed together.
func (f charges) Step(_ context.Context, state fhir.State, v *fhir.Version) ([]fhir.Change, error) {
	if now, err := state.Current("Task", v.ID); err != nil || now == nil || now.VersionID != v.VersionID || v.Deleted() {
		return nil, err // a later version is on its way
	}
	d, err := readCharged(state, v)
	if err != nil || d == nil {
		return nil, err
	}
	p, err := f.s.plan(state, d)
	if err != nil {
		return nil, err
	}
	return p.changes(state)
}

// readCharged reads what was supplied of a private prescription; nil also where
// nothing was, and nothing is charged: most versions of most Tasks.
func readCharged(state fhir.State, v *fhir.Version) (*supplied, error) {
	task, err := v.Resource()
	if err != nil || task == nil {
		return nil, err
	}
	if !task.Get("output").Exists() {
		first, err := state.Current("ChargeItem", chargeID(task.Root().Path("groupIdentifier", "value").Text(), issueOf(task), 1))
		if err != nil || first == nil {
			return nil, err
		}
	}
	return readSupplied(state, v)
}

// plan is what is to become of the charges of a prescription.
type plan struct {
	*supplied
	book    *prices.Book
	all     []*charge // oldest first, with the new ones at the end
	written map[string]bool
	backs   []*charge // new charges that take billed ones back
}

// plan compares what was supplied with what is charged.
func (s *Service) plan(state fhir.State, d *supplied) (*plan, error) {
	had, err := chargesOf(state, d.order, d.issue)
	if err != nil {
		return nil, err
	}
	p := &plan{supplied: d, all: had, written: map[string]bool{}}
	if len(d.supplies) == 0 && len(had) == 0 {
		return p, nil
	}
	settled := map[*charge]bool{}
	var fresh []supply
	for _, x := range d.supplies {
		c, err := p.settles(state, x, settled)
		if err != nil {
			return nil, err
		}
		if c == nil {
			fresh = append(fresh, x)
		} else {
			settled[c] = true
		}
	}
	for _, c := range had {
		if settled[c] {
			continue
		}
		if err := p.takeBack(state, c); err != nil {
			return nil, err
		}
	}
	if len(fresh) == 0 {
		return p, nil
	}
	if p.book, err = s.shelf.book(state); err != nil {
		return nil, err
	}
	for _, x := range fresh {
		p.charge(x)
	}
	return p, nil
}

// settles is the charge that there is for a supply: one that counts, or one that
// was taken back by decision, which the supply does not bring back. It is nil for
// none.
func (p *plan) settles(state fhir.State, x supply, taken map[*charge]bool) (*charge, error) {
	for _, c := range p.all {
		if taken[c] || c.status == aborted || !c.of.same(x) {
			continue
		}
		back, err := chargeOf(state, reversalID(c.id))
		if err != nil {
			return nil, err
		}
		if back == nil || back.because == byDecision {
			return c, nil
		}
	}
	return nil, nil
}

// takeBack takes a charge back whose supply is no longer what it is for.
func (p *plan) takeBack(state fhir.State, c *charge) error {
	switch c.status {
	case planned, billable:
		c.status, c.open = aborted, ""
		p.written[c.id] = true
	case billed:
		back, err := chargeOf(state, reversalID(c.id))
		if err != nil || back != nil {
			return err
		}
		p.backs = append(p.backs, c.reversal(bySupply))
	}
	return nil
}

// charge adds a charge for a supply. What costs nothing by the terms, such as a
// delivery for which no fee is agreed, is not charged.
func (p *plan) charge(x supply) {
	org := p.of(x)
	a := p.book.For(org, p.clinic, x.day())
	c := &charge{id: chargeID(p.order, p.issue, len(p.all)+1), task: p.task, pharmacy: org, clinic: p.clinic, payer: a.Word(prices.Payer), patient: p.patient, of: x, account: p.account(org)}
	if a.Monthly() {
		c.account, c.open = org+"/"+p.clinic, openOf(org, p.clinic, x.day().Format("2006-01"))
	}
	if c.price(p.book); c.of.kind == delivery && c.line.Reason == "" && len(c.line.Parts) == 0 {
		return
	}
	p.all = append(p.all, c)
	p.written[c.id] = true
}

// changes write the charges, and the drafts of the invoices that they are on.
func (p *plan) changes(state fhir.State) (list []fhir.Change, err error) {
	if len(p.written) == 0 && len(p.backs) == 0 {
		return nil, nil
	}
	months := map[string]*charge{}
	drafts := map[string][]*charge{} // by who is paid and who pays
	for _, c := range p.all {
		if p.written[c.id] {
			list = append(list, c.change())
		}
		switch {
		case c.open != "" && p.written[c.id]:
			months[c.open] = c
		case c.account == p.account(c.pharmacy):
			key := c.account + "/" + c.payer
			drafts[key] = append(drafts[key], c)
		}
	}
	for _, c := range p.backs {
		list = append(list, c.change())
	}
	for _, of := range sortedBy(drafts) {
		changes, err := p.draft(state, of)
		if err != nil {
			return nil, err
		}
		list = append(list, changes...)
	}
	for _, c := range sortedBy(months) {
		changes, err := monthDraft(state, c, p.asked)
		if err != nil {
			return nil, err
		}
		list = append(list, changes...)
	}
	changes, err := creditDrafts(state, p.backs)
	return append(list, changes...), err
}

// draft writes the draft invoice of charges of one pharmacy and payer: of those that are on no
// invoice that was issued.
func (p *plan) draft(state fhir.State, of []*charge) ([]fhir.Change, error) {
	i := &invoice{status: "draft", kind: ordinary, account: of[0].account, pharmacy: of[0].pharmacy, clinic: of[0].clinic, payer: of[0].payer, patient: of[0].patient}
	for _, c := range of {
		if c.status == planned || c.status == billable {
			i.lines = append(i.lines, c)
		}
	}
	for k := 1; i.id == ""; k++ {
		id := supplyInvoiceID(i.account, i.payer, k)
		was, err := state.Current("Invoice", id)
		if err != nil {
			return nil, err
		}
		if was == nil {
			i.id = id
			break
		}
		had, err := readInvoice(was)
		if err != nil {
			return nil, err
		}
		if had != nil && had.status == "draft" {
			i.id, i.version = had.id, had.version
			if len(i.lines) == 0 {
				i.status = "cancelled"
			}
		}
	}
	if i.version == "" && len(i.lines) == 0 {
		return nil, nil
	}
	return i.change(state)
}

// monthDraft makes the draft of the clinic's month, where there is none: its lines
// are gathered when it is issued, so that a month of any size is written once. From the
// last day of the month on, when the draft may be issued at the same time, it is
// written as it is: a charge that would come too late for it is refused, and stepped
// again.
func monthDraft(state fhir.State, c *charge, at string) ([]fhir.Change, error) {
	for k := 1; ; k++ {
		i, err := state.Current("Invoice", monthInvoiceID(c.open, k))
		if err != nil {
			return nil, err
		}
		if i == nil {
			return newMonth(c, k).change(state)
		}
		had, err := readInvoice(i)
		if err != nil {
			return nil, err
		}
		switch {
		case had == nil || had.status != "draft":
		case mayBeOver(c.of.day(), nhs.ReadDate(at)):
			return []fhir.Change{{Method: fhir.Update, Type: "Invoice", ID: had.id, Resource: had.element(), IfMatch: had.version}}, nil
		default:
			return nil, nil
		}
	}
}

// mayBeOver reports whether the month of a day is over on another, or ends with it.
func mayBeOver(day, on nhs.Date) bool {
	return day.Format("2006-01") < on.AddDate(0, 0, 1).Format("2006-01")
}

// newMonth is the k-th draft of the month that a charge is of.
func newMonth(c *charge, k int) *invoice {
	return &invoice{id: monthInvoiceID(c.open, k), status: "draft", kind: ordinary, account: c.account, pharmacy: c.pharmacy, clinic: c.clinic, payer: prices.ByClinic,
		month: c.open[len(c.open)-len("2026-11"):]}
}

// creditDrafts add charges that take others back to the drafts of the credits of
// the invoices that have these.
func creditDrafts(state fhir.State, backs []*charge) (list []fhir.Change, err error) {
	drafts := map[string]*invoice{}
	for _, back := range backs {
		c, err := chargeOf(state, back.reverses)
		if err != nil || c == nil {
			return nil, err
		}
		i := drafts[c.invoice]
		if i == nil {
			if i, err = creditDraft(state, c.invoice); err != nil || i == nil {
				return nil, err
			}
			drafts[c.invoice] = i
		}
		i.lines = append(i.lines, back)
	}
	for _, i := range sortedBy(drafts) {
		changes, err := i.change(state)
		if err != nil {
			return nil, err
		}
		list = append(list, changes...)
	}
	return list, nil
}

// creditDraft is the draft of a credit of an invoice, with the lines that it has;
// nil where the invoice is gone.
func creditDraft(state fhir.State, ref string) (*invoice, error) {
	v, err := standing(state, "Invoice", ref)
	if err != nil || v == nil {
		return nil, err
	}
	of, err := readInvoice(v)
	if err != nil || of == nil {
		return nil, err
	}
	for k := 1; ; k++ {
		had, err := invoiceOf(state, creditID(of.id, k))
		if err != nil {
			return nil, err
		}
		if had == nil {
			return of.credit(creditID(of.id, k), "What was supplied was amended or taken back."), nil
		}
		if had.status == "draft" {
			return had, had.load(state)
		}
	}
}

// credit is a credit of an invoice, without lines.
func (i *invoice) credit(id, reason string) *invoice {
	return &invoice{id: id, status: "draft", kind: credit, account: i.account, pharmacy: i.pharmacy, clinic: i.clinic, payer: i.payer, patient: i.patient,
		credits: i.ref(), credited: i.number, reason: reason}
}

// load reads the charges of the lines that an invoice has.
func (i *invoice) load(state fhir.State) error {
	for _, l := range i.drawn {
		c, err := chargeOf(state, l.charge)
		if err != nil {
			return err
		}
		if c != nil {
			i.lines = append(i.lines, c)
		}
	}
	return nil
}
