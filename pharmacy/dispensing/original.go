package dispensing

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var originalInputs = []fhir.Parameter{
	{Name: "form", Kinds: []string{"valueCode"}, Required: true, Doc: "The form: FP10PCD in England."},
	{Name: "received", Kinds: []string{"valueDate"}, Required: true, Doc: "The day on which the pharmacy received it."},
	{Name: "signatureChecked", Kinds: []string{"valueBoolean"}, Required: true, Doc: "true: the form was compared with the prescription, and its signature with the prescriber's."},
	{Name: "prescriberNumber", Kinds: []string{"valueString"}, Required: true, Doc: "The prescriber identification number that it bears: six digits."},
	{Name: "note", Kinds: []string{"valueString"}, Doc: "What else there is to say of it."},
}

// recordOriginal is Task/…/$record-original: the paper original of a private
// prescription for a drug of schedule 2 or 3 is in hand and was checked (MDR
// 15(1)(aa), (ab)). Who checked it is the caller. A further record corrects an
// earlier one; both stay.
func (s *Service) recordOriginal(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	p := func(name, value string) node { return message.Parameter(call.Body, name).Get(value) }
	return s.act(ctx, call, prescription.RecordOriginal, func(q *prescription.Request) {
		q.Original = prescription.Original{Form: p("form", "valueCode").Text(), Received: nhs.ReadDate(p("received", "valueDate").Text()), Signed: p("signatureChecked", "valueBoolean").Bool(),
			Number: p("prescriberNumber", "valueString").Text(), Note: p("note", "valueString").Text()}
	})
}
