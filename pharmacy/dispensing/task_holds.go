package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// csHold and extHold tell of a hold in an input of a Task.
const (
	csHold  = nhs.Own + "CodeSystem/hold"
	extHold = nhs.Own + "StructureDefinition/hold"
)

// heldItems are the inputs of a Task that tell of holds and of their release.
func (x *execution) heldItems() (list []any) {
	input := func(what string, h prescription.Hold, value string, v any) fhir.Value {
		return fhir.Obj("extension", fhir.List(fhir.Obj("url", extHold, "extension", fhir.List(
			fhir.Obj("url", "item", "valueString", h.Item), held("about", h.About), held("text", h.Text), since(h.Since)))),
			"type", fhir.Obj("coding", fhir.List(fhir.Obj("system", csHold, "code", h.Code)), "text", what), value, v)
	}
	for i := range x.Lines {
		for _, h := range x.Standing(&x.Lines[i]) {
			if h.Since != "" {
				list = append(list, input(isHeld, h, "valueAnnotation", annotation(h.Who, h.Since, h.Text)))
				continue
			}
			list = append(list, input(isHeld, h, "valueString", h.Text))
		}
	}
	for _, r := range x.HoldReleases {
		list = append(list, input(isReleased, r.Hold, "valueAnnotation", annotation(r.Who, r.When, r.Reason)))
	}
	return list
}

func since(when string) fhir.Value {
	if when == "" {
		return fhir.Value{}
	}
	return fhir.Obj("url", "since", "valueDateTime", when)
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
	h := prescription.Hold{Item: nhs.Extension(ext, "item").Get("valueString").Text(), Code: code, About: nhs.Extension(ext, "about").Get("valueString").Text(), Text: nhs.Extension(ext, "text").Get("valueString").Text(), Since: nhs.Extension(ext, "since").Get("valueDateTime").Text()}
	a := in.Get("valueAnnotation")
	if in.Path("type", "text").Text() == isReleased {
		x.readReleases = append(x.readReleases, prescription.HoldRelease{Hold: h, Who: prescription.ReadParty(a.Get("authorReference")), When: a.Get("time").Text(), Reason: a.Get("text").Text()})
	} else {
		h.Who = prescription.ReadParty(a.Get("authorReference"))
		x.readMet = append(x.readMet, h)
	}
	return true
}
