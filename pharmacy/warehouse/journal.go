package warehouse

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/csv"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// Journal is what is told of stock to who keeps the accounts.
type Journal string

// The journals.
const (
	Valuation Journal = "valuation"       // what there was at the end of a day, lot by lot, and what it was worth
	Purchases Journal = "purchases"       // what was received
	Sales     Journal = "sales"           // what was supplied, at cost, and what was taken back
	Changes   Journal = "changes"         // what else changed the stock: corrections, destructions, moves, openings
	Orders    Journal = "orders"          // what is to be ordered now
	Ordered   Journal = "purchase-orders" // what was ordered, what came of it, and what is outstanding
	Control   Journal = "control"         // the totals, which add up to the valuation
)

// JournalsOf are all journals, in the order in which they are written.
var JournalsOf = []Journal{Valuation, Purchases, Sales, Changes, Orders, Ordered, Control}

// Books are the accounts of a pharmacy's stock over some days, as the ledger has them.
type Books struct {
	Org      string
	From, To nhs.Date // both included: days of entry
	entries  []*entry // of these days
	opening  int64    // what the stock was worth before
	lots     map[string]*valued
	holdings []Holding
	bought   []*bought
	// reassigned are the corrections of receipts until the end of the days.
	reassigned []*reassigned
	today      nhs.Date
}

// valued is what there is of a lot at the end of the days.
type valued struct {
	*entry
	quantity decimal.Decimal
	pence    int64
}

// BooksOf reads the accounts of some days from the ledger. Nothing is patients': an entry
// of a supply names the record of it.
func BooksOf(state fhir.State, org string, from, to, today nhs.Date) (*Books, error) {
	b := &Books{Org: org, From: from, To: to, lots: map[string]*valued{}, today: today}
	all, err := entriesOf(state, nhs.Query("identifier", idLedger, org)+"&created=le"+to.String())
	if err != nil {
		return nil, err
	}
	for _, e := range all {
		l := b.lots[e.lotID]
		if l == nil {
			l = &valued{entry: e}
			b.lots[e.lotID] = l
		}
		l.quantity, l.pence = l.quantity.Add(e.Change()), l.pence+e.value()
		if nhs.DateOf(e.entered).Before(from) {
			b.opening += e.value()
			continue
		}
		b.entries = append(b.entries, e)
	}
	if b.reassigned, err = reassignedIn(state, nhs.Query("identifier", idLedger, org)+"&created=le"+to.String()); err != nil {
		return nil, err
	}
	if err := b.ordersIn(state, all); err != nil {
		return nil, err
	}
	b.holdings, err = HoldingsOf(state, org)
	return b, err
}

// value is what an entry adds to the worth of the stock, in pence.
func (e *entry) value() int64 { return e.Pence * int64(e.Change().Sign()) }

// journalOf is the journal that has an entry; "" for one that changes no balance.
func journalOf(e *entry) Journal {
	switch {
	case e.Change().IsZero():
		return ""
	case e.Kind == stock.Receipt:
		return Purchases
	case e.Kind == stock.Supply, e.Kind == stock.SupplyBack:
		return Sales
	}
	return Changes
}

// Total is what a journal comes to, in pence.
func (b *Books) Total(j Journal) (sum int64) {
	if j == Ordered {
		return b.ordered()
	}
	if j == Valuation {
		for _, l := range b.lots {
			sum += l.pence
		}
		return sum
	}
	for _, e := range b.entries {
		if journalOf(e) == j {
			sum += e.value()
		}
	}
	return sum
}

// pounds writes pence in pounds.
func pounds(pence int64) string { return decimal.New(pence, -2).StringFixed(2) }

// CSV is a journal as a table with its column names; those of money end with their total.
func (b *Books) CSV(j Journal) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	row := func(cells ...string) {
		for i := range cells {
			cells[i] = pharmacy.Cell(cells[i])
		}
		_ = w.Write(cells) // to memory
	}
	switch j {
	case Valuation:
		row("pharmacy", "day", "code", "product", "unit", "batch", "expiry", "location", "quantity", "value")
		for _, l := range b.stocked() {
			row(b.Org, b.To.String(), l.product.Code, l.product.Name, l.unit, l.batch, l.expiry, l.location, l.quantity.String(), pounds(l.pence))
		}
		row("total", b.To.String(), "", "", "", "", "", "", "", pounds(b.Total(j)))
	case Orders:
		row("pharmacy", "day", "code", "product", "unit", "available", "level", "order", "supplier", "expected", "on order")
		for _, h := range b.toOrder() {
			i, expected := h.item, ""
			if i.days > 0 {
				expected = nhs.Date{Time: b.today.AddDate(0, 0, i.days)}.String()
			}
			has := h.Available(b.today)
			row(b.Org, b.today.String(), i.product.Code, i.product.Name, i.unit, has.String(), i.level.String(), decimal.Max(i.batch, i.level.Sub(has).Sub(h.coming)).String(), i.source, expected, h.coming.String())
		}
	case Ordered:
		b.rows(row)
	case Control:
		row("pharmacy", "from", "to", "what", "value")
		for _, line := range []struct {
			what  string
			pence int64
		}{{"opening", b.opening}, {"purchases", b.Total(Purchases)}, {"sales at cost", b.Total(Sales)}, {"changes", b.Total(Changes)}, {"closing", b.Total(Valuation)}} {
			row(b.Org, b.From.String(), b.To.String(), line.what, pounds(line.pence))
		}
	default:
		row("pharmacy", "day", "entry", "kind", "code", "product", "unit", "batch", "expiry", "location", "quantity", "value", "party", "paper", "source", "reason", "by", "order")
		for _, e := range b.entries {
			if journalOf(e) == j {
				row(b.Org, nhs.DateOf(e.entered).String(), e.id, string(e.Kind), e.product.Code, e.product.Name, e.unit, e.batch, e.expiry, e.location, e.Change().String(), pounds(e.value()), e.Party, e.Paper, e.Source, e.Reason, orElse(e.ByName, e.By), idIn("SupplyRequest", e.Order))
			}
		}
		row("total", b.To.String(), "", "", "", "", "", "", "", "", "", pounds(b.Total(j)), "", "", "", "", "", "")
	}
	w.Flush()
	return out.Bytes()
}

// toOrder are the products of which less is available and on order now than their level.
func (b *Books) toOrder() (list []Holding) {
	for _, h := range b.holdings {
		if h.Low(b.today) && h.Available(b.today).Add(h.coming).LessThan(h.item.level) {
			list = append(list, h)
		}
	}
	return list
}

// stocked are the lots of which there is anything, or which are worth something.
func (b *Books) stocked() (list []*valued) {
	for _, l := range b.lots {
		if !l.quantity.IsZero() || l.pence != 0 {
			list = append(list, l)
		}
	}
	sorting.By(list, func(x, y *valued) int {
		return cmp.Or(cmp.Compare(x.product.Name, y.product.Name), cmp.Compare(x.expiry, y.expiry), cmp.Compare(x.batch, y.batch), cmp.Compare(x.location, y.location), cmp.Compare(x.lotID, y.lotID))
	})
	return list
}

// Differs says where the accounts do not add up to the valuation, or the valuation is not
// the sum of what the lots are worth; "" where they do. to is today for the latter.
func (b *Books) Differs() string {
	if sum := b.opening + b.Total(Purchases) + b.Total(Sales) + b.Total(Changes); sum != b.Total(Valuation) {
		return "the journals come to " + pounds(sum) + ", and the stock is worth " + pounds(b.Total(Valuation))
	}
	if b.ordered() != b.Total(Purchases) {
		return "what was received comes to " + pounds(b.Total(Purchases)) + ", and to " + pounds(b.ordered()) + " by its orders"
	}
	if b.To.Before(b.today) {
		return ""
	}
	if wrong := b.miscounted(); wrong != "" {
		return wrong
	}
	worth := int64(0)
	for _, h := range b.holdings {
		worth += h.Pence()
	}
	if worth != b.Total(Valuation) {
		return "the lots are worth " + pounds(worth) + ", and the journals come to " + pounds(b.Total(Valuation))
	}
	return ""
}

// journal is Basic/$stock-journal: a Binary of CSV.
func (s *Service) journal(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	const op = "stock-journal"
	org, err := s.pharmacyFor(op, call)
	if err != nil {
		return nil, err
	}
	today := nhs.DateOf(call.Time)
	f := &form{s: s, call: call, op: op, day: today}
	j := Journal(parameter(call, "kind").Text())
	if !slices.Contains(JournalsOf, j) {
		names := make([]string, 0, len(JournalsOf))
		for _, x := range JournalsOf {
			names = append(names, string(x))
		}
		f.add("kind", fhir.Issue{Rule: "STOCK-6", Code: fhir.Invalid, Message: "There is no such journal.", Expected: strings.Join(names, ", "), Found: fhir.OrNothing(string(j))})
	}
	days := map[string]nhs.Date{"from": today, "to": today}
	for _, name := range slices.Sorted(maps.Keys(days)) {
		text := parameter(call, name).Text()
		if text == "" {
			continue
		}
		if days[name] = nhs.ReadDate(text); days[name].IsZero() {
			f.add(name, fhir.Issue{Rule: "STOCK-6", Code: fhir.Invalid, Message: "The date is not a day.", Expected: "a day such as 2026-11-30", Found: text})
		}
	}
	if parameter(call, "to").Exists() && !parameter(call, "from").Exists() {
		days["from"] = days["to"]
	}
	if days["to"].Before(days["from"]) {
		f.add("to", fhir.Issue{Rule: "STOCK-6", Message: "The days end before they begin.", Expected: "a day from " + days["from"].String(), Found: days["to"].String()})
	}
	if len(f.issues) > 0 {
		return nil, &fhir.Error{Op: op, Kind: f.coded()[0].Code, Issues: f.issues}
	}
	books, err := BooksOf(s.db.State(ctx), org, days["from"], days["to"], today)
	if err != nil {
		return nil, err
	}
	return &fhir.Reply{Impersonal: true, Resource: fhir.Obj("resourceType", "Binary", "contentType", "text/csv", "data", base64.StdEncoding.EncodeToString(books.CSV(j))).Resource()}, nil
}

// Accounts are the journals of a day of the pharmacy that the server serves, by the names
// of their files: what they come to is checked.
func (s *Service) Accounts(ctx context.Context, day, today nhs.Date) (files map[string][]byte, err error) {
	b, err := BooksOf(s.db.State(ctx), s.site, day, day, today)
	if err != nil {
		return nil, err
	}
	if wrong := b.Differs(); wrong != "" {
		return nil, fhir.E("stock", fhir.Exception, fhir.Issue{Message: "The accounts of the stock do not add up: " + wrong + ".", Fix: "Run pestle check."})
	}
	files = map[string][]byte{}
	for _, j := range JournalsOf {
		files[string(j)+"-"+day.String()+".csv"] = b.CSV(j)
	}
	return files, nil
}
