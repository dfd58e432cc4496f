package prescription

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Codes of holds.
const (
	HoldSchedule = "SCHEDULE" // the order and the server's data differ on the schedule
	HoldMedicine = "MEDICINE" // what is ordered is not clear
	HoldProduct  = "PRODUCT"  // what was to be supplied cannot be compared with the order
)

// Hold is why an item is not supplied until a pharmacist has looked at it.
type Hold struct {
	Item string
	Code string
	// About is the product that is held, where the hold is of one: system|code.
	About string
	Text  string
	// Who set it and when, where a person did.
	Who   Party
	Since string
}

// HoldRelease is the decision of a pharmacist on a hold.
type HoldRelease struct {
	Hold
	Who    Party
	When   string
	Reason string
}

func (l *Line) hold(code, text string) {
	l.computed = append(l.computed, Hold{Item: l.Item, Code: code, Text: text})
}

// Standing are the holds of a line that nobody has released: those that follow
// from the order, and those that a supply has met.
func (p *Prescription) Standing(l *Line) (list []Hold) {
	for _, h := range slices.Concat(l.computed, p.Met) {
		if nhs.SameUUID(h.Item, l.Item) && !p.isReleased(h) && !slices.ContainsFunc(list, h.same) {
			list = append(list, h)
		}
	}
	return list
}

func (h Hold) same(other Hold) bool {
	return nhs.SameUUID(h.Item, other.Item) && h.Code == other.Code && h.About == other.About && h.Since == other.Since
}

func (p *Prescription) isReleased(h Hold) bool {
	return slices.ContainsFunc(p.HoldReleases, func(r HoldRelease) bool { return r.same(h) })
}

// Meet records a hold that a supply has met.
func (p *Prescription) Meet(h Hold) {
	if !slices.ContainsFunc(p.Met, h.same) {
		p.Met = append(slices.Clip(p.Met), h)
		p.void(h)
	}
}

// Release records what a pharmacist has decided on a hold.
func (p *Prescription) Release(r HoldRelease) {
	p.HoldReleases = append(slices.Clip(p.HoldReleases), r)
	p.void(r.Hold)
}

// stops reports whether a hold is in the way of a supply: one of a product is
// in the way of that product only.
func (h Hold) stops(s Supply) bool { return h.Code != HoldProduct || h.About == HeldBy(s.Product) }

// issue refuses a supply that is held.
func (h Hold) issue(place string) fhir.Issue {
	if h.Code == HoldClinical {
		return fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: nhs.RuleClinicalHold, Expression: place, Message: "The item is held. " + h.Text,
			Expected: "a pharmacist's decision on " + h.About, Found: "none", Fix: "Record what was done about it with " + h.About + "/$mitigate: action and reason; or ask the prescriber."}
	}
	return fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "HOLD-" + h.Code, Expression: place, Message: "The item is held. " + h.Text,
		Expected: "a pharmacist's decision on the hold " + h.Code, Found: fhir.OrNothing(h.About),
		Fix: "Ask the prescriber; then release it with Task/$release-hold: hold = " + h.Code + ", item = " + h.Item + ", and the reason."}
}

// HeldBy is a product as a hold names it.
func HeldBy(c fhir.Coding) string {
	if c.Code == "" {
		return strings.TrimSpace(c.Display)
	}
	return c.System + "|" + c.Code
}

// HoldPatient is the code of the hold of a prescription whose patient may be
// another than the one whose record has the NHS number.
const HoldPatient = "PATIENT"

// HoldPrescriber is the code of the hold of a controlled drug of which the
// prescription does not tell all that it must of who prescribed it.
const HoldPrescriber = "PRESCRIBER"

// HoldAddress is the code of the hold of a controlled drug whose patient's address is not
// one.
const HoldAddress = "ADDRESS"

// HoldClinical is the code of the hold of an item for a clinical issue; About is the
// DetectedIssue. It is released by what is recorded to have been done about that.
const HoldClinical = "CLINICAL"

// MeetAll makes the holds of a code that were met those that are found now.
func (p *Prescription) MeetAll(code string, found []Hold) {
	p.Met = slices.DeleteFunc(slices.Clone(p.Met), func(h Hold) bool { return h.Code == code && !slices.ContainsFunc(found, h.same) })
	for _, h := range found {
		p.Meet(h)
	}
}

// HoldSignature is the code of the hold of a controlled drug of which the electronic
// signature failed.
const HoldSignature = "SIGNATURE"
