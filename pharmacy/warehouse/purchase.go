package warehouse

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// purchase is a product that a pharmacy ordered from a supplier: a SupplyRequest. Several
// products of one purchase order have its number.
type purchase struct {
	id, version string
	org         string
	number      string // of the purchase order
	item        string // of the ledger
	product     Product
	unit        string
	supplier    string
	quantity    decimal.Decimal // that was ordered
	received    decimal.Decimal // of it, by entries of the ledger
	pence       int64           // what was agreed for all of it; 0 where that is not told
	expected    nhs.Date        // when it comes
	authored    string          // the instant of the order
	status      string          // active, completed, cancelled
	ended       nhs.Date        // the day of a cancellation
	reason      string          // of the cancellation
	purpose     string          // of a controlled drug: for what it is required
	signed, as  string          // of a controlled drug: who signed for it, and their profession
}

// purchaseID is the id of a product of a purchase order: a product is ordered once under a number.
func purchaseID(org, number, item string) string {
	return pharmacy.ID("purchase-order", org, number, item)
}

// Ref is the reference to the order.
func (p *purchase) Ref() string { return "SupplyRequest/" + p.id }

// outstanding is what is still to come; nothing of an order that is cancelled.
func (p *purchase) outstanding() decimal.Decimal {
	if p.status != orderActive {
		return decimal.Zero
	}
	return p.quantity.Sub(p.received)
}

// worth is the part of what was agreed that the next amount to be received is worth, in
// pence: all parts come to what was agreed.
func (p *purchase) worth(q decimal.Decimal) int64 {
	until := func(received decimal.Decimal) int64 {
		return decimal.NewFromInt(p.pence).Mul(received).DivRound(p.quantity, 8).RoundBank(0).IntPart()
	}
	return until(p.received.Add(q)) - until(p.received)
}

// placed is the day of the order.
func (p *purchase) placed() nhs.Date {
	at, _ := time.Parse(time.RFC3339, p.authored) // the zero time where it is not told
	return nhs.DateOf(at)
}

// same reports whether two orders say the same but for what became of them.
func (p *purchase) same(o *purchase) bool {
	return p.id == o.id && p.org == o.org && p.number == o.number && p.item == o.item && p.unit == o.unit && sameName(p.supplier, o.supplier) && p.quantity.Equal(o.quantity) &&
		p.pence == o.pence && p.expected == o.expected && p.purpose == o.purpose && p.signed == o.signed && p.as == o.as
}

// sameName reports whether two names are the same but for blanks and capitals.
func sameName(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}

// resource is the order as it is stored.
func (p *purchase) resource() *fhir.Resource {
	said := nhs.Parts{}
	said.Text("item", "valueString", p.item)
	said.Text("schedule", "valueCode", p.product.Schedule)
	decimalPart(&said, "received", p.received)
	if p.pence != 0 {
		said.Value("price", "valueMoney", money(p.pence))
	}
	said.Text("expected", "valueDate", p.expected.String())
	said.Text("ended", "valueDate", p.ended.String())
	said.Text("reason", "valueString", p.reason)
	signed := nhs.Parts{}
	signed.Text("name", "valueString", p.signed)
	signed.Text("role", "valueString", p.as)
	said.Within("authority", signed)
	open, purpose := "", fhir.Value{}
	if p.outstanding().IsPositive() {
		open = p.org
	}
	if p.purpose != "" {
		purpose = fhir.List(fhir.Obj("text", p.purpose))
	}
	return fhir.Obj("resourceType", "SupplyRequest", "id", p.id, "extension", fhir.List(said.Extension(extPurchase)),
		"identifier", fhir.List(nhs.IdentifierValue(idPurchase, p.number), nhs.IdentifierValue(idLedger, p.org), nhs.IdentifierValue(idOutstanding, open)),
		"status", p.status, "category", stockCode(codePurchase),
		"itemCodeableConcept", fhir.Obj("coding", fhir.List(fhir.Obj("system", dmdOf(p.product), "code", p.product.Code, "display", p.product.Name)), "text", p.product.Name),
		"quantity", fhir.Obj("value", fhir.Raw(p.quantity.String()), "unit", p.unit), "authoredOn", p.authored, "requester", keeper(p.org),
		"supplier", fhir.List(fhir.Obj("type", "Organization", "display", p.supplier)), "reasonCode", purpose).Resource()
}

func (p *purchase) change() fhir.Change { return write("SupplyRequest", p.id, p.version, p.resource()) }

// readPurchase reads a purchase order, nil where a version is none.
func readPurchase(v *fhir.Version) (*purchase, error) {
	if v == nil || v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil || nhs.Coded(r.Get("category"), csStock) != codePurchase {
		return nil, err
	}
	said := nhs.Extension(r.Root(), extPurchase)
	part := func(name, kind string) fhir.Node { return nhs.Extension(said, name).Get(kind) }
	signed := func(name string) string {
		return nhs.Extension(nhs.Extension(said, "authority"), name).Get("valueString").Text()
	}
	coding := r.Root().Path("itemCodeableConcept", "coding").Item(0)
	unit := r.Root().Path("quantity", "unit").Text()
	return &purchase{id: v.ID, version: v.VersionID, org: nhs.Identifier(r.Root(), idLedger).Text(), number: nhs.Identifier(r.Root(), idPurchase).Text(), item: part("item", "valueString").Text(),
		product: Product{Code: coding.Get("code").Text(), Name: coding.Get("display").Text(), Unit: unit, Schedule: part("schedule", "valueCode").Text()}, unit: unit,
		supplier: r.Get("supplier").Item(0).Get("display").Text(), quantity: number(r.Root().Path("quantity", "value")), received: number(part("received", "valueDecimal")), pence: penceOf(part("price", "valueMoney")),
		expected: nhs.ReadDate(part("expected", "valueDate").Text()), authored: r.Get("authoredOn").Text(), status: r.Get("status").Text(), ended: nhs.ReadDate(part("ended", "valueDate").Text()),
		reason: part("reason", "valueString").Text(), purpose: r.Get("reasonCode").Item(0).Get("text").Text(), signed: signed("name"), as: signed("role")}, nil
}

// purchase is the purchase order of an id, nil where there is none.
func (b *book) purchase(id string) (*purchase, error) {
	if p, ok := b.purchases[id]; ok {
		return p, nil
	}
	v, err := b.state.Current("SupplyRequest", id)
	if err != nil {
		return nil, err
	}
	p, err := readPurchase(v)
	if err != nil {
		return nil, err
	}
	b.purchases[id] = p
	return p, nil
}

// purchasesOf are the purchase orders that a search finds.
func purchasesOf(state fhir.State, search string) (list []*purchase, err error) {
	ids, err := state.Find("SupplyRequest", nhs.Query("category", csStock, codePurchase)+"&"+search)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		v, err := state.Current("SupplyRequest", id)
		if err != nil {
			return nil, err
		}
		p, err := readPurchase(v)
		if err != nil {
			return nil, err
		}
		if p != nil {
			list = append(list, p)
		}
	}
	return list, nil
}

// goods are what was received, as it is compared with the order that it is received against.
type goods struct {
	order string // the reference
	item  *item
	q     decimal.Decimal
	from  string
	// pence is what was paid for them, where priced says that this is told.
	pence  int64
	priced bool
}

// against is the purchase order that goods are received against, nil where none is named; or
// why not, where they were not ordered so.
func (b *book) against(g goods) (*purchase, *fhir.Issue, error) {
	if g.order == "" {
		return nil, nil, nil
	}
	wrong := func(rule, message, expected, found, fix string) (*purchase, *fhir.Issue, error) {
		return nil, &fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: rule, Expression: "Parameters.parameter.where(name='order')", Message: message, Expected: expected, Found: found, Fix: fix}, nil
	}
	p, err := b.purchase(idIn("SupplyRequest", g.order))
	if err != nil {
		return nil, nil, err
	}
	switch {
	case p == nil || p.org != g.item.org:
		return wrong("STOCK-7", "There is no such purchase order.", "a reference to a purchase order of the pharmacy, as Basic/$order-goods answers it", g.order, "")
	case p.item != g.item.id:
		return wrong("STOCK-7", "The purchase order is of another product.", p.product.Name+", in "+p.unit, g.item.product.Name+", in "+g.item.unit, "")
	case p.status != orderActive:
		return wrong("STOCK-7", "Nothing is outstanding of the purchase order.", "an order that is active", p.status, "Receive it without the order, or send it back.")
	case !sameName(p.supplier, g.from):
		return wrong("STOCK-7", "The goods were ordered from somebody else.", p.supplier, fhir.OrNothing(g.from), "")
	case g.q.GreaterThan(p.outstanding()):
		return wrong("STOCK-8", "More was delivered than is outstanding of the purchase order.", "at most "+p.outstanding().String()+" "+p.unit, g.q.String(), "Receive what was ordered against the order; send the rest back, or receive it without the order.")
	}
	return p, nil, nil
}

// receipt enters goods that were received in a lot, and in the purchase order that they are
// received against, if any; or says why not. Without a price they are worth what was agreed.
func (b *book) receipt(l *lot, g goods, why cause) (*purchase, *fhir.Issue, error) {
	p, issue, err := b.against(g)
	if issue != nil || err != nil {
		return nil, issue, err
	}
	if p != nil {
		if why.Order, why.Paper = p.Ref(), orElse(why.Paper, p.number); !g.priced {
			g.pence = p.worth(g.q)
		}
		b.came(p, g.q)
	}
	_, issue = b.move(l, stock.Move{Kind: stock.Receipt, To: stock.Available, Quantity: g.q, Pence: g.pence}, why)
	return p, issue, nil
}

// came notes what was received of an order, or, below 0, what was not.
func (b *book) came(p *purchase, q decimal.Decimal) {
	p.received = p.received.Add(q)
	switch {
	case p.status == orderCancelled:
	case p.received.Equal(p.quantity):
		p.status = orderCompleted
	default:
		p.status = orderActive
	}
	b.wrote("SupplyRequest", p.id)
}

// guardPurchase adds up: of a purchase order is received what the entries of the commit say
// and nothing else, and what was ordered never changes.
func guardPurchase(tx *fhir.Transaction, before, after *fhir.Version) error {
	was, err := readPurchase(before)
	if err != nil {
		return err
	}
	is, err := readPurchase(after)
	if err != nil || was == nil && is == nil {
		return err
	}
	wrong := func(message, expected, found string) error {
		return refusal("stock", fhir.Issue{Rule: "STOCK-5", Expression: "SupplyRequest", Message: message, Expected: expected, Found: found})
	}
	if is == nil {
		return wrong("A purchase order is not removed.", "it with another status", after.Ref())
	}
	if was == nil {
		first := *is
		was = &first
		was.received, was.status, was.ended, was.reason = decimal.Zero, orderActive, nhs.Date{}, ""
	}
	if id := purchaseID(is.org, is.number, is.item); is.id != id || !was.same(is) || was.authored != is.authored {
		return wrong("What was ordered does not change.", "SupplyRequest/"+id, after.Ref())
	}
	came, err := cameOf(tx, is.Ref())
	if err != nil {
		return err
	}
	sum := was.received.Add(came)
	status := orderActive
	switch {
	case was.status == orderCancelled || was.status == orderActive && is.status == orderCancelled && came.IsZero():
		status = orderCancelled
	case sum.Equal(is.quantity):
		status = orderCompleted
	}
	switch {
	case !sum.Equal(is.received):
		return wrong("Of a purchase order is received what the entries of the same commit say.", sum.String(), is.received.String())
	case is.received.IsNegative() || is.received.GreaterThan(is.quantity):
		return wrong("No more is received than was ordered.", "from 0 to "+is.quantity.String(), is.received.String())
	case is.status != status || was.status != orderActive && came.IsPositive():
		return wrong("The status of a purchase order follows from what was received, or it is cancelled.", status, is.status)
	}
	return nil
}

// cameOf is what the receipts of a transaction come to that name a purchase order, with what
// its corrections put on it and take off it.
func cameOf(tx *fhir.Transaction, order string) (sum decimal.Decimal, err error) {
	for _, c := range tx.Changes {
		if c.Type != "Basic" || c.Resource == nil {
			continue
		}
		v := &fhir.Version{Type: "Basic", ID: c.ID, Method: fhir.Create, JSON: c.Resource.JSON()}
		r, err := readReassigned(v)
		if err != nil {
			return sum, err
		}
		if r != nil {
			sum = sum.Add(r.change(order))
			continue
		}
		e, err := readEntry(v)
		if err != nil {
			return sum, err
		}
		if e != nil && e.ofPurchase() && e.Order == order {
			sum = sum.Add(e.Quantity)
		}
	}
	return sum, nil
}
