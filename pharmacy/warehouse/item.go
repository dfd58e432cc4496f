package warehouse

import (
	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// item is a product of the ledger of a pharmacy, in one unit.
type item struct {
	id, version string
	org         string
	product     Product
	unit        string
	// entered is what was entered of it but by supplies, where the controlled drugs
	// register is kept for it: the sum of such entries of the register's page.
	entered decimal.Decimal
	// open says that orders are filled from it: goods were received, or a level is set.
	open   bool
	level  decimal.Decimal // it is ordered when less is available; zero where no level is set
	batch  decimal.Decimal // how much is ordered at a time
	days   int             // from the order to the delivery, 0 where that is not known
	source string          // who supplies it
}

// itemID is the id of the item of a product in a unit.
func itemID(org string, p Product, unit string) string {
	return pharmacy.ID("stock-item", org, p.key(), unit)
}

// itemOf reads the item of an id, nil where there is none.
func itemOf(state fhir.State, id string) (*item, error) {
	v, err := state.Current("Basic", id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	r, err := v.Resource()
	if err != nil || nhs.Coded(r.Get("code"), csStock) != codeItem {
		return nil, err
	}
	said := nhs.Extension(r.Root(), extItem)
	part := func(name, kind string) fhir.Node { return nhs.Extension(said, name).Get(kind) }
	p := part("product", "valueCoding")
	return &item{id: v.ID, version: v.VersionID, org: nhs.Identifier(r.Root(), idLedger).Text(),
		product: Product{Code: p.Get("code").Text(), Name: part("name", "valueString").Text(), Unit: part("unit", "valueString").Text(), Schedule: part("schedule", "valueCode").Text()},
		unit:    part("unit", "valueString").Text(), entered: number(part("entered", "valueDecimal")), open: part("open", "valueBoolean").Bool(), level: number(part("level", "valueDecimal")), batch: number(part("orderQuantity", "valueDecimal")),
		days: whole(part("leadDays", "valuePositiveInt")), source: part("supplier", "valueString").Text()}, nil
}

// change writes the item.
func (i *item) change() fhir.Change {
	said := nhs.Parts{}
	if i.product.Code != "" {
		said.Value("product", "valueCoding", fhir.Obj("system", nhs.CSDMD, "code", i.product.Code, "display", i.product.Name))
	}
	said.Text("name", "valueString", i.product.Name)
	said.Text("unit", "valueString", i.unit)
	said.Text("schedule", "valueCode", i.product.Schedule)
	decimalPart(&said, "entered", i.entered)
	said.Bool("open", i.open)
	decimalPart(&said, "level", i.level)
	decimalPart(&said, "orderQuantity", i.batch)
	if i.days > 0 {
		said.Int("leadDays", "valuePositiveInt", i.days)
	}
	said.Text("supplier", "valueString", i.source)
	r := fhir.Obj("resourceType", "Basic", "id", i.id, "extension", fhir.List(said.Extension(extItem)),
		"identifier", fhir.List(nhs.IdentifierValue(idLedger, i.org)), "code", stockCode(codeItem), "author", keeper(i.org)).Resource()
	return write("Basic", i.id, i.version, r)
}

// itemsOf are the items of a pharmacy's ledger.
func itemsOf(state fhir.State, org string) (list []*item, err error) {
	ids, err := state.Find("Basic", nhs.Query("identifier", idLedger, org)+"&"+nhs.Query("code", csStock, codeItem))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		i, err := itemOf(state, id)
		if err != nil {
			return nil, err
		}
		if i != nil {
			list = append(list, i)
		}
	}
	return list, nil
}
