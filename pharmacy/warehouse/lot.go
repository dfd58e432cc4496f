package warehouse

import (
	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// lot is a lot of an item as it is stored.
type lot struct {
	stock.Lot
	id, version string
	item, org   string // the id of the item; the ODS code of the pharmacy
	unit        string
}

// lotID is the id of a lot.
func lotID(item, batch, expiry, location string) string {
	return pharmacy.ID("stock-lot", item, batch, expiry, location)
}

// readLot reads a lot, nil where a version is none.
func readLot(v *fhir.Version) (*lot, error) {
	if v == nil || v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil || nhs.Coded(r.Get("code"), csStock) != codeLot {
		return nil, err
	}
	said := nhs.Extension(r.Root(), extLot)
	part := func(name, kind string) fhir.Node { return nhs.Extension(said, name).Get(kind) }
	l := &lot{id: v.ID, version: v.VersionID, item: part("item", "valueString").Text(), org: r.Root().Path("author", "identifier", "value").Text(), unit: part("unit", "valueString").Text()}
	l.Lot = stock.Lot{Batch: part("batch", "valueString").Text(), Expiry: nhs.ReadDate(part("expiry", "valueDate").Text()), Location: part("location", "valueString").Text(), Recalled: part("recalled", "valueBoolean").Bool(),
		Held: map[stock.State]decimal.Decimal{}, Pence: penceOf(part("value", "valueMoney")), Moves: whole(part("moves", "valueInteger"))}
	for _, s := range stock.States {
		if n := part(string(s), "valueDecimal"); n.Exists() {
			l.Held[s] = number(n)
		}
	}
	return l, nil
}

// change writes the lot. It is found by its item while there is anything in it.
func (l *lot) change() fhir.Change {
	said := nhs.Parts{}
	said.Text("item", "valueString", l.item)
	said.Text("unit", "valueString", l.unit)
	said.Text("batch", "valueString", l.Batch)
	said.Text("expiry", "valueDate", l.Expiry.String())
	said.Text("location", "valueString", l.Location)
	if l.Recalled {
		said.Bool("recalled", true)
	}
	for _, s := range stock.States {
		decimalPart(&said, string(s), l.In(s))
	}
	if l.Pence != 0 {
		said.Value("value", "valueMoney", money(l.Pence))
	}
	said.Int("moves", "valueInteger", l.Moves)
	open := ""
	if !l.Empty() {
		open = l.item
	}
	r := fhir.Obj("resourceType", "Basic", "id", l.id, "extension", fhir.List(said.Extension(extLot)),
		"identifier", fhir.List(nhs.IdentifierValue(idLot, open)), "code", stockCode(codeLot), "author", keeper(l.org)).Resource()
	return write("Basic", l.id, l.version, r)
}

// same reports whether two lots say the same but for how much there is of them.
func (l *lot) same(o *lot) bool {
	return l.item == o.item && l.org == o.org && l.unit == o.unit && l.Batch == o.Batch && l.Expiry == o.Expiry && l.Location == o.Location
}

// money writes pence as Money in pounds.
func money(pence int64) fhir.Value {
	return fhir.Obj("value", fhir.Raw(decimal.New(pence, -2).StringFixed(2)), "currency", "GBP")
}

// penceOf reads what money wrote.
func penceOf(n fhir.Node) int64 { return number(n.Get("value")).Shift(2).Round(0).IntPart() }
