package message

import (
	"slices"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

func repeats(m *Message) []node {
	return slices.DeleteFunc(m.List("MedicationRequest"), func(mr node) bool { return prescription.Therapy(mr).Text() != prescription.RepeatDispensing })
}

// P7: all items of a repeat dispensing prescription are issued equally often,
// each for a known time.
func repeatsAgree(m *Message, f *Findings) {
	mrs := repeats(m)
	for i, mr := range mrs {
		for _, name := range []string{"validityPeriod", "expectedSupplyDuration"} {
			if !mr.Path("dispenseRequest", name).Exists() {
				f.At(Place(mr.Get("dispenseRequest"), mr), fhir.Issue{Code: fhir.ValueCode, Message: "A repeat dispensing item needs " + name + ".",
					Expected: "dispenseRequest." + name, Found: "nothing", Details: fhir.Coding{Code: "MISSING_VALUE", Display: name + " must be given"}})
			}
		}
		if i == 0 {
			continue
		}
		if a, b := repeatsAllowed(mrs[0]), repeatsAllowed(mr); !a.SameAs(b) {
			f.At(Place(b, mr), fhir.Issue{Code: fhir.BusinessRule, Message: "The items allow different numbers of repeats.",
				Expected: a.Brief(), Found: b.Brief(), Details: nhs.EPS("MISMATCH_AUTHORISED_REPEAT_COUNT")})
		}
		if a, b := nhs.Extension(mrs[0], nhs.ExtUKRepeat), nhs.Extension(mr, nhs.ExtUKRepeat); !a.SameAs(b) {
			f.At(Place(b, mr), fhir.Issue{Code: fhir.ValueCode, Message: "The items have different repeat information.", Expected: a.Brief(), Found: b.Brief()})
		}
	}
}

func repeatsAllowed(mr node) node { return mr.Path("dispenseRequest", "numberOfRepeatsAllowed") }

// P8: the items of a prescription are of one course of therapy; only acute and
// continuous may stand together.
func therapiesMix(m *Message, f *Findings) {
	mixing(m.List("MedicationRequest"), f)
}

func mixing(mrs []node, f *Findings) {
	for _, mr := range mrs[min(1, len(mrs)):] {
		first, other := prescription.Therapy(mrs[0]).Text(), prescription.Therapy(mr).Text()
		mixed := first != other
		if mixed && (first == prescription.RepeatDispensing || other == prescription.RepeatDispensing) {
			f.At(Place(prescription.Therapy(mr), mr), fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "Repeat dispensing items stand alone on their prescription.",
				Expected: first, Found: fhir.OrNothing(other), Details: nhs.Facade("INVALID_VALUE", "Course of therapy type must match for all MedicationRequests")})
		}
	}
}

// P9: the time a supply lasts is given in days.
func durationInDays(m *Message, f *Findings) {
	for mr := range m.All("MedicationRequest") {
		d := mr.Path("dispenseRequest", "expectedSupplyDuration")
		if code := d.Get("code"); d.Exists() && code.Text() != "d" {
			f.At(Place(code, d), fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "The expected supply duration must be in days.",
				Expected: "code d", Found: fhir.OrNothing(code.Text()), Details: nhs.Facade("INVALID_VALUE", "Expected supply duration must be specified in days")})
		}
	}
}

// P10: repeat dispensing says how often.
func repeatsGiven(m *Message, f *Findings) {
	for _, mr := range repeats(m) {
		if !repeatsAllowed(mr).Exists() {
			f.At(Place(mr.Get("dispenseRequest"), mr), fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "A repeat dispensing item must say how often it may be repeated.",
				Expected: "dispenseRequest.numberOfRepeatsAllowed", Found: "nothing", Details: nhs.Facade("TOO_FEW_VALUES_SUBMITTED", "Too few values submitted. Expected 1 element.")})
		}
	}
}

// 0019: between 1 and 99 issues; numberOfRepeatsAllowed counts those after the first.
func repeatCount(m *Message, f *Findings) {
	for _, mr := range repeats(m) {
		n := repeatsAllowed(mr)
		if allowed, err := strconv.Atoi(n.Text()); n.Exists() && (err != nil || allowed < 0 || allowed > 98) {
			f.At(n, fhir.Issue{Code: fhir.BusinessRule, Message: "The number of repeats is out of range.",
				Expected: "0 to 98 repeats after the first issue", Found: n.Text(), Details: nhs.EPS("INVALID_REPEAT_COUNT")})
		}
	}
}
