package warehouse

import (
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// cause is why something is moved, and by whom.
type cause struct {
	When   string // the day on which it happened, "" for the day of the entry
	Order  string // SupplyRequest/1: of a receipt the purchase order, else that of a prescription
	Source string // the version that it follows from, or what it is known by elsewhere
	Reason string
	Party  string // from whom it was received, or to whom it went: not a patient
	Paper  string // the number of the purchase order or the delivery note
	By     string // who recorded it
	ByName string
}

// entry is one movement of one lot. It is written once.
type entry struct {
	id    string
	of    *lot // as it is after the entry
	item  string
	place int // 1 for the first of the lot
	stock.Move
	cause
	product Product

	lotID, batch, expiry, location, unit, org string
	entered                                   time.Time
}

// ofPurchase reports whether an entry is a receipt against a purchase order.
func (e *entry) ofPurchase() bool { return e.Kind == stock.Receipt && e.Order != "" }

// entryID is the id of an entry: no two are the same one of a lot.
func entryID(lot string, place int) string {
	return pharmacy.ID("stock-entry", lot, strconv.Itoa(place))
}

// change creates the entry. day is that of its commit.
func (e *entry) change(day nhs.Date) fhir.Change {
	said := nhs.Parts{}
	said.Reference("lot", "Basic/"+e.of.id)
	said.Int("number", "valueInteger", e.place)
	said.Text("from", "valueCode", string(e.From))
	said.Text("to", "valueCode", string(e.To))
	said.Value("quantity", "valueQuantity", fhir.Obj("value", fhir.Raw(e.Quantity.String()), "unit", e.of.unit))
	if e.Pence != 0 {
		said.Value("value", "valueMoney", money(e.Pence))
	}
	said.Value("product", "valueCoding", fhir.Obj("system", dmdOf(e.product), "code", e.product.Code, "display", e.product.Name))
	said.Text("batch", "valueString", e.of.Batch)
	said.Text("expiry", "valueDate", e.of.Expiry.String())
	said.Text("location", "valueString", e.of.Location)
	said.Text("date", "valueDate", orElse(e.When, day.String()))
	said.Text("reason", "valueString", e.Reason)
	said.Reference("order", e.Order)
	said.Text("source", "valueString", e.Source)
	said.Text("party", "valueString", e.Party)
	said.Text("paper", "valueString", e.Paper)
	by := nhs.Parts{}
	by.Text("identifier", "valueString", e.By)
	by.Text("name", "valueString", e.ByName)
	said.Within("by", by)
	source := fhir.Value{}
	if ref := dispenseOf(e.Source); ref != "" {
		source = nhs.IdentifierValue(idSource, ref)
	}
	r := fhir.Obj("resourceType", "Basic", "id", e.id, "extension", fhir.List(said.Extension(extEntry)),
		"identifier", fhir.List(nhs.IdentifierValue(idLedger, e.of.org), nhs.IdentifierValue(idEntry, e.of.item), source),
		"code", stockCode(string(e.Kind)), "created", day.String(), "author", keeper(e.of.org)).Resource()
	return write("Basic", e.id, "", r)
}

func dmdOf(p Product) string {
	if p.Code == "" {
		return ""
	}
	return nhs.CSDMD
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// readEntry reads an entry, nil where a version is none.
func readEntry(v *fhir.Version) (*entry, error) {
	if v == nil || v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	said := nhs.Extension(r.Root(), extEntry)
	if !said.Exists() {
		return nil, nil
	}
	part := func(name, kind string) fhir.Node { return nhs.Extension(said, name).Get(kind) }
	text := func(name, kind string) string { return part(name, kind).Text() }
	p := part("product", "valueCoding")
	by := nhs.Extension(said, "by")
	e := &entry{id: v.ID, place: whole(part("number", "valueInteger")), item: nhs.Identifier(r.Root(), idEntry).Text(), org: nhs.Identifier(r.Root(), idLedger).Text(),
		lotID: idIn("Basic", part("lot", "valueReference").Get("reference").Text()), batch: text("batch", "valueString"), expiry: text("expiry", "valueDate"), location: text("location", "valueString"),
		unit: part("quantity", "valueQuantity").Get("unit").Text(), product: Product{Code: p.Get("code").Text(), Name: p.Get("display").Text()}, entered: v.LastUpdated}
	e.Move = stock.Move{Kind: stock.Kind(nhs.Coded(r.Get("code"), csStock)), From: stock.State(text("from", "valueCode")), To: stock.State(text("to", "valueCode")),
		Quantity: number(part("quantity", "valueQuantity").Get("value")), Pence: penceOf(part("value", "valueMoney"))}
	e.cause = cause{When: text("date", "valueDate"), Order: part("order", "valueReference").Get("reference").Text(), Source: text("source", "valueString"), Reason: text("reason", "valueString"),
		Party: text("party", "valueString"), Paper: text("paper", "valueString"), By: nhs.Extension(by, "identifier").Get("valueString").Text(), ByName: nhs.Extension(by, "name").Get("valueString").Text()}
	return e, nil
}
