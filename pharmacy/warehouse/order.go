package warehouse

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// order is an item of a prescription that is to be supplied, as the warehouse knows it:
// a SupplyRequest.
type order struct {
	id, version string
	org         string
	task        string // Task/1
	request     string // MedicationRequest/1
	number      string // of the item, as the prescription has it
	issue       int
	patient     string // Patient/1
	item        string // of the ledger
	product     Product
	unit        string
	quantity    decimal.Decimal // that is to be supplied of this issue
	supplied    decimal.Decimal
	short       decimal.Decimal // that is wanted and was not there
	expected    nhs.Date        // when the rest is expected
	status      string          // active, completed, cancelled
	authored    string
	rows        []row
	putBacks    int // of the Task, that are taken account of
	deliveries  int
	shipping
}

// row is what an order has of a lot in a state.
type row struct {
	lot      string
	state    stock.State
	quantity decimal.Decimal
}

// The states of a SupplyRequest.
const (
	orderActive    = "active"
	orderCompleted = "completed"
	orderCancelled = "cancelled"
)

func orderID(request string, issue int) string {
	return pharmacy.ID("SupplyRequest", request, strconv.Itoa(issue))
}

// in is how much the order has in some states.
func (o *order) in(states ...stock.State) (sum decimal.Decimal) {
	for _, r := range o.rows {
		for _, s := range states {
			if r.state == s {
				sum = sum.Add(r.quantity)
			}
		}
	}
	return sum
}

// has is how much the order has in all states.
func (o *order) has() (sum decimal.Decimal) {
	for _, r := range o.rows {
		sum = sum.Add(r.quantity)
	}
	return sum
}

// put changes how much the order has of a lot in a state.
func (o *order) put(lot string, s stock.State, change decimal.Decimal) {
	for i := range o.rows {
		if r := &o.rows[i]; r.lot == lot && r.state == s {
			if r.quantity = r.quantity.Add(change); r.quantity.IsZero() {
				o.rows = append(o.rows[:i:i], o.rows[i+1:]...)
			}
			return
		}
	}
	o.rows = append(o.rows, row{lot, s, change})
}

// change writes the order.
func (o *order) change() fhir.Change {
	said := nhs.Parts{}
	said.Reference("task", o.task)
	said.Reference("request", o.request)
	said.Text("number", "valueString", o.number)
	said.Int("issue", "valueInteger", o.issue)
	said.Text("item", "valueString", o.item)
	said.Text("schedule", "valueCode", o.product.Schedule)
	decimalPart(&said, "supplied", o.supplied)
	decimalPart(&said, "short", o.short)
	said.Text("expected", "valueDate", o.expected.String())
	for _, r := range o.rows {
		of := nhs.Parts{}
		of.Reference("lot", "Basic/"+r.lot)
		of.Text("state", "valueCode", string(r.state))
		decimalPart(&of, "quantity", r.quantity)
		said.Within("from", of)
	}
	if o.putBacks > 0 {
		said.Int("putBacks", "valueInteger", o.putBacks)
	}
	if o.deliveries > 0 {
		said.Int("deliveries", "valueInteger", o.deliveries)
	}
	o.write(&said)
	open, waiting := "", ""
	if o.status == orderActive {
		open = idIn("MedicationRequest", o.request)
	}
	if o.status == orderActive && o.short.IsPositive() {
		waiting = o.item
	}
	identifiers := []any{nhs.IdentifierValue(idOrder, idIn("MedicationRequest", o.request)+" "+strconv.Itoa(o.issue)), nhs.IdentifierValue(idOf, open), nhs.IdentifierValue(idWaiting, waiting)}
	has := map[string]bool{}
	if o.sent < o.revision {
		identifiers = append(identifiers, nhs.IdentifierValue(idSend, pending))
	}
	if len(o.acts) > 0 {
		identifiers = append(identifiers, nhs.IdentifierValue(idAct, pending))
	}
	if o.trouble != "" {
		identifiers = append(identifiers, nhs.IdentifierValue(idTrouble, pending))
	}
	for _, r := range o.rows {
		if !has[r.lot] {
			has[r.lot] = true
			identifiers = append(identifiers, nhs.IdentifierValue(idHas, r.lot))
		}
	}
	r := fhir.Obj("resourceType", "SupplyRequest", "id", o.id,
		"extension", fhir.List(said.Extension(extOrder)),
		"identifier", fhir.List(identifiers...),
		"status", o.status, "category", stockCode(codeOrder),
		"itemCodeableConcept", fhir.Obj("coding", fhir.List(fhir.Obj("system", dmdOf(o.product), "code", o.product.Code, "display", o.product.Name)), "text", o.product.Name),
		"quantity", fhir.Obj("value", fhir.Raw(o.quantity.String()), "unit", o.unit),
		"authoredOn", o.authored, "requester", keeper(o.org), "supplier", fhir.List(keeper(o.org)),
		"deliverTo", fhir.Obj("reference", o.patient)).Resource()
	return write("SupplyRequest", o.id, o.version, r)
}

// readOrder reads an order, nil where a version is none.
func readOrder(v *fhir.Version) (*order, error) {
	if v == nil || v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil || nhs.Coded(r.Get("category"), csStock) != codeOrder {
		return nil, err
	}
	said := nhs.Extension(r.Root(), extOrder)
	part := func(name, kind string) fhir.Node { return nhs.Extension(said, name).Get(kind) }
	reference := func(name string) string { return part(name, "valueReference").Get("reference").Text() }
	coding := r.Root().Path("itemCodeableConcept", "coding").Item(0)
	o := &order{id: v.ID, version: v.VersionID, org: r.Root().Path("requester", "identifier", "value").Text(), task: reference("task"), request: reference("request"), number: part("number", "valueString").Text(),
		issue: whole(part("issue", "valueInteger")), patient: r.Root().Path("deliverTo", "reference").Text(), item: part("item", "valueString").Text(),
		product: Product{Code: coding.Get("code").Text(), Name: coding.Get("display").Text(), Unit: r.Root().Path("quantity", "unit").Text(), Schedule: part("schedule", "valueCode").Text()},
		unit:    r.Root().Path("quantity", "unit").Text(), quantity: number(r.Root().Path("quantity", "value")), supplied: number(part("supplied", "valueDecimal")), short: number(part("short", "valueDecimal")),
		expected: nhs.ReadDate(part("expected", "valueDate").Text()), status: r.Get("status").Text(), authored: r.Get("authoredOn").Text(), putBacks: whole(part("putBacks", "valueInteger")), deliveries: whole(part("deliveries", "valueInteger"))}
	if err := o.read(said); err != nil {
		return nil, err
	}
	for e := range said.Get("extension").Items() {
		if e.Get("url").Text() != "from" {
			continue
		}
		o.rows = append(o.rows, row{idIn("Basic", nhs.Extension(e, "lot").Path("valueReference", "reference").Text()), stock.State(nhs.Extension(e, "state").Get("valueCode").Text()), number(nhs.Extension(e, "quantity").Get("valueDecimal"))})
	}
	return o, nil
}

// order is the order of an id, nil where there is none.
func (b *book) order(id string) (*order, error) {
	if o, ok := b.orders[id]; ok {
		return o, nil
	}
	v, err := b.state.Current("SupplyRequest", id)
	if err != nil {
		return nil, err
	}
	o, err := readOrder(v)
	if err != nil {
		return nil, err
	}
	b.orders[id] = o
	return o, nil
}

// step moves a row of an order on, or a part of it; what cannot be moved is told.
func (b *book) step(o *order, r row, kind stock.Kind, to stock.State, q decimal.Decimal, why cause) *fhir.Issue {
	l, err := b.lotByID(r.lot)
	if err != nil || l == nil {
		return &fhir.Issue{Severity: fhir.Err, Code: fhir.NotFound, Rule: "STOCK-2", Expression: "SupplyRequest", Message: "A lot of the order cannot be read.", Found: "Basic/" + r.lot}
	}
	if _, err := b.item(l.item); err != nil {
		return &fhir.Issue{Severity: fhir.Err, Code: fhir.Exception, Rule: "STOCK-2", Expression: "SupplyRequest", Message: err.Error()}
	}
	why.Order = "SupplyRequest/" + o.id
	if _, issue := b.move(l, stock.Move{Kind: kind, From: r.state, To: to, Quantity: q}, why); issue != nil {
		return issue
	}
	o.put(r.lot, r.state, q.Neg())
	if to != stock.Outside && to != stock.Available && to != stock.Quarantine {
		o.put(r.lot, to, q)
	}
	b.wrote("SupplyRequest", o.id)
	return nil
}

// steps moves up to an amount of the rows in a state on, those of a batch first where
// one is named. It returns how much could not be moved.
func (b *book) steps(o *order, from stock.State, kind stock.Kind, to stock.State, want decimal.Decimal, batch string, why cause) (left decimal.Decimal) {
	var rows []row
	for _, first := range []bool{true, false} {
		for _, r := range o.rows {
			if l := b.lots[r.lot]; r.state == from && (batch != "" && l != nil && strings.EqualFold(l.Batch, batch)) == first {
				rows = append(rows, r)
			}
		}
	}
	for _, r := range rows {
		if !want.IsPositive() {
			break
		}
		q := decimal.Min(want, r.quantity)
		if b.step(o, r, kind, to, q, why) == nil {
			want = want.Sub(q)
		}
	}
	return want
}

// known reads the lots of an order, so that its rows are compared by their batches.
func (b *book) known(o *order) error {
	for _, r := range o.rows {
		if _, err := b.lotByID(r.lot); err != nil {
			return err
		}
	}
	return nil
}

// allocate reserves an amount for an order, by first expiry; what is not there is
// short.
func (b *book) allocate(o *order, want decimal.Decimal, why cause) (short decimal.Decimal, err error) {
	i, err := b.item(o.item)
	if err != nil || i == nil {
		return want, err
	}
	lots, takes, short, err := b.byExpiry(i, want)
	if err != nil {
		return want, err
	}
	why.Order = "SupplyRequest/" + o.id
	for _, t := range takes {
		if _, issue := b.move(lots[t.Lot], stock.Move{Kind: stock.Allocate, From: stock.Available, To: stock.Allocated, Quantity: t.Quantity}, why); issue != nil {
			short = short.Add(t.Quantity)
			continue
		}
		o.put(lots[t.Lot].id, stock.Allocated, t.Quantity)
		b.wrote("SupplyRequest", o.id)
	}
	return short, nil
}
