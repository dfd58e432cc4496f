package dispensing

import (
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// recordBags are the inputs of a Task that tell of what is in the bag, or was.
func (x *execution) recordBags(record func(code string, who prescription.Party, when, text string, parts ...any)) {
	for _, b := range x.Bags {
		var product, expiry, delivered, attempts fhir.Value
		if !b.Expected.IsZero() {
			delivered = fhir.Obj("url", "expected", "valueDate", b.Expected.String())
		}
		if b.Attempts > 0 {
			attempts = fhir.Obj("url", "attempts", "valueInteger", b.Attempts)
		}
		if b.Product.Code != "" || b.Product.Display != "" {
			product = fhir.Obj("url", "product", "valueCoding", nhs.CodingValue(b.Product))
		}
		if !b.Pack.Expiry.IsZero() {
			expiry = fhir.Obj("url", "expiry", "valueDate", b.Pack.Expiry.String())
		}
		record(recordBagged, b.Who, b.When, "", fhir.Obj("url", "item", "valueString", b.Item), fhir.Obj("url", "for", "valueCode", b.For),
			fhir.Obj("url", "status", "valueCode", string(b.Status)), fhir.Obj("url", "quantity", "valueQuantity", b.Quantity.Element()), product,
			held("gtin", b.Pack.GTIN), held("batch", b.Pack.Batch), expiry, held("serial", b.Pack.Serial),
			held("difference", b.Difference), held("protocol", b.Reference), held("putBack", b.PutBack),
			held("stage", string(b.Stage)), held("courier", b.Courier), held("left", b.Left), delivered, held("failed", b.Failed), attempts, setFlag("void", b.Void))
	}
}

// readBag reads what recordBags wrote.
func (x *execution) readBag(ext node, who prescription.Party, when string) {
	part := func(name, value string) string { return nhs.Extension(ext, name).Get(value).Text() }
	product := nhs.Extension(ext, "product").Get("valueCoding")
	attempts, _ := strconv.Atoi(part("attempts", "valueInteger"))
	x.readBags = append(x.readBags, prescription.Bagged{
		Supply: prescription.Supply{Item: part("item", "valueString"), Status: prescription.LineStatus(part("status", "valueCode")),
			Quantity:   prescription.ReadQuantity(nhs.Extension(ext, "quantity").Get("valueQuantity")),
			Product:    fhir.Coding{System: product.Get("system").Text(), Code: product.Get("code").Text(), Display: product.Get("display").Text()},
			Pack:       prescription.Pack{GTIN: part("gtin", "valueString"), Batch: part("batch", "valueString"), Serial: part("serial", "valueString"), Expiry: nhs.ReadDate(part("expiry", "valueDate"))},
			Difference: part("difference", "valueString"), Reference: part("protocol", "valueString")},
		For: part("for", "valueCode"), Who: who, When: when, PutBack: part("putBack", "valueString"),
		Stage: prescription.Stage(part("stage", "valueString")), Courier: part("courier", "valueString"), Left: part("left", "valueString"), Expected: nhs.ReadDate(part("expected", "valueDate")), Failed: part("failed", "valueString"), Attempts: attempts,
		Void: part("void", "valueBoolean") == "true"})
}
