package reimbursement

import (
	"net/url"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// exemption is why a patient pays no prescription charge, or that they paid.
type exemption struct {
	tariff.Exemption
	evidence string // DM-exemption-evidence
}

// exempt decides on the charge of a prescription that the server claims itself:
// in a country without a charge by its code for that, otherwise by age where that is enough, else by a Coverage of the patient whose type is a
// code of prescription-charge-exemption and whose period holds the day, else
// the charge was paid. Evidence was seen where the Coverage carries the number
// of a certificate.
func exempt(state fhir.State, book *pricing.Book, country string, patient *fhir.Resource, day time.Time) (exemption, error) {
	list := book.Exemptions
	if book.Uncharged(country, day) {
		free, _ := list.Of(country, day)
		return exemption{free, "no-evidence-seen"}, nil
	}
	paid, _ := list.Paid(day)
	none := exemption{paid, "no-evidence-seen"}
	if patient == nil {
		return none, nil
	}
	if age, ok := ageOn(patient.Get("birthDate").Text(), day); ok {
		if e, ok := list.ByAge(age, day); ok {
			return exemption{e, "evidence-seen"}, nil
		}
	}
	ids, err := state.Find("Coverage", "status=active&beneficiary="+url.QueryEscape("Patient/"+patient.ID()))
	if err != nil {
		return none, err
	}
	for _, id := range ids {
		c, err := current(state, "Coverage", "Coverage/"+id)
		if err != nil {
			return none, err
		}
		if c == nil || !holds(c.Get("period"), day) {
			continue
		}
		if e, ok := list.At(nhs.Coded(c.Get("type"), nhs.CSExemption), day); ok {
			if c.Get("identifier").Exists() {
				return exemption{e, "evidence-seen"}, nil
			}
			return exemption{e, "no-evidence-seen"}, nil
		}
	}
	return none, nil
}

// said is the exemption that was given at supply, in the place of what the
// server would conclude.
func (d *draft) said(list *tariff.Exemptions) {
	given := nhs.Extension(d.task.Root(), nhs.ExtOwnExemption)
	code := nhs.Extension(given, "exemption").Path("valueCoding", "code").Text()
	if e, ok := list.At(code, d.day); ok {
		d.exemption = exemption{e, nhs.Extension(given, "evidence").Path("valueCoding", "code").Text()}
	}
}

// endorsements are the program codes of an item's endorsements that were given
// at supply, or that there is none.
func (d *draft) endorsements(item string) []any {
	var list []any
	for e := range d.task.Get("extension").Items() {
		if e.Get("url").Text() == nhs.ExtOwnEndorsement && strings.EqualFold(nhs.Extension(e, "item").Path("valueIdentifier", "value").Text(), item) {
			list = append(list, nhs.Extension(e, "endorsement").Get("valueCodeableConcept"))
		}
	}
	if list == nil {
		return []any{nhs.Concept(nhs.Coding(nhs.CSEndorsement, "NDEC"))}
	}
	return list
}

// holds reports whether a day lies in a period.
func holds(period fhir.Node, day time.Time) bool {
	start, end := nhs.Day(period.Get("start").Text()), nhs.Day(period.Get("end").Text())
	return !start.After(day) && (end.IsZero() || !end.Before(day))
}

// ageOn is the age in whole years on a day; false without a whole birth date.
func ageOn(birthDate string, day time.Time) (int, bool) {
	born, err := time.Parse(time.DateOnly, birthDate)
	if err != nil {
		return 0, false
	}
	age := day.Year() - born.Year()
	if day.Month() < born.Month() || day.Month() == born.Month() && day.Day() < born.Day() {
		age--
	}
	return age, true
}

// free marks the lines that a prescriber's endorsement frees of the charge.
func (d *draft) free(list *tariff.Exemptions) {
	d.frees = make([]bool, len(d.lines))
	for i, l := range d.lines {
		d.frees[i] = freed(l.request, list, d.day)
	}
}

// freed reports whether a prescriber's endorsement frees an item of the charge:
// contraceptives (CC), sexual health (FS).
func freed(request *fhir.Resource, list *tariff.Exemptions, day time.Time) bool {
	for e := range request.Get("extension").Items() {
		if e.Get("url").Text() != nhs.ExtPrescriberEndorsed {
			continue
		}
		if _, ok := list.ByEndorsement(nhs.Coded(e.Get("valueCodeableConcept"), nhs.CSPrescriberEndorsement), day); ok {
			return true
		}
	}
	return false
}
