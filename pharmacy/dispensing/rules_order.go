package dispensing

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
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
	{"0019", repeatCount},
	{"0001", patientLives},
	{"0003", signed},
	{"5009", checkCharacter},
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

// shared are the elements that all items of a prescription have in common.
var shared = []struct {
	name string
	of   func(mr node) node
}{
	{"groupIdentifier", get("groupIdentifier")},
	{"category", get("category")},
	{"authoredOn", get("authoredOn")},
	{"subject", get("subject")},
	{"requester", get("requester")},
	{"dispenseRequest.performer", get("dispenseRequest", "performer")},
	{"dispenseRequest.validityPeriod", get("dispenseRequest", "validityPeriod")},
	{"dispenseRequest.expectedSupplyDuration", get("dispenseRequest", "expectedSupplyDuration")},
	{"dispenseRequest.extension(PerformerSiteType)", func(mr node) node { return extension(mr.Get("dispenseRequest"), extSiteType) }},
	{"extension(PrescriptionType)", func(mr node) node { return extension(mr, extPrescriptionType) }},
	{"extension(ResponsiblePractitioner)", func(mr node) node { return extension(mr, extResponsible) }},
}

func get(path ...string) func(node) node {
	return func(n node) node { return n.Path(path...) }
}

// P1: what belongs to the prescription is the same on all its items. An absent
// value counts as a value.
func sameForAll(m *message, f *findings) {
	differing(m.list("MedicationRequest"), f)
}

func differing(mrs []node, f *findings) {
	for _, element := range shared {
		for _, mr := range mrs[min(1, len(mrs)):] {
			if first, other := element.of(mrs[0]), element.of(mr); !same(first, other) {
				f.at(place(other, mr), fhir.Issue{
					Code: fhir.ValueCode, Message: "Expected all MedicationRequests to have the same value for " + element.name + ".",
					Expected: brief(first), Found: brief(other), Fix: "Give the items the same value, or send them as prescriptions of their own.",
					Details: facade("INVALID_VALUE", element.name+" differs between MedicationRequests"),
				})
			}
		}
	}
}

// brief shows a value in a message, cut where it is long.
func brief(n node) string {
	if !n.Exists() {
		return "nothing"
	}
	if text := string(n.Raw()); len(text) <= 120 {
		return text
	}
	return string(n.Raw()[:117]) + "..."
}

// P2: primary care prescribers work for an organisation that is part of
// another one, and not for a healthcare service.
func primaryCareRole(m *message, f *findings) {
	for mr := range m.all("MedicationRequest") {
		if !strings.HasPrefix(extension(mr, extPrescriptionType).Path("valueCoding", "code").Text(), "01") {
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
		if gmp := identifier(who, idGMP); gmp.Exists() && !seen[who.Index()] {
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
		item := identifier(mr, idItem)
		if !item.Exists() {
			f.at(mr, fhir.Issue{Code: fhir.ValueCode, Message: "The item has no number.", Expected: "an identifier of " + idItem, Found: "none",
				Details: facade("MISSING_FIELD", "MedicationRequest must have a prescription-order-item-number")})
			continue
		}
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

// therapy is the code of courseOfTherapyType, whatever its system.
func therapy(mr node) node { return mr.Get("courseOfTherapyType").Get("coding").Get("code") }

const repeatDispensing = "continuous-repeat-dispensing"

func repeats(m *message) []node {
	return slices.DeleteFunc(m.list("MedicationRequest"), func(mr node) bool { return therapy(mr).Text() != repeatDispensing })
}

// P7: all items of a repeat dispensing prescription are issued equally often,
// each for a known time.
func repeatsAgree(m *message, f *findings) {
	mrs := repeats(m)
	for i, mr := range mrs {
		for _, name := range []string{"validityPeriod", "expectedSupplyDuration"} {
			if !mr.Path("dispenseRequest", name).Exists() {
				f.at(place(mr.Get("dispenseRequest"), mr), fhir.Issue{Code: fhir.ValueCode, Message: "A repeat dispensing item needs " + name + ".",
					Expected: "dispenseRequest." + name, Found: "nothing", Details: fhir.Coding{Code: "MISSING_VALUE", Display: name + " must be given"}})
			}
		}
		if i == 0 {
			continue
		}
		if a, b := repeatsAllowed(mrs[0]), repeatsAllowed(mr); !same(a, b) {
			f.at(place(b, mr), fhir.Issue{Code: fhir.BusinessRule, Message: "The items allow different numbers of repeats.",
				Expected: brief(a), Found: brief(b), Details: eps("MISMATCH_AUTHORISED_REPEAT_COUNT")})
		}
		if a, b := extension(mrs[0], extUKRepeat), extension(mr, extUKRepeat); !same(a, b) {
			f.at(place(b, mr), fhir.Issue{Code: fhir.ValueCode, Message: "The items have different repeat information.", Expected: brief(a), Found: brief(b)})
		}
	}
}

func repeatsAllowed(mr node) node { return mr.Path("dispenseRequest", "numberOfRepeatsAllowed") }

// P8: the items of a prescription are of one course of therapy; only acute and
// continuous may stand together.
func therapiesMix(m *message, f *findings) {
	mixing(m.list("MedicationRequest"), f)
}

func mixing(mrs []node, f *findings) {
	for _, mr := range mrs[min(1, len(mrs)):] {
		first, other := therapy(mrs[0]).Text(), therapy(mr).Text()
		mixed := first != other
		if mixed && (first == repeatDispensing || other == repeatDispensing) {
			f.at(place(therapy(mr), mr), fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "Repeat dispensing items stand alone on their prescription.",
				Expected: first, Found: orNothing(other), Details: facade("INVALID_VALUE", "Course of therapy type must match for all MedicationRequests")})
		}
	}
}

// P9: the time a supply lasts is given in days.
func durationInDays(m *message, f *findings) {
	for mr := range m.all("MedicationRequest") {
		d := mr.Path("dispenseRequest", "expectedSupplyDuration")
		if code := d.Get("code"); d.Exists() && code.Text() != "d" {
			f.at(place(code, d), fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "The expected supply duration must be in days.",
				Expected: "code d", Found: orNothing(code.Text()), Details: facade("INVALID_VALUE", "Expected supply duration must be specified in days")})
		}
	}
}

// P10: repeat dispensing says how often.
func repeatsGiven(m *message, f *findings) {
	for _, mr := range repeats(m) {
		if !repeatsAllowed(mr).Exists() {
			f.at(place(mr.Get("dispenseRequest"), mr), fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "A repeat dispensing item must say how often it may be repeated.",
				Expected: "dispenseRequest.numberOfRepeatsAllowed", Found: "nothing", Details: facade("TOO_FEW_VALUES_SUBMITTED", "Too few values submitted. Expected 1 element.")})
		}
	}
}

// 0019: between 1 and 99 issues; numberOfRepeatsAllowed counts those after the first.
func repeatCount(m *message, f *findings) {
	for _, mr := range repeats(m) {
		n := repeatsAllowed(mr)
		if allowed, err := strconv.Atoi(n.Text()); n.Exists() && (err != nil || allowed < 0 || allowed > 98) {
			f.at(n, fhir.Issue{Code: fhir.BusinessRule, Message: "The number of repeats is out of range.",
				Expected: "0 to 98 repeats after the first issue", Found: n.Text(), Details: eps("INVALID_REPEAT_COUNT")})
		}
	}
}

// 0001: nothing is prescribed for the dead.
func patientLives(m *message, f *findings) {
	for p := range m.all("Patient") {
		if d := deceased(p); d.Exists() {
			f.at(d, deceasedIssue)
		}
	}
}

var deceasedIssue = fhir.Issue{Code: fhir.BusinessRule, Message: "The patient is recorded as dead.",
	Fix: "Check the patient's record with the Personal Demographics Service.", Details: eps("PATIENT_DECEASED")}

// deceased is the element that says that a patient has died, absent when none does.
func deceased(patient node) node {
	if d := patient.Get("deceasedDateTime"); d.Exists() {
		return d
	}
	if d := patient.Get("deceasedBoolean"); d.Bool() {
		return d
	}
	return node{}
}

// 0003: HMR-219 asks for an advanced electronic signature.
func signed(m *message, f *findings) {
	for p := range m.all("Provenance") {
		if p.Get("signature").Get("data").Text() != "" {
			return
		}
	}
	f.at(m.bundle.Get("entry"), fhir.Issue{Code: fhir.BusinessRule, Message: "The prescription is not signed.",
		Expected: "a Provenance entry with signature.data", Found: "none", Details: eps("MISSING_DIGITAL_SIGNATURE")})
}

// 5009: the last character of the short-form id proves that it was not mistyped.
func checkCharacter(m *message, f *findings) {
	mrs := m.list("MedicationRequest")
	if len(mrs) == 0 {
		return
	}
	checkOrderNumber(mrs[0], f)
}

func checkOrderNumber(mr node, f *findings) {
	n := mr.Path("groupIdentifier", "value")
	issuer, ok, wellFormed := shortForm(n.Text())
	switch {
	case !wellFormed:
		f.at(place(n, mr), fhir.Issue{Code: fhir.ValueCode, Message: "The prescription has no short-form id.",
			Expected: "groupIdentifier of " + idOrder + " such as 24F5DA-A83008-7EFE6Z", Found: orNothing(n.Text()),
			Details: facade("INVALID_VALUE", "groupIdentifier.value must be a short-form prescription id")})
	case !ok && isODSCode(issuer):
		f.at(n, fhir.Issue{Code: fhir.ValueCode, Message: "The check character of the prescription id is wrong.",
			Expected: "an id that meets ISO/IEC 7064 MOD 37-2", Found: n.Text(), Fix: "Compare the id with the paper or the sending system.",
			Details: eps("INVALID_CHECK_DIGIT")})
	}
}
