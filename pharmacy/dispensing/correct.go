package dispensing

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

var correctInputs = []fhir.Parameter{
	{Name: "item", Kinds: []string{"valueString"}, Required: true, Doc: "The number of the item."},
	{Name: "kind", Kinds: []string{"valueCode"}, Required: true, Doc: "typographical: a minor error or spelling mistake; quantity: the total quantity was in figures, and not in words."},
	{Name: "element", Kinds: []string{"valueCode"}, Required: true, Doc: "What was amended: medicine, dose, quantityWords, patient or prescriber."},
	{Name: "from", Kinds: []string{"valueString"}, Doc: "What was written; of quantityWords what the order has."},
	{Name: "to", Kinds: []string{"valueString"}, Required: true, Doc: "What is written now."},
	{Name: "amended", Kinds: []string{"valueBoolean"}, Required: true, Doc: "true: the form itself was amended, indelibly and with the pharmacist's name and the date."},
	{Name: "note", Kinds: []string{"valueString"}, Doc: "What else there is to say of it."},
}

// correctTask is Task/…/$correct: what a pharmacist may put right on the paper
// original of a private prescription (MDR 16(1A), (1B)). It is recorded beside the
// order, which stays as it was sent.
func (s *Service) correctTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	return s.act(ctx, call, prescription.Correcting, func(q *prescription.Request) {
		p := func(name, value string) string { return textOf(call.Body, name, value) }
		q.Correction = prescription.Correction{Kind: p("kind", "valueCode"), Element: p("element", "valueCode"), From: p("from", "valueString"), To: p("to", "valueString"), Amended: p("amended", "valueBoolean") == "true"}
		q.Words = p("note", "valueString")
	})
}
