package message

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// OrderRules hold for a prescription-order.
var OrderRules = []Rule[*Message]{
	{"0010", lineCount},
	{"P1", sameForAll},
	{"P2", primaryCareRole},
	{"P3", requesterWithoutGMP},
	{"P4", allActive},
	{"P5", itemsOnce},
	{"P6", dosages},
	{"P7", repeatsAgree},
	{"P8", therapiesMix},
	{"P9", durationInDays},
	{"P10", repeatsGiven},
	{"P11", amountsOrdered},
	{"0019", repeatCount},
	{"0001", patientLives},
	{"0003", signed},
	{"MDR-15", controlledContent},
}

// maxLines is how many items one EPS prescription may have.
const maxLines = 4

// 0010: a prescription has one to four items.
func lineCount(m *Message, f *Findings) {
	mrs := m.List("MedicationRequest")
	entries := m.Bundle.Get("entry")
	if len(mrs) > maxLines {
		f.At(entries, fhir.Issue{Code: fhir.Processing, Message: "Bundle contains too many resources of type MedicationRequest. Expected at most 4.",
			Found: strconv.Itoa(len(mrs)), Fix: "Send the other items as a further prescription.", Details: nhs.EPS("INVALID_NUMBER_MEDICATIONREQUESTS")})
	}
	if len(mrs) == 0 {
		f.At(entries, fhir.Issue{Code: fhir.Processing, Message: "Bundle contains too few resources of type MedicationRequest. Expected at least 1.",
			Found: "none", Details: nhs.EPS("INVALID_NUMBER_MEDICATIONREQUESTS")})
	}
}

// P2: primary care prescribers work for an organisation that is part of
// another one, and not for a healthcare service.
func primaryCareRole(m *Message, f *Findings) {
	for mr := range m.All("MedicationRequest") {
		if !strings.HasPrefix(nhs.Extension(mr, nhs.ExtPrescriptionType).Path("valueCoding", "code").Text(), "01") {
			continue
		}
		role := m.Resolve(mr.Get("requester"))
		if s := role.Get("healthcareService"); s.Exists() {
			f.At(s, fhir.Issue{Code: fhir.ValueCode, Message: "A primary care prescription must not name a healthcare service.",
				Expected: "no healthcareService", Found: "one"})
		}
		if org := m.Resolve(role.Get("organization")); org.Exists() && !org.Get("partOf").Exists() {
			f.At(org, fhir.Issue{Code: fhir.ValueCode, Message: "The organisation of a primary care prescriber must be part of another one.",
				Expected: "Organization.partOf", Found: "nothing"})
		}
		return
	}
}

// P3: a GMP number names a general practitioner, not the one who signs.
func requesterWithoutGMP(m *Message, f *Findings) {
	seen := map[int]bool{}
	for mr := range m.All("MedicationRequest") {
		who := m.Resolve(m.Resolve(mr.Get("requester")).Get("practitioner"))
		if gmp := nhs.Identifier(who, nhs.IDGMP); gmp.Exists() && !seen[who.Index()] {
			seen[who.Index()] = true
			f.At(gmp, fhir.Issue{Code: fhir.ValueCode, Message: "The prescriber must not be identified by a GMP number.",
				Expected: "gmc-number, nmc-number, gphc-number or another professional number", Found: gmp.Text()})
		}
	}
}

// P4: only active items are prescribed.
func allActive(m *Message, f *Findings) {
	for mr := range m.All("MedicationRequest") {
		if s := mr.Get("status"); s.Text() != "active" {
			f.At(Place(s, mr), fhir.Issue{Code: fhir.ValueCode, Message: "An item of a prescription-order must be active.",
				Expected: "active", Found: fhir.OrNothing(s.Text()), Details: nhs.Facade("INVALID_VALUE", "MedicationRequest.status must be active")})
		}
	}
}

// P5: each item has a number of its own.
func itemsOnce(m *Message, f *Findings) {
	seen := map[string]bool{}
	for mr := range m.All("MedicationRequest") {
		item := nhs.Identifier(mr, nhs.IDItem)
		if !item.Exists() {
			f.At(mr, fhir.Issue{Code: fhir.ValueCode, Message: "The item has no number.", Expected: "an identifier of " + nhs.IDItem, Found: "none",
				Details: nhs.Facade("MISSING_FIELD", "MedicationRequest must have a prescription-order-item-number")})
			continue
		}
		checkUUIDs(mr, f)
		if key := strings.ToLower(item.Text()); seen[key] {
			f.At(item, fhir.Issue{Code: fhir.Duplicate, Message: "Expected all MedicationRequests to have a different prescription-order-item-number.",
				Expected: "a number of its own", Found: item.Text(), Details: nhs.EPS("DUPLICATE_MEDICATIONREQUEST_ID")})
		} else {
			seen[key] = true
		}
	}
}

// P6: an item says how it is to be taken; several instructions say in which order.
func dosages(m *Message, f *Findings) {
	for mr := range m.All("MedicationRequest") {
		d := mr.Get("dosageInstruction")
		if !d.Exists() || d.Len() == 0 {
			f.At(Place(d, mr), fhir.Issue{Code: fhir.ValueCode, Message: "The item has no dosage instruction.", Expected: "at least one", Found: "none",
				Details: fhir.Coding{Code: "MISSING_VALUE", Display: "dosageInstruction must not be empty"}})
		}
		if d.Len() < 2 {
			continue
		}
		for i := range d.Items() {
			if !i.Get("sequence").Exists() {
				f.At(i, fhir.Issue{Code: fhir.ValueCode, Message: "Of several dosage instructions each needs its place.", Expected: "sequence", Found: "nothing",
					Details: fhir.Coding{Code: "MISSING_VALUE", Display: "dosageInstruction.sequence must be given"}})
			}
		}
	}
}
