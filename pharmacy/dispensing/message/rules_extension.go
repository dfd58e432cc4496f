package message

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/spelling"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// knownExtensions are the extensions of an order that decide on something.
var knownExtensions = []string{nhs.ExtControlled, nhs.ExtPrescriptionType, nhs.ExtResponsible, nhs.ExtHistory, nhs.ExtDispensing, nhs.ExtEPSPrescription, nhs.ExtRepeat, nhs.ExtUKRepeat}

// controlledKnown refuses what looks like the extension for controlled drugs and
// is not: an order must not lose its schedule by a slip of the pen.
func controlledKnown(mr node, f *Findings) {
	for e := range mr.Get("extension").Items() {
		url := e.Get("url")
		if slices.Contains(knownExtensions, url.Text()) {
			continue
		}
		near := spelling.One(url.Text(), knownExtensions)
		if near == "" && strings.Contains(strings.ToLower(url.Text()), "controlled") {
			near = nhs.ExtControlled
		}
		if near != "" {
			f.At(url, fhir.Issue{Code: fhir.ExtensionCode, Message: "There is no such extension of an order.", Expected: near, Found: url.Text(), Fix: "Did you mean " + near + "?"})
		}
	}
	ext := nhs.Extension(mr, nhs.ExtControlled)
	if !ext.Exists() {
		return
	}
	parts := []string{"schedule", "quantityWords"}
	for e := range ext.Get("extension").Items() {
		if url := e.Get("url"); !slices.Contains(parts, url.Text()) {
			f.At(url, fhir.Issue{Code: fhir.ExtensionCode, Message: "Extension-DM-ControlledDrug has no such part.", Expected: strings.Join(parts, " or "), Found: fhir.OrNothing(url.Text())})
		}
	}
	coding := nhs.Extension(ext, "schedule").Get("valueCoding")
	if system := coding.Get("system"); coding.Get("code").Text() == "" || system.Text() != nhs.CSControlled {
		f.At(Place(coding, ext), fhir.Issue{Code: fhir.ExtensionCode, Message: "Extension-DM-ControlledDrug does not say which schedule.",
			Expected: "schedule with a valueCoding of " + nhs.CSControlled, Found: coding.Brief()})
	}
	if n := count(mr, nhs.ExtControlled); n > 1 {
		f.At(ext, fhir.Issue{Code: fhir.Duplicate, Message: "The order says more than once of which schedule its medicine is.", Expected: "one Extension-DM-ControlledDrug", Found: "several"})
	}
}

func count(n node, url string) (times int) {
	for e := range n.Get("extension").Items() {
		if e.Get("url").Text() == url {
			times++
		}
	}
	return times
}
