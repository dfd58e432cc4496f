package dispensing

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// orderRules hold for a prescription-order.
var orderRules = []rule[*message]{
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
func lineCount(m *message, f *findings) {
	mrs := m.list("MedicationRequest")
	entries := m.bundle.Get("entry")
	if len(mrs) > maxLines {
		f.at(entries, fhir.Issue{Code: fhir.Processing, Message: "Bundle contains too many resources of type MedicationRequest. Expected at most 4.",
			Found: strconv.Itoa(len(mrs)), Fix: "Send the other items as a further prescription.", Details: eps("INVALID_NUMBER_MEDICATIONREQUESTS")})
	}
	if len(mrs) == 0 {
		f.at(entries, fhir.Issue{Code: fhir.Processing, Message: "Bundle contains too few resources of type MedicationRequest. Expected at least 1.",
			Found: "none", Details: eps("INVALID_NUMBER_MEDICATIONREQUESTS")})
	}
}

// P2: primary care prescribers work for an organisation that is part of
// another one, and not for a healthcare service.
func primaryCareRole(m *message, f *findings) {
	for mr := range m.all("MedicationRequest") {
		if !strings.HasPrefix(nhs.Extension(mr, nhs.ExtPrescriptionType).Path("valueCoding", "code").Text(), "01") {
			continue
		}
		role := m.resolve(mr.Get("requester"))
		if s := role.Get("healthcareService"); s.Exists() {
			f.at(s, fhir.Issue{Code: fhir.ValueCode, Message: "A primary care prescription must not name a healthcare service.",
				Expected: "no healthcareService", Found: "one"})
		}
		if org := m.resolve(role.Get("organization")); org.Exists() && !org.Get("partOf").Exists() {
			f.at(org, fhir.Issue{Code: fhir.ValueCode, Message: "The organisation of a primary care prescriber must be part of another one.",
				Expected: "Organization.partOf", Found: "nothing"})
		}
		return
	}
}

// P3: a GMP number names a general practitioner, not the one who signs.
func requesterWithoutGMP(m *message, f *findings) {
	seen := map[int]bool{}
	for mr := range m.all("MedicationRequest") {
		who := m.resolve(m.resolve(mr.Get("requester")).Get("practitioner"))
		if gmp := nhs.Identifier(who, nhs.IDGMP); gmp.Exists() && !seen[who.Index()] {
			seen[who.Index()] = true
			f.at(gmp, fhir.Issue{Code: fhir.ValueCode, Message: "The prescriber must not be identified by a GMP number.",
				Expected: "gmc-number, nmc-number, gphc-number or another professional number", Found: gmp.Text()})
		}
	}
}

// P4: only active items are prescribed.
func allActive(m *message, f *findings) {
	for mr := range m.all("MedicationRequest") {
		if s := mr.Get("status"); s.Text() != "active" {
			f.at(place(s, mr), fhir.Issue{Code: fhir.ValueCode, Message: "An item of a prescription-order must be active.",
				Expected: "active", Found: orNothing(s.Text()), Details: facade("INVALID_VALUE", "MedicationRequest.status must be active")})
		}
	}
}

// P5: each item has a number of its own.
func itemsOnce(m *message, f *findings) {
	seen := map[string]bool{}
	for mr := range m.all("MedicationRequest") {
		item := nhs.Identifier(mr, nhs.IDItem)
		if !item.Exists() {
			f.at(mr, fhir.Issue{Code: fhir.ValueCode, Message: "The item has no number.", Expected: "an identifier of " + nhs.IDItem, Found: "none",
				Details: facade("MISSING_FIELD", "MedicationRequest must have a prescription-order-item-number")})
			continue
		}
		checkUUIDs(mr, f)
		if key := strings.ToLower(item.Text()); seen[key] {
			f.at(item, fhir.Issue{Code: fhir.Duplicate, Message: "Expected all MedicationRequests to have a different prescription-order-item-number.",
				Expected: "a number of its own", Found: item.Text(), Details: eps("DUPLICATE_MEDICATIONREQUEST_ID")})
		} else {
			seen[key] = true
		}
	}
}

// P6: an item says how it is to be taken; several instructions say in which order.
func dosages(m *message, f *findings) {
	for mr := range m.all("MedicationRequest") {
		d := mr.Get("dosageInstruction")
		if !d.Exists() || d.Len() == 0 {
			f.at(place(d, mr), fhir.Issue{Code: fhir.ValueCode, Message: "The item has no dosage instruction.", Expected: "at least one", Found: "none",
				Details: fhir.Coding{Code: "MISSING_VALUE", Display: "dosageInstruction must not be empty"}})
		}
		if d.Len() < 2 {
			continue
		}
		for i := range d.Items() {
			if !i.Get("sequence").Exists() {
				f.at(i, fhir.Issue{Code: fhir.ValueCode, Message: "Of several dosage instructions each needs its place.", Expected: "sequence", Found: "nothing",
					Details: fhir.Coding{Code: "MISSING_VALUE", Display: "dosageInstruction.sequence must be given"}})
			}
		}
	}
}

// P11: an item is of an amount of a medicine, above nothing.
func amountsOrdered(m *message, f *findings) {
	for mr := range m.all("MedicationRequest") {
		amountOrdered(mr, f)
	}
}

func amountOrdered(mr node, f *findings) {
	q := mr.Path("dispenseRequest", "quantity")
	value := q.Get("value")
	if !value.Exists() {
		return
	}
	if n, ok := amount(value.Text()); !ok || !n.IsPositive() {
		f.at(value, fhir.Issue{Code: fhir.BusinessRule, Message: "The quantity is not an amount of a medicine, so nothing could be supplied.",
			Expected: "a number above 0 with at most 9 digits before and 6 after the point", Found: shortened(value.Text())})
	}
	if c := q.Get("comparator"); c.Exists() {
		f.at(c, fhir.Issue{Code: fhir.BusinessRule, Message: "An item is of an exact quantity.", Expected: "no comparator", Found: c.Text()})
	}
}
