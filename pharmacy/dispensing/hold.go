package dispensing

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// csHold and extHold tell of a hold in an input of a Task.
const (
	csHold  = nhs.Own + "CodeSystem/hold"
	extHold = nhs.Own + "StructureDefinition/hold"
)

// Codes of holds.
const (
	holdSchedule = "SCHEDULE" // the order and the server's data differ on the schedule
	holdMedicine = "MEDICINE" // what is ordered is not clear
	holdProduct  = "PRODUCT"  // what was to be supplied cannot be compared with the order
)

// Hold is why an item is not supplied until a pharmacist has looked at it.
type Hold struct {
	Item string
	Code string
	// About is the product that is held, where the hold is of one: system|code.
	About string
	Text  string
}

// Release is the decision of a pharmacist on a hold.
type Release struct {
	Hold
	Who    Party
	When   string
	Reason string
}

func (l *Line) hold(code, text string) {
	l.computed = append(l.computed, Hold{Item: l.Item, Code: code, Text: text})
}

// standing are the holds of a line that nobody has released: those that follow
// from the order, and those that a supply has met.
func (p *Prescription) standing(l *Line) (list []Hold) {
	for _, h := range slices.Concat(l.computed, p.met) {
		if equalUUID(h.Item, l.Item) && !p.isReleased(h) && !slices.ContainsFunc(list, h.same) {
			list = append(list, h)
		}
	}
	return list
}

func (h Hold) same(other Hold) bool {
	return equalUUID(h.Item, other.Item) && h.Code == other.Code && h.About == other.About
}

func (p *Prescription) isReleased(h Hold) bool {
	return slices.ContainsFunc(p.releases, func(r Release) bool { return r.same(h) })
}

// meet records a hold that a supply has met.
func (p *Prescription) meet(h Hold) {
	if !slices.ContainsFunc(p.met, h.same) {
		p.met = append(p.met, h)
	}
}

// stops reports whether a hold is in the way of a supply: one of a product is
// in the way of that product only.
func (h Hold) stops(s Supply) bool { return h.Code != holdProduct || h.About == heldBy(s.Product) }

// issue refuses a supply that is held.
func (h Hold) issue(place string) fhir.Issue {
	return fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "HOLD-" + h.Code, Expression: place, Message: "The item is held. " + h.Text,
		Expected: "a pharmacist's decision on the hold " + h.Code, Found: orNothing(h.About),
		Fix: "Ask the prescriber; then release it with Task/$release-hold: hold = " + h.Code + ", item = " + h.Item + ", and the reason."}
}

// heldItems are the inputs of a Task that tell of holds and of their release.
func (x *execution) heldItems() (list []any) {
	input := func(what string, h Hold, value string, v any) fhir.Value {
		return fhir.Obj("extension", fhir.List(fhir.Obj("url", extHold, "extension", fhir.List(
			fhir.Obj("url", "item", "valueString", h.Item), held("about", h.About), held("text", h.Text)))),
			"type", fhir.Obj("coding", fhir.List(fhir.Obj("system", csHold, "code", h.Code)), "text", what), value, v)
	}
	for i := range x.Lines {
		for _, h := range x.standing(&x.Lines[i]) {
			list = append(list, input(isHeld, h, "valueString", h.Text))
		}
	}
	for _, r := range x.releases {
		list = append(list, input(isReleased, r.Hold, "valueAnnotation", fhir.Obj(
			"authorReference", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDUser, r.Who.ID), "display", r.Who.Name), "time", r.When, "text", r.Reason)))
	}
	return list
}

func held(url, text string) fhir.Value {
	if text == "" {
		return fhir.Value{}
	}
	return fhir.Obj("url", url, "valueString", text)
}

// Texts of the inputs that tell of holds.
const (
	isHeld     = "Held"
	isReleased = "Hold released"
)

// readHold reads an input of a Task that heldItems wrote.
func (x *execution) readHold(in node) bool {
	code := nhs.Coded(in.Get("type"), csHold)
	if code == "" {
		return false
	}
	ext := nhs.Extension(in, extHold)
	h := Hold{Item: nhs.Extension(ext, "item").Get("valueString").Text(), Code: code, About: nhs.Extension(ext, "about").Get("valueString").Text(), Text: nhs.Extension(ext, "text").Get("valueString").Text()}
	a := in.Get("valueAnnotation")
	if a.Exists() {
		x.readReleases = append(x.readReleases, Release{h, partyOf(a.Get("authorReference")), a.Get("time").Text(), a.Get("text").Text()})
	} else {
		x.readMet = append(x.readMet, h)
	}
	return true
}

// heldBy is a product as a hold names it.
func heldBy(c fhir.Coding) string {
	if c.Code == "" {
		return strings.TrimSpace(c.Display)
	}
	return c.System + "|" + c.Code
}
