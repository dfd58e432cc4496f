package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// csRecord and extRecord tell of a record of an act in an input of a Task: what was
// done, by whom, when, and the particulars.
const (
	csRecord  = nhs.Own + "CodeSystem/dispensing-record"
	extRecord = nhs.Own + "StructureDefinition/dispensing-record"
)

// Codes of records.
const (
	recordApproved  = "approved"
	recordOriginal  = "original"
	recordChecked   = "checked"
	recordAnswered  = "answered"
	recordCorrected = "corrected"
	recordBagged    = "bagged"
	recordOwed      = "owed"
)

// recordItems are the inputs of a Task that tell of what pharmacists have recorded.
func (x *execution) recordItems() (list []any) {
	record := func(code string, who prescription.Party, when, text string, parts ...any) {
		c := nhs.Coding(csRecord, code)
		if text == "" {
			text = c.Display + "."
		}
		list = append(list, fhir.Obj("extension", fhir.List(fhir.Obj("url", extRecord, "extension", fhir.List(parts...))),
			"type", nhs.Concept(c), "valueAnnotation", annotation(who, when, text)))
	}
	for _, o := range x.Originals {
		record(recordOriginal, o.Who, o.When, o.Note,
			fhir.Obj("url", "form", "valueCode", o.Form), fhir.Obj("url", "received", "valueDate", o.Received.String()),
			fhir.Obj("url", "signatureChecked", "valueBoolean", o.Signed), fhir.Obj("url", "prescriberNumber", "valueString", o.Number))
	}
	for _, a := range x.Approvals {
		record(recordApproved, a.Who, a.When, a.Note, fhir.Obj("url", "item", "valueString", a.Item), setFlag("void", a.Void))
	}
	for _, c := range x.Checks {
		var expiry fhir.Value
		if !c.Pack.Expiry.IsZero() {
			expiry = fhir.Obj("url", "expiry", "valueDate", c.Pack.Expiry.String())
		}
		record(recordChecked, c.Who, c.When, c.Note, fhir.Obj("url", "item", "valueString", c.Item), fhir.Obj("url", "quantity", "valueQuantity", c.Quantity.Element()),
			held("gtin", c.Pack.GTIN), held("batch", c.Pack.Batch), expiry, held("serial", c.Pack.Serial), setFlag("alone", c.Alone), setFlag("void", c.Void))
	}
	x.recordBags(record)
	for _, o := range x.Owings {
		record(recordOwed, o.Who, o.When, o.Reason, fhir.Obj("url", "item", "valueString", o.Item), fhir.Obj("url", "expected", "valueDate", o.Expected.String()))
	}
	x.recordAnswers(record)
	return list
}

// setFlag is a part of a record that is there where it holds.
func setFlag(url string, holds bool) fhir.Value {
	if !holds {
		return fhir.Value{}
	}
	return fhir.Obj("url", url, "valueBoolean", true)
}

// annotation is what somebody said, and when.
func annotation(who prescription.Party, when, text string) fhir.Value {
	return fhir.Obj("authorReference", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDUser, who.ID), "display", who.Name), "time", when, "text", text)
}

// readRecord reads an input of a Task that recordItems wrote.
func (x *execution) readRecord(in node) bool {
	code := nhs.Coded(in.Get("type"), csRecord)
	if code == "" {
		return false
	}
	part := func(name, value string) string {
		return nhs.Extension(nhs.Extension(in, extRecord), name).Get(value).Text()
	}
	a := in.Get("valueAnnotation")
	who, when, text := prescription.ReadParty(a.Get("authorReference")), a.Get("time").Text(), a.Get("text").Text()
	switch code {
	case recordOriginal:
		x.readOriginals = append(x.readOriginals, prescription.Original{Form: part("form", "valueCode"), Received: nhs.ReadDate(part("received", "valueDate")), Signed: part("signatureChecked", "valueBoolean") == "true",
			Number: part("prescriberNumber", "valueString"), Note: text, Who: who, When: when})
	case recordChecked:
		x.readChecks = append(x.readChecks, prescription.Check{Item: part("item", "valueString"), Quantity: prescription.ReadQuantity(nhs.Extension(nhs.Extension(in, extRecord), "quantity").Get("valueQuantity")),
			Pack: prescription.Pack{GTIN: part("gtin", "valueString"), Batch: part("batch", "valueString"), Serial: part("serial", "valueString"), Expiry: nhs.ReadDate(part("expiry", "valueDate"))},
			Who:  who, When: when, Note: text, Alone: part("alone", "valueBoolean") == "true", Void: part("void", "valueBoolean") == "true"})
	case recordBagged:
		x.readBag(nhs.Extension(in, extRecord), who, when)
	case recordOwed:
		x.readOwings = append(x.readOwings, prescription.Owed{Item: part("item", "valueString"), Expected: nhs.ReadDate(part("expected", "valueDate")), Reason: text, Who: who, When: when})
	case recordAnswered:
		ref := func(name string) string {
			return nhs.Extension(nhs.Extension(in, extRecord), name).Path("valueReference", "reference").Text()
		}
		x.readAnswers = append(x.readAnswers, prescription.Answer{Query: ref("query"), Ref: ref("answer"), From: who, When: when})
	case recordCorrected:
		x.readCorrections = append(x.readCorrections, prescription.Correction{Item: part("item", "valueString"), Kind: part("kind", "valueCode"), Element: part("element", "valueCode"), From: part("from", "valueString"),
			To: part("to", "valueString"), Amended: part("amended", "valueBoolean") == "true", Who: who, When: when, Note: text})
	case recordApproved:
		x.readApprovals = append(x.readApprovals, prescription.Approval{Item: part("item", "valueString"), Who: who, When: when, Note: text, Void: part("void", "valueBoolean") == "true"})
	}
	return true
}
