package warehouse

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// reassigned is a correction of which purchase order something was received against: a record
// of its own beside the receipt, which stays as it was entered. It moves no stock.
type reassigned struct {
	id, org  string
	receipt  string // the id of the entry
	place    int    // 1 for the first of the receipt
	from, to string // SupplyRequest/1, "" for no order
	quantity decimal.Decimal
	unit     string
	pence    int64 // what the receipt is worth for that quantity
	reason   string
	by, name string
	entered  time.Time
}

func reassignedID(receipt string, place int) string {
	return pharmacy.ID("stock-reassigned", receipt, strconv.Itoa(place))
}

// change is what a purchase order has more received by the correction.
func (r *reassigned) change(order string) decimal.Decimal {
	switch order {
	case r.to:
		return r.quantity
	case r.from:
		return r.quantity.Neg()
	}
	return decimal.Zero
}

// resource is the correction as it is stored.
func (r *reassigned) resource(day nhs.Date) *fhir.Resource {
	said := nhs.Parts{}
	said.Reference("receipt", "Basic/"+r.receipt)
	said.Int("number", "valueInteger", r.place)
	said.Reference("from", r.from)
	said.Reference("order", r.to)
	said.Value("quantity", "valueQuantity", fhir.Obj("value", fhir.Raw(r.quantity.String()), "unit", r.unit))
	if r.pence != 0 {
		said.Value("value", "valueMoney", money(r.pence))
	}
	said.Text("reason", "valueString", r.reason)
	by := nhs.Parts{}
	by.Text("identifier", "valueString", r.by)
	by.Text("name", "valueString", r.name)
	said.Within("by", by)
	return fhir.Obj("resourceType", "Basic", "id", r.id, "extension", fhir.List(said.Extension(extReassigned)),
		"identifier", fhir.List(nhs.IdentifierValue(idLedger, r.org), nhs.IdentifierValue(idReassigned, r.receipt)),
		"code", stockCode(codeReassigned), "created", day.String(), "author", keeper(r.org)).Resource()
}

// readReassigned reads a correction, nil where a version is none.
func readReassigned(v *fhir.Version) (*reassigned, error) {
	if v == nil || v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	said := nhs.Extension(r.Root(), extReassigned)
	if !said.Exists() {
		return nil, nil
	}
	part := func(name, kind string) fhir.Node { return nhs.Extension(said, name).Get(kind) }
	ref := func(name string) string { return part(name, "valueReference").Get("reference").Text() }
	return &reassigned{id: v.ID, org: nhs.Identifier(r.Root(), idLedger).Text(), receipt: idIn("Basic", ref("receipt")), place: whole(part("number", "valueInteger")), from: ref("from"), to: ref("order"),
		quantity: number(part("quantity", "valueQuantity").Get("value")), unit: part("quantity", "valueQuantity").Get("unit").Text(), pence: penceOf(part("value", "valueMoney")),
		reason: part("reason", "valueString").Text(), entered: v.LastUpdated}, nil
}

// reassignedIn are the corrections that a search finds, those of a receipt in their order.
func reassignedIn(state fhir.State, search string) (list []*reassigned, err error) {
	ids, err := state.Find("Basic", nhs.Query("code", csStock, codeReassigned)+"&"+search)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		v, err := state.Current("Basic", id)
		if err != nil {
			return nil, err
		}
		r, err := readReassigned(v)
		if err != nil {
			return nil, err
		}
		if r != nil {
			list = append(list, r)
		}
	}
	sorting.By(list, func(x, y *reassigned) int { return x.place - y.place })
	return list, nil
}

// received is a receipt as it is divided among purchase orders after its corrections.
type received struct {
	*entry
	parts []receivedPart
	place int // of the last correction
}

// receivedPart is what of a receipt is against an order, "" for none, and what it is worth.
type receivedPart struct {
	order    string
	quantity decimal.Decimal
	pence    int64
}

// receiptOf is the receipt of an id as it is after its corrections until one of a number, nil
// where there is none.
func receiptOf(state fhir.State, id string, until int) (*received, error) {
	v, err := state.Current("Basic", id)
	if err != nil {
		return nil, err
	}
	e, err := readEntry(v)
	if err != nil || e == nil || e.Kind != stock.Receipt {
		return nil, err
	}
	r := &received{entry: e, parts: []receivedPart{{e.Order, e.Quantity, e.Pence}}}
	list, err := reassignedIn(state, nhs.Query("identifier", idReassigned, id))
	for _, again := range list {
		if again.place > until {
			break
		}
		r.add(again.from, again.quantity.Neg(), -again.pence)
		r.add(again.to, again.quantity, again.pence)
		r.place = again.place
	}
	return r, err
}

// of is the part of an order, nil where there is none.
func (r *received) of(order string) *receivedPart {
	for i := range r.parts {
		if r.parts[i].order == order {
			return &r.parts[i]
		}
	}
	return nil
}

func (r *received) add(order string, q decimal.Decimal, pence int64) {
	p := r.of(order)
	if p == nil {
		r.parts = append(r.parts, receivedPart{order: order})
		p = &r.parts[len(r.parts)-1]
	}
	if p.quantity, p.pence = p.quantity.Add(q), p.pence+pence; p.quantity.IsZero() {
		r.parts = slices.DeleteFunc(r.parts, func(p receivedPart) bool { return p.quantity.IsZero() })
	}
}

// worth is what an amount of a part is worth: the last takes the rest.
func (p *receivedPart) worth(q decimal.Decimal) int64 {
	return decimal.NewFromInt(p.pence).Mul(q).DivRound(p.quantity, 8).RoundBank(0).IntPart()
}

// guardReassigned wants that a correction follows from its receipt, and comes with the
// orders that it changes.
func guardReassigned(state fhir.State, tx *fhir.Transaction, after *fhir.Version) error {
	is, err := readReassigned(after)
	if err != nil || is == nil {
		return err
	}
	wrong := func(message, expected, found string) error {
		return refusal("stock", fhir.Issue{Rule: "STOCK-5", Expression: "Basic", Message: message, Expected: expected, Found: found})
	}
	was, err := receiptOf(state, is.receipt, is.place-1)
	if err != nil {
		return err
	}
	if was == nil || was.org != is.org || is.place != was.place+1 || is.id != reassignedID(is.receipt, is.place) {
		return wrong("A correction is the next one of a receipt of the ledger.", "Basic/"+reassignedID(is.receipt, is.place), after.Ref())
	}
	part := was.of(is.from)
	if part == nil || is.from == is.to || !is.quantity.IsPositive() || is.quantity.GreaterThan(part.quantity) || is.pence != part.worth(is.quantity) {
		return wrong("No more is taken off an order than the receipt has of it, with what that is worth.", "what Basic/"+is.receipt+" has of "+fhir.OrNothing(is.from), is.quantity.String())
	}
	for _, order := range []string{is.from, is.to} {
		if order != "" && !slices.ContainsFunc(tx.Changes, func(c fhir.Change) bool {
			return c.Type == "SupplyRequest" && "SupplyRequest/"+c.ID == order && c.Resource != nil
		}) {
			return wrong("A receipt is corrected with the purchase orders that it names.", order, after.Ref())
		}
	}
	return nil
}

// reassign is Basic/$correct-receipt.
func reassign(f *form) []any {
	ref := func(name string) string { return f.get(name).Path("valueReference", "reference").Text() }
	q, unit := f.amount("quantity", false, false)
	f.want(f.text("reason") != "", "reason", "The reason is missing.", "what was found, and why the receipt is corrected")
	f.want(ref("receipt") != "", "receipt", "The receipt is not named.", "a reference to the entry, such as Basic/$receive-goods answers")
	for _, name := range []string{"order", "from"} {
		f.want(ref(name) != "" || !f.get(name).Exists(), name, "The purchase order is not named.", "a reference to it, such as Basic/$order-goods answers")
	}
	if len(f.issues) > 0 {
		return nil
	}
	r, err := receiptOf(f.b.state, idIn("Basic", ref("receipt")), math.MaxInt)
	if err != nil {
		f.err = err
		return nil
	}
	if r == nil || r.org != f.org {
		f.add("receipt", fhir.Issue{Rule: "STOCK-7", Code: fhir.NotFound, Message: "There is no such receipt.", Expected: "an entry of the code receipt in the ledger of the pharmacy", Found: ref("receipt")})
		return nil
	}
	if unit != "" && unit != r.unit {
		f.add("quantity", fhir.Issue{Rule: "STOCK-6", Message: "It was received in another unit.", Expected: r.unit, Found: unit})
		return nil
	}
	part := f.partOf(r, ref("from"), ref("order"))
	if part == nil {
		return nil
	}
	if !f.get("quantity").Exists() {
		q = part.quantity
	}
	to := ref("order")
	switch {
	case part.order == to:
		f.add("order", fhir.Issue{Rule: "STOCK-7", Code: fhir.Duplicate, Message: "It is received against this order already, or without one.", Expected: "another purchase order, or none", Found: fhir.OrNothing(to)})
	case q.GreaterThan(part.quantity):
		f.add("quantity", fhir.Issue{Rule: "STOCK-8", Message: "Less was received so.", Expected: "at most " + part.quantity.String() + " " + r.unit, Found: q.String()})
	}
	if len(f.issues) > 0 {
		return nil
	}
	return f.reassign(r, *part, to, q)
}

// partOf is the part of a receipt that a correction is about: that of the order that it is
// taken off where one is named, else the only one that is not where it is put already, or the
// one without an order.
func (f *form) partOf(r *received, order, to string) *receivedPart {
	part := r.of(order)
	if order == "" && (part == nil || to == "") {
		var others []*receivedPart
		for i := range r.parts {
			if r.parts[i].order != to {
				others = append(others, &r.parts[i])
			}
		}
		switch len(others) {
		case 0:
			part = &r.parts[0]
		case 1:
			part = others[0]
		default:
			part = nil
		}
	}
	if part != nil {
		return part
	}
	var has []string
	for _, p := range r.parts {
		has = append(has, fhir.OrNothing(p.order)+" "+p.quantity.String()+" "+r.unit)
	}
	f.add("from", fhir.Issue{Rule: "STOCK-7", Message: "It is not clear what of the receipt is meant.", Expected: "the order that it is taken off, of: " + strings.Join(has, ", "), Found: fhir.OrNothing(order)})
	return nil
}

// reassign takes a part of a receipt off its order, and puts it on another one.
func (f *form) reassign(r *received, part receivedPart, to string, q decimal.Decimal) []any {
	i, err := f.b.item(r.item)
	if err != nil || i == nil {
		f.err = err
		return nil
	}
	put, issue, err := f.b.against(goods{order: to, item: i, q: q, from: r.Party})
	if err != nil {
		f.err = err
		return nil
	}
	if issue != nil {
		f.add("order", *issue)
		return nil
	}
	var off *purchase
	if part.order != "" {
		if off, err = f.b.purchase(idIn("SupplyRequest", part.order)); err != nil || off == nil {
			f.err = err
			return nil
		}
	}
	again := &reassigned{org: f.org, receipt: r.id, place: r.place + 1, from: part.order, quantity: q, unit: r.unit, pence: part.worth(q), reason: f.text("reason"), by: f.b.who.By, name: f.b.who.ByName}
	again.id = reassignedID(r.id, again.place)
	var orders []any
	if off != nil {
		f.b.came(off, q.Neg())
		orders = append(orders, fhir.Obj("name", "order", "resource", off.resource()))
	}
	if put != nil {
		again.to = put.Ref()
		f.b.came(put, q)
		orders = append(orders, fhir.Obj("name", "order", "resource", put.resource()))
	}
	record := again.resource(f.day)
	f.b.others = append(f.b.others, write("Basic", again.id, "", record))
	return append([]any{fhir.Obj("name", "correction", "resource", record)}, orders...)
}
