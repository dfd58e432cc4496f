package warehouse

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// TestScripts runs the scripts in testdata: each file of an archive is the stock of a
// pharmacy, one command on a line that begins with ">", and below it what came of it.
// -update rewrites the answers. _ is a blank within a word.
//
//	now DAY                         the clock, at nine
//	NAME [key=value…]               an operation
//	order ID CODE QUANTITY          a prescription that the pharmacy takes
//	bag ID QUANTITY [batch=B]       what goes into its bag
//	send ID, fail ID                what is in the bag goes to the courier
//	put-back ID                     what is in the bag is put back
//	hand-over ID DISPENSE [batch=B] what is in the bag is supplied
//	close ID STATUS                 the prescription is over
//	supply DISPENSE CODE QUANTITY [batch=B] [order=ID] [status=S]   a MedicationDispense by itself
//	enter KIND QUANTITY sum=N [batch=B expiry=DAY]    an entry of the controlled drugs register
//	forge WHAT                      a record of the ledger written by hand, or altered: entry, lot, order, alter, delete
//	cancel-order NUMBER:CODE [reason=R]   the purchase order of a product; against=NUMBER:CODE names one
//	correct-receipt receipt=BATCH [quantity=N] [off=NUMBER:CODE] [against=NUMBER:CODE] reason=R   the first receipt of a batch
//	journal KIND [from=DAY to=DAY]
//	show, orders, purchases, entries, deliveries, check
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for i := range archive.Files {
			f := &archive.Files[i]
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+f.Name, func(t *testing.T) {
				got := runScript(t, string(f.Data))
				if *update {
					f.Data = []byte(got)
					return
				}
				require.Equal(t, string(f.Data), got)
			})
		}
		if *update {
			require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o600))
		}
	}
}

func runScript(t *testing.T, script string) string {
	w := newWorld(t)
	require.NoError(t, w.write(true, fhir.Change{Method: fhir.Update, Type: "Patient", ID: "ada", Resource: fhir.Obj("resourceType", "Patient", "id", "ada").Resource()}))
	var out strings.Builder
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
			out.WriteString(line + "\n")
		case strings.HasPrefix(line, ">"):
			out.WriteString(line + "\n")
			said := strings.TrimRight(w.do(strings.Fields(line[1:])), "\n")
			w.settle()
			if said != "" {
				out.WriteString("  " + strings.ReplaceAll(said, "\n", "\n  ") + "\n")
			}
		}
	}
	return out.String()
}

var ids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

func (w *world) do(words []string) string {
	opts := map[string]string{}
	var rest []string
	for _, word := range words[1:] {
		word = strings.ReplaceAll(word, "_", " ")
		if k, v, ok := strings.Cut(word, "="); ok {
			opts[k] = v
		} else {
			rest = append(rest, word)
		}
	}
	switch words[0] {
	case "now":
		at, err := time.Parse(time.DateOnly, rest[0])
		require.NoError(w.t, err)
		w.now = at.Add(9 * time.Hour)
		return ""
	case "order":
		w.tasks[rest[0]] = &madeTask{status: "accepted", line: "0008", code: rest[1], quantity: rest[2]}
		return failure(w.put(rest[0]))
	case "bag":
		w.tasks[rest[0]].bags = append(w.tasks[rest[0]].bags, bagOf(rest[0], rest[1], opts["batch"], "", "", false))
		return failure(w.put(rest[0]))
	case "send", "fail", "put-back":
		return failure(w.rebag(words[0], rest[0]))
	case "hand-over":
		m := w.tasks[rest[0]]
		amount := bagged(m)
		m.bags, m.line, m.status = nil, "0001", "completed"
		return failure(w.put(rest[0], dispense(rest[1], rest[0], m.code, amount, opts["batch"], "completed")))
	case "close":
		m := w.tasks[rest[0]]
		m.status, m.line = rest[1], "0006"
		return failure(w.put(rest[0]))
	case "supply":
		return failure(w.write(true, dispense(rest[0], opts["order"], rest[1], rest[2], opts["batch"], orElse(opts["status"], "completed"))))
	case "enter":
		return failure(w.entered(Entered{Kind: stock.Kind(rest[0]), Change: decimal.RequireFromString(rest[1]), Sum: decimal.RequireFromString(opts["sum"]), Batch: opts["batch"], Expiry: nhs.ReadDate(opts["expiry"]), Day: nhs.DateOf(w.now), Party: "Wholesale", Order: w.purchaseRef(opts["against"])}))
	case "forge":
		return failure(w.forge(rest[0]))
	case "cancel-order":
		return w.operationOf(words[0], idIn("SupplyRequest", w.purchaseRef(rest[0])), opts)
	case "purchases":
		return w.purchasesShown()
	case "show":
		return w.show()
	case "orders":
		return w.ordersShown()
	case "entries":
		return w.entriesShown()
	case "deliveries":
		return w.deliveriesShown()
	case "journal":
		reply, err := w.call("stock-journal", fhir.Obj("name", "kind", "valueCode", rest[0]), fhir.Obj("name", "from", "valueDate", opts["from"]), fhir.Obj("name", "to", "valueDate", opts["to"]))
		if err != nil {
			return failure(err)
		}
		text, err := base64.StdEncoding.DecodeString(reply.Resource.Get("data").Text())
		require.NoError(w.t, err)
		return ids.ReplaceAllString(string(text), "ID")
	case "check":
		if wrong := w.recount(); wrong != nil {
			return ids.ReplaceAllString(strings.Join(wrong, "\n"), "ID")
		}
		return "the ledger agrees with the log"
	}
	return w.operation(words[0], opts)
}

func bagged(m *madeTask) string {
	sum := decimal.Zero
	for _, b := range m.bags {
		said := nhs.Extension(b.Resource().Root(), extDispensing)
		if !nhs.Extension(said, "void").Exists() {
			sum = sum.Add(number(nhs.Extension(said, "quantity").Path("valueQuantity", "value")))
		}
	}
	return sum.String()
}

// rebag changes what is told of the bags of a Task.
func (w *world) rebag(act, id string) error {
	m := w.tasks[id]
	for i, b := range m.bags {
		said := nhs.Extension(b.Resource().Root(), extDispensing)
		part := func(name, kind string) string { return nhs.Extension(said, name).Get(kind).Text() }
		if part("void", "valueBoolean") != "" {
			continue
		}
		q, stage, back := nhs.Extension(said, "quantity").Path("valueQuantity", "value").Text(), part("stage", "valueString"), ""
		switch act {
		case "send":
			stage = "dispatched"
		case "fail":
			stage = "failed"
		case "put-back":
			back = "nobody came"
		}
		m.bags[i] = bagOf(id, q, part("batch", "valueString"), stage, back, act == "put-back")
	}
	return w.put(id)
}

// operation calls an operation with what a script says.
func (w *world) operation(name string, opts map[string]string) string {
	return w.operationOf(name, "", opts)
}

// operationOf calls an operation of a resource.
func (w *world) operationOf(name, id string, opts map[string]string) string {
	var list []any
	for _, k := range slices.Sorted(maps.Keys(opts)) {
		v := opts[k]
		switch k {
		case "unnamed":
			list = append(list, fhir.Obj("name", "order", "valueReference", fhir.Obj("display", v)))
		case "product":
			list = append(list, fhir.Obj("name", k, "valueCoding", fhir.Obj("system", nhs.CSDMD, "code", v)))
		case "against":
			if v != "" {
				list = append(list, fhir.Obj("name", "order", "valueReference", fhir.Obj("reference", w.purchaseRef(v))))
			}
		case "receipt":
			list = append(list, fhir.Obj("name", k, "valueReference", fhir.Obj("reference", w.receiptRef(v))))
		case "off":
			list = append(list, fhir.Obj("name", "from", "valueReference", fhir.Obj("reference", w.purchaseRef(v))))
		case "signed":
			name, role, _ := strings.Cut(v, ":")
			list = append(list, fhir.Obj("name", "authority", "part", fhir.List(named("name", "valueString", name), named("role", "valueString", role))))
		case "quantity", "change", "counted", "level", "order":
			value, unit, _ := strings.Cut(v, ":")
			list = append(list, fhir.Obj("name", k, "valueQuantity", fhir.Obj("value", fhir.Raw(value), "unit", unit)))
		case "expiry", "received", "expected":
			list = append(list, fhir.Obj("name", k, "valueDate", v))
		case "price":
			list = append(list, fhir.Obj("name", k, "valueMoney", fhir.Obj("value", fhir.Raw(v), "currency", "GBP")))
		case "returned", "lift":
			list = append(list, fhir.Obj("name", k, "valueBoolean", v == "true"))
		case "leadDays":
			list = append(list, fhir.Obj("name", k, "valuePositiveInt", fhir.Raw(v)))
		case "org":
			list = append(list, fhir.Obj("name", k, "valueCode", v))
		default:
			list = append(list, fhir.Obj("name", k, "valueString", v))
		}
	}
	reply, err := w.callOf(name, id, list...)
	if err != nil {
		return failure(err)
	}
	var out []string
	for p := range reply.Resource.Get("parameter").Items() {
		if p.Get("name").Text() == "difference" {
			out = append(out, "difference "+p.Path("valueQuantity", "value").Text())
		}
		if p.Get("name").Text() == "order" {
			v := &fhir.Version{Type: "SupplyRequest", ID: p.Path("resource", "id").Text(), JSON: p.Get("resource").Raw()}
			o, err := readPurchase(v)
			require.NoError(w.t, err)
			out = append(out, o.shown())
		}
		if name := p.Get("name").Text(); name != "lot" && name != "item" {
			continue
		}
		var parts []string
		for x := range p.Get("part").Items() {
			if x.Get("name").Text() == "lot" {
				continue
			}
			parts = append(parts, strings.TrimSpace(x.Get("name").Text()+" "+strings.TrimSpace(x.Get("valueString").Text()+x.Get("valueDate").Text()+x.Get("valueBoolean").Text()+x.Path("valueQuantity", "value").Text()+x.Path("valueMoney", "value").Text()+x.Path("valueCoding", "display").Text()+x.Get("valueCode").Text()+x.Get("valuePositiveInt").Text())))
		}
		out = append(out, strings.Join(parts, ", "))
	}
	return strings.Join(out, "\n")
}

// shown is a purchase order as scripts show it.
func (p *purchase) shown() string {
	text := fmt.Sprintf("order %s of %s %s %s from %s, %s: received %s, outstanding %s", p.number, p.quantity, p.unit, p.product.Name, p.supplier, p.status, p.received, p.outstanding())
	for _, more := range []string{p.expected.String(), p.ended.String(), p.reason, p.purpose, p.signed, p.as} {
		if more != "" {
			text += ", " + more
		}
	}
	return text
}

// purchaseRef is the reference to the purchase order NUMBER:PRODUCT; what is none is the reference itself.
func (w *world) purchaseRef(said string) string {
	number, code, ok := strings.Cut(said, ":")
	if !ok {
		return said
	}
	p, _ := shelf{}.Product(fhir.Coding{Code: code}, nhs.Date{})
	return "SupplyRequest/" + purchaseID("FA565", number, itemID("FA565", p, p.Unit))
}

// receiptRef is the reference to the first receipt of a batch; what is none is the reference itself.
func (w *world) receiptRef(batch string) string {
	found, err := entriesOf(w.db.State(context.Background()), nhs.Query("identifier", idLedger, "FA565"))
	require.NoError(w.t, err)
	for _, e := range found {
		if e.Kind == stock.Receipt && e.batch == batch {
			return "Basic/" + e.id
		}
	}
	return batch
}

func (w *world) purchasesShown() string {
	w.settle()
	found, err := purchasesOf(w.db.State(context.Background()), nhs.Query("identifier", idLedger, "FA565"))
	require.NoError(w.t, err)
	var out []string
	for _, p := range found {
		out = append(out, p.shown())
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// failure is what a refusal tells.
func failure(err error) string {
	if err == nil {
		return ""
	}
	var known *fhir.Error
	if !errors.As(err, &known) {
		return err.Error()
	}
	var out []string
	for _, i := range known.Issues {
		out = append(out, ids.ReplaceAllString(fmt.Sprintf("refused %s %s %s: %s", i.Rule, i.Code, i.Expression, i.Text()), "ID"))
	}
	return strings.Join(out, "\n")
}

func (w *world) show() string {
	w.settle()
	holdings, err := HoldingsOf(w.db.State(context.Background()), "FA565")
	require.NoError(w.t, err)
	var out strings.Builder
	for _, h := range holdings {
		fmt.Fprintf(&out, "%s: %s %s, worth %s\n", h.Product().Name, h.Balance(), h.Unit(), decimal.New(h.Pence(), -2).StringFixed(2))
		for _, l := range h.lots {
			fmt.Fprintf(&out, "  %s %s %s:", orElse(l.Batch, "unrecorded"), l.Expiry, l.Location)
			for _, s := range stock.States {
				if q := l.In(s); !q.IsZero() {
					fmt.Fprintf(&out, " %s %s", s, q)
				}
			}
			if l.Recalled {
				out.WriteString(" recalled")
			}
			out.WriteString("\n")
		}
	}
	return out.String()
}

func (w *world) ordersShown() string {
	w.settle()
	state := w.db.State(context.Background())
	found, err := state.Find("SupplyRequest", nhs.Query("category", csStock, codeOrder))
	require.NoError(w.t, err)
	b := newBook(state, w.now, fhir.Principal{})
	var out []string
	for _, id := range found {
		o, err := b.order(id)
		require.NoError(w.t, err)
		require.NoError(w.t, b.known(o))
		text := fmt.Sprintf("%s %s of %s:", o.task, o.status, o.quantity)
		for _, r := range o.rows {
			text += fmt.Sprintf(" %s %s of %s", r.state, r.quantity, orElse(b.lots[r.lot].Batch, "unrecorded"))
		}
		if !o.supplied.IsZero() {
			text += " supplied " + o.supplied.String()
		}
		if !o.short.IsZero() {
			text += " short " + o.short.String()
		}
		if !o.expected.IsZero() {
			text += " expected " + o.expected.String()
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func (w *world) entriesShown() string {
	w.settle()
	found, err := entriesOf(w.db.State(context.Background()), nhs.Query("identifier", idLedger, "FA565"))
	require.NoError(w.t, err)
	var out strings.Builder
	for _, e := range found {
		fmt.Fprintf(&out, "%s, lot %s, %s, entry %d", e.Move, orElse(e.batch, "unrecorded"), e.When, e.place)
		if e.Pence != 0 {
			fmt.Fprintf(&out, ", %s pounds", decimal.New(e.Pence, -2).StringFixed(2))
		}
		fmt.Fprintf(&out, ", %s\n", ids.ReplaceAllString(e.Source+e.Reason+e.Party, "ID"))
	}
	return out.String()
}

func (w *world) deliveriesShown() string {
	w.settle()
	state := w.db.State(context.Background())
	found, err := state.Find("SupplyDelivery", "status=in-progress,completed,abandoned")
	require.NoError(w.t, err)
	var out []string
	for _, id := range found {
		r, err := current(state, "SupplyDelivery", "SupplyDelivery/"+id)
		require.NoError(w.t, err)
		out = append(out, fmt.Sprintf("%s %s of %s with %s", r.Get("status").Text(), r.Root().Path("suppliedItem", "quantity", "value").Text(), r.Root().Path("suppliedItem", "itemCodeableConcept", "text").Text(), nhs.Identifier(r.Root(), idCourier).Text()))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// forge writes by hand what the server alone writes.
func (w *world) forge(what string) error {
	state := w.db.State(context.Background())
	found, err := entriesOf(state, nhs.Query("identifier", idLedger, "FA565"))
	require.NoError(w.t, err)
	require.NotEmpty(w.t, found)
	e := found[0]
	b := newBook(state, w.now, w.who)
	l, err := b.lotByID(e.lotID)
	require.NoError(w.t, err)
	raised := *l
	raised.Held = maps.Clone(l.Held)
	raised.Held[stock.Available] = raised.In(stock.Available).Add(decimal.NewFromInt(7))
	switch what {
	case "entry":
		return w.write(false, fhir.Change{Method: fhir.Create, Type: "Basic", Resource: fhir.Obj("resourceType", "Basic", "code", stockCode("receipt")).Resource()})
	case "identifier":
		return w.write(false, fhir.Change{Method: fhir.Create, Type: "Basic", Resource: fhir.Obj("resourceType", "Basic", "code", fhir.Obj("text", "x"), "identifier", fhir.List(nhs.IdentifierValue(idLot, e.item))).Resource()})
	case "lot":
		return w.write(false, raised.change())
	case "lot-derived": // by a mistake of the server itself
		return w.write(true, raised.change())
	case "entry-derived":
		_, issue := b.move(l, stock.Move{Kind: stock.Adjust, To: stock.Available, Quantity: decimal.NewFromInt(7)}, cause{})
		require.Nil(w.t, issue)
		return w.write(true, b.entries[0].change(b.day))
	case "purchase":
		return w.write(false, (&purchase{id: "po", org: "FA565", number: "1", item: e.item, quantity: decimal.NewFromInt(5), status: orderActive}).change())
	case "purchase-received", "purchase-altered", "purchase-ended": // by a mistake of the server itself
		list, err := purchasesOf(state, nhs.Query("identifier", idOutstanding, "FA565"))
		require.NoError(w.t, err)
		p := list[0]
		switch what {
		case "purchase-received":
			p.received = p.received.Add(decimal.NewFromInt(1))
		case "purchase-altered":
			p.quantity = p.quantity.Add(decimal.NewFromInt(1))
		default:
			p.status = orderCompleted
		}
		return w.write(true, p.change())
	case "purchase-removed":
		list, err := purchasesOf(state, nhs.Query("identifier", idOutstanding, "FA565"))
		require.NoError(w.t, err)
		return w.write(true, fhir.Change{Method: fhir.Delete, Type: "SupplyRequest", ID: list[0].id})
	case "receipt-derived": // against an order that is not written with it
		_, issue := b.move(l, stock.Move{Kind: stock.Receipt, To: stock.Available, Quantity: decimal.NewFromInt(1)}, cause{Order: "SupplyRequest/none"})
		require.Nil(w.t, issue)
		return w.write(true, b.changes()...)
	case "corrected", "corrected-alone", "corrected-more", "corrected-altered", "corrected-twice": // by a mistake of the server itself, but for the first
		all, err := reassignedIn(state, nhs.Query("identifier", idLedger, "FA565"))
		require.NoError(w.t, err)
		last := *all[len(all)-1]
		r, err := receiptOf(state, last.receipt, 99)
		require.NoError(w.t, err)
		if what == "corrected-altered" {
			v, err := state.Current("Basic", last.id)
			require.NoError(w.t, err)
			last.reason = "another"
			return w.write(true, write("Basic", last.id, v.VersionID, last.resource(b.day)))
		}
		if what == "corrected-twice" {
			return w.write(true, fhir.Change{Method: fhir.Delete, Type: "Basic", ID: last.id})
		}
		part := r.parts[0]
		next := &reassigned{id: reassignedID(r.id, r.place+1), org: "FA565", receipt: r.id, place: r.place + 1, from: part.order, quantity: part.quantity, unit: r.unit, pence: part.pence}
		if what == "corrected-more" {
			next.quantity = next.quantity.Add(decimal.NewFromInt(1))
		}
		return w.write(what != "corrected", write("Basic", next.id, "", next.resource(b.day)))
	case "order":
		return w.write(false, fhir.Change{Method: fhir.Create, Type: "SupplyRequest", Resource: fhir.Obj("resourceType", "SupplyRequest", "category", stockCode(codeOrder), "status", "active").Resource()})
	case "alter", "alter-derived":
		v, err := state.Current("Basic", e.id)
		require.NoError(w.t, err)
		r, err := v.Resource()
		require.NoError(w.t, err)
		return w.write(what == "alter-derived", fhir.Change{Method: fhir.Update, Type: "Basic", ID: e.id, Resource: withStatus(r, "x")})
	case "delete", "delete-derived":
		return w.write(what == "delete-derived", fhir.Change{Method: fhir.Delete, Type: "Basic", ID: e.id})
	case "delete-lot":
		return w.write(true, fhir.Change{Method: fhir.Delete, Type: "Basic", ID: l.id})
	}
	w.t.Fatal(what)
	return nil
}
