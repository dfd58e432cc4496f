package dispensing

import (
	"fmt"
	"regexp"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// originalInput is the record of the paper original of a private prescription
// for a drug of schedule 2 or 3 (MDR 15(1)(aa), (ab)).
var originalInput = fhir.Parameter{Name: "original", Kinds: []string{"part"}, Doc: "The paper original (FP10PCD) of a private prescription for a drug of schedule 2 or 3, which the pharmacy has received and checked; who checked it is the caller.",
	Parts: []fhir.Parameter{
		{Name: "received", Kinds: []string{"valueDate"}, Required: true, Doc: "The day on which the pharmacy received it."},
		{Name: "checked", Kinds: []string{"valueBoolean"}, Required: true, Doc: "true: it was compared with the prescription and the signature was verified."},
		{Name: "prescriberNumber", Kinds: []string{"valueString"}, Required: true, Doc: "The prescriber identification number that it bears: six digits."},
		{Name: "note", Kinds: []string{"valueString"}, Doc: "What else there is to say of it."},
	}}

var prescriberNumber = regexp.MustCompile(`^[0-9]{6}$`)

// noteOriginal records the paper original that a call says was received and
// checked: by whom, when, and with which number of the prescriber.
func (x *execution) noteOriginal(call *fhir.Call) []fhir.Issue {
	if call.Body == nil {
		return nil
	}
	original := message.Parameter(call.Body, "original")
	if !original.Exists() {
		return nil
	}
	f := message.Findings{Rule: "MDR-15"}
	received, checked, number := message.Part(original, "received").Get("valueDate"), message.Part(original, "checked").Get("valueBoolean"), message.Part(original, "prescriberNumber").Get("valueString")
	today := nhs.DateOf(call.Time)
	if day := nhs.ReadDate(received.Text()); day.IsZero() || today.Before(day) || day.Before(x.Signed) {
		f.At(received, fhir.Issue{Code: fhir.BusinessRule, Message: "The original is received after it was signed, and before it is recorded.",
			Expected: "a day from " + x.Signed.String() + " to " + today.String(), Found: fhir.OrNothing(received.Text())})
	}
	if !checked.Bool() {
		f.At(checked, fhir.Issue{Code: fhir.BusinessRule, Message: "The original must have been checked before anything is supplied on it.", Expected: "true", Found: fhir.OrNothing(checked.Text())})
	}
	if !prescriberNumber.MatchString(number.Text()) {
		f.At(number, fhir.Issue{Code: fhir.BusinessRule, Message: "A private prescription for a drug of schedule 2 or 3 bears the prescriber's identification number.", Expected: "six digits, as on the form FP10PCD", Found: fhir.OrNothing(number.Text())})
	}
	if len(f.Issues) > 0 {
		return f.Issues
	}
	x.original = fmt.Sprintf("Received on %s; checked by %s at %s; prescriber number %s.", received.Text(), whoOf(agentOf(call)), nhs.Stamp(call.Time), number.Text())
	if note := message.Part(original, "note").Get("valueString").Text(); note != "" {
		x.original += " " + note
	}
	x.Original = true
	return nil
}

// whoOf names a party for a record.
func whoOf(p prescription.Party) string {
	switch {
	case p.ID == "":
		return fhir.OrNothing(p.Name)
	case p.Name == "":
		return p.ID
	}
	return p.Name + " (" + p.ID + ")"
}
