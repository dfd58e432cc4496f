package pricing

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// charge takes off the prescription charges that were paid, and says where the
// exemption and the lines contradict each other.
func (a *Assessment) charge(p Prescription, b *Book) {
	meaning, known := b.Exemptions.At(p.Exemption, p.Day)
	if p.Exemption != "" && !known {
		a.note("Exemption code %s has no meaning on %s.", p.Exemption, written(p.Day))
	}
	country := cmp.Or(meaning.Country, p.Country)
	rate, ok := b.chargeOf(country, meaning.Charge, p.Day)
	due := CountCharges(p.Lines)
	paid, owed := 0, 0
	for i, line := range p.Lines {
		paid, owed = paid+line.Charges, owed+due[i]
		chargeable := due[i] > 0 && !line.Free && ok && rate.Number().Sign() > 0
		switch {
		case line.Charges == 0 && chargeable && meaning.Charge == tariff.ChargeDue:
			a.note("Line %d says that no charge was paid, and the exemption is %s (%s): no charge is taken off, as claimed.", i+1, p.Exemption, meaning.Text)
		case line.Charges == 0 && chargeable && p.Exemption == "" && p.Claimed:
			a.note("Line %d says that no charge was paid, and no exemption is given: no charge is taken off, as claimed.", i+1)
		case line.Charges == 0:
		case meaning.Charge == tariff.ChargeNone:
			a.note("Line %d says that a charge was paid, and the exemption is %s (%s): the charge is taken off as claimed.", i+1, p.Exemption, meaning.Text)
		case !line.supplied():
			a.note("Line %d says that a charge was paid, and nothing of it was supplied: the charge is taken off as claimed.", i+1)
		case line.Free:
			a.note("Line %d says that a charge was paid, and the prescriber's endorsement frees it of the charge: the charge is taken off as claimed.", i+1)
		}
		if line.Charges == 0 {
			continue
		}
		if !ok {
			a.note("The fee schedule has no prescription charge of %s for %s: nothing is taken off.", cmp.Or(country, "England"), written(p.Day))
			continue
		}
		pence := new(big.Rat).Mul(rate.Number(), rat(int64(-line.Charges)))
		f := b.figure(Charge, pence, rate, fmt.Sprintf("%d × %s", line.Charges, inPence(rate.Number())))
		f.Count = line.Charges
		a.Lines[i].add(f)
	}
	if paid > owed && meaning.Charge != tariff.ChargeNone {
		a.note("Prescription charges paid: %d. Due at most: %d, one for each item that was supplied, and one for several strengths of one formulation. They are taken off as claimed.", paid, owed)
	}
}

// chargeOf is the prescription charge of a country, "" for England, or the one
// before it where the patient paid at the old rate.
func (b *Book) chargeOf(country string, charge tariff.Charge, day time.Time) (tariff.Fee, bool) {
	rule := tariff.PrescriptionCharge
	if country != "" {
		rule += tariff.Rule(":" + country)
	}
	if charge == tariff.ChargePrevious {
		return b.Fees.Before(rule, day)
	}
	return b.Fees.At(rule, day)
}

// Uncharged reports whether nobody pays a prescription charge in a country.
func (b *Book) Uncharged(country string, day time.Time) bool {
	fee, ok := b.chargeOf(country, tariff.ChargeDue, day)
	return ok && fee.Number().Sign() == 0
}

func written(day time.Time) string { return day.Format("2 January 2006") }

// strength is a strength within a product's name, as dm+d writes names:
// "Morphine 10mg modified-release tablets", "10mg/0.2ml", "0.1%".
var strength = regexp.MustCompile(`(?i)\b[0-9][0-9.,]*\s*(?:micrograms?|nanograms?|mg|g|ml|l|units?|mmol|%|w/w|w/v)(?:\s*/\s*[0-9.,]*\s*(?:micrograms?|mg|g|ml|l|hours?|hr|dose|actuation|units?))*`)

// formulation is a product's name without its strengths: two strengths of one
// drug in one formulation share it.
func formulation(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(strength.ReplaceAllString(name, " ")), " "))
}

// CountCharges is how many prescription charges each line owes where the
// patient pays: one for each line, but several strengths of one drug in one
// formulation owe one between them, and a line that was not supplied owes none.
func CountCharges(lines []Line) []int {
	counts := make([]int, len(lines))
	seen := map[string]bool{}
	for i, l := range lines {
		name := formulation(l.Prescribed.Name)
		if !l.supplied() || name != "" && seen[name] {
			continue
		}
		seen[name] = true
		counts[i] = 1
	}
	return counts
}
