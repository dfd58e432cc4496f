package prescription

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// csDifference is the code system of the reasons for another quantity.
const csDifference = nhs.Own + "CodeSystem/supply-difference"

// Difference is a reason for which an item is fully dispensed with another
// quantity than the one ordered.
type Difference struct {
	From nhs.Date `json:"from"`
	Code string   `json:"code"` // by which a supply names it: declined, original-pack …
	Less int      `json:"less"` // how much less than ordered, in percent of that
	More int      `json:"more"` // how much more
	// ExceptSchedules and the medicines are what it does not or only hold for;
	// medicines by words of their names.
	ExceptSchedules []string `json:"exceptSchedules"`
	ExceptMedicines []string `json:"exceptMedicines"`
	OnlyMedicines   []string `json:"onlyMedicines"`
	Reference       bool     `json:"reference"` // the document that allows it is named
	Rule            string   `json:"rule"`
	Source          string   `json:"source"`
}

func (d Difference) complete() error {
	if d.From.IsZero() || d.Code == "" || d.Rule == "" || d.Less < 0 || d.Less > 100 || d.More < 0 {
		return fmt.Errorf("the difference %q from %s: expected from, code, rule, less from 0 to 100 and more from 0", d.Code, d.From)
	}
	return nil
}

// difference is the row of a code on a day.
func (l Law) difference(code string, on nhs.Date) (Difference, bool) {
	return inForce(l.Differences, func(d Difference) nhs.Date { return d.From }, func(d Difference) bool { return d.Code == code }, on)
}

// differenceCodes are those that a supply on a day may name.
func (l Law) differenceCodes(on nhs.Date) string {
	var codes []string
	for _, d := range l.Differences {
		if !on.Before(d.From) && !slices.Contains(codes, d.Code) {
			codes = append(codes, d.Code)
		}
	}
	return strings.Join(codes, ", ")
}

// allows reports why a total that differs from the order is not covered; "" when
// it is.
func (d Difference) allows(l *Line, total decimal.Decimal, reference string) string {
	percent := func(n int) decimal.Decimal {
		return l.Quantity.Value.Mul(decimal.NewFromInt(int64(n))).Div(decimal.NewFromInt(100))
	}
	switch name := l.Product.Display; {
	case slices.Contains(d.ExceptSchedules, l.Schedule):
		return "it does not hold for controlled drugs of " + l.Schedule
	case mentions(name, d.ExceptMedicines):
		return "it does not hold for this medicine"
	case len(d.OnlyMedicines) > 0 && !mentions(name, d.OnlyMedicines):
		return "it holds for " + strings.Join(d.OnlyMedicines, ", ") + " only"
	case total.LessThan(l.Quantity.Value.Sub(percent(d.Less))):
		return fmt.Sprintf("it allows at most %d %% less", d.Less)
	case total.GreaterThan(l.Quantity.Value.Add(percent(d.More))):
		return fmt.Sprintf("it allows at most %d %% more", d.More)
	case d.Reference && strings.TrimSpace(reference) == "":
		return "the document that allows it is not named"
	}
	return ""
}

// mentions reports whether a medicine's name has one of the words.
func mentions(name string, words []string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) })
}

// differenceOf is the difference that a MedicationDispense names in its
// statusReason: by the server's own code, or as the NHS says that the patient
// does not want the rest.
func differenceOf(d node) (code, reference string) {
	reason := d.Get("statusReasonCodeableConcept")
	if c := nhs.CodingOf(reason, csDifference); c.Exists() {
		return c.Get("code").Text(), reason.Get("text").Text()
	}
	if nhs.Coded(reason, nhs.CSNotDispensed) == notRequired || nhs.Extension(d, nhs.ExtNonDispensing).Path("valueCoding", "code").Text() == notRequired {
		return "declined", ""
	}
	return "", ""
}

// notRequired is the NHS's reason for what the patient does not want.
const notRequired = "0001"

// Stated is the statusReason of a supply that names a difference.
func (s Supply) Stated() fhir.Value {
	codings := []any{fhir.Obj("system", csDifference, "code", s.Difference)}
	if s.Difference == "declined" {
		codings = append(codings, nhs.CodingValue(nhs.Coding(nhs.CSNotDispensed, notRequired)))
	}
	return fhir.Obj("coding", fhir.List(codings...), "text", s.Reference)
}
