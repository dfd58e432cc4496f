package dispensing

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// packInputs are what is told of a pack: by its code, or part by part.
var packInputs = []fhir.Parameter{
	{Name: "scan", Kinds: []string{"valueString"}, Doc: "What a scanner reads of the pack: its GS1 DataMatrix (01, 10, 17, 21), or its GTIN."},
	{Name: "batch", Kinds: []string{"valueString"}, Doc: "The batch number."},
	{Name: "expiry", Kinds: []string{"valueDate"}, Doc: "The expiry date."},
}

var checkInputs = []fhir.Parameter{
	{Name: "item", Kinds: []string{"part"}, Repeated: true, Required: true, Doc: "What was counted of an item.", Parts: append([]fhir.Parameter{
		{Name: "number", Kinds: []string{"valueString", "valueIdentifier", "valueReference"}, Required: true, Doc: "The item: its prescription-order-item-number, or a reference to its MedicationRequest."},
		{Name: "quantity", Kinds: []string{"valueQuantity"}, Required: true, Doc: "The amount that was counted, in the unit of the prescription."},
	}, packInputs...)},
	{Name: "alone", Kinds: []string{"valueBoolean"}, Doc: "true: who approved has checked a second time, because nobody else is there."},
	{Name: "note", Kinds: []string{"valueString"}, Doc: "What else there is to say of it."},
}

// checkTask is Task/…/$check: a second person has counted what is about to be handed
// over, and compared it with the prescription. $dispense compares it with the supply.
func (s *Service) checkTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	if call.Body == nil {
		return nil, noBody("check", "Parameters")
	}
	if err := quantitiesKnown(call.Body); err != nil {
		return nil, err
	}
	return s.actOn(ctx, call, prescription.Checking, func(x *execution, q *prescription.Request) (issues []fhir.Issue) {
		q.Items, q.Alone, q.Words = nil, textOf(call.Body, "alone", "valueBoolean") == "true", textOf(call.Body, "note", "valueString")
		for n := range call.Body.Get("parameter").Items() {
			if n.Get("name").Text() != "item" {
				continue
			}
			pack, issue := packOf(n)
			if issue != nil {
				issues = append(issues, *issue)
			}
			l, text := x.named(n)
			if l != nil {
				text = l.Item
			}
			q.Counts = append(q.Counts, prescription.Count{Item: text, Quantity: prescription.ReadQuantity(message.Part(n, "quantity").Get("valueQuantity")), Pack: pack, Place: n.Expression()})
		}
		return issues
	})
}

// packOf reads what an item says of its pack; what is told twice is told alike.
func packOf(item node) (prescription.Pack, *fhir.Issue) {
	scan, batch, expiry := message.Part(item, "scan").Get("valueString"), message.Part(item, "batch").Get("valueString"), message.Part(item, "expiry").Get("valueDate")
	wrong := func(at node, message, expected, found string) *fhir.Issue {
		return &fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "PACK-1", Message: message, Expected: expected, Found: fhir.OrNothing(found), Expression: at.Expression(), Position: at.Position()}
	}
	var p prescription.Pack
	if scan.Exists() {
		var err error
		if p, err = prescription.ReadPack(scan.Text()); err != nil {
			return p, wrong(scan, "The code of the pack cannot be read: "+err.Error()+".", "a GS1 DataMatrix with the fields 01, 10, 17 and 21, or a GTIN", scan.Text())
		}
	}
	if batch.Exists() {
		if p.Batch != "" && p.Batch != batch.Text() {
			return p, wrong(batch, "The batch is not the one of the pack's code.", p.Batch, batch.Text())
		}
		p.Batch = batch.Text()
	}
	if expiry.Exists() {
		day := nhs.ReadDate(expiry.Text())
		if !p.Expiry.IsZero() && p.Expiry != day {
			return p, wrong(expiry, "The expiry date is not the one of the pack's code.", p.Expiry.String(), expiry.Text())
		}
		p.Expiry = day
	}
	return p, nil
}
