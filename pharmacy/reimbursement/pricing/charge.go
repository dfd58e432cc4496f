package pricing

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// charge takes off the prescription charges that were paid.
func (a *Assessment) charge(p Prescription, b *Book) {
	rate, ok := b.Fees.At(tariff.PrescriptionCharge, p.Day)
	meaning, known := b.Exemptions.At(p.Exemption, p.Day)
	if p.Exemption != "" && !known {
		a.Notes = append(a.Notes, fmt.Sprintf("Exemption code %s has no meaning on %s.", p.Exemption, p.Day.Format("2 January 2006")))
	}
	if meaning.Charge == tariff.ChargePrevious {
		rate, ok = b.Fees.Before(tariff.PrescriptionCharge, p.Day)
	}
	for i, line := range p.Lines {
		if line.Charges == 0 {
			continue
		}
		if meaning.Charge == tariff.ChargeNone {
			a.Notes = append(a.Notes, fmt.Sprintf("Line %d says that a charge was paid, and the exemption is %s (%s): the charge is taken off as claimed.", i+1, p.Exemption, meaning.Meaning))
		}
		if !ok {
			a.Notes = append(a.Notes, fmt.Sprintf("The fee schedule has no prescription charge for %s.", p.Day.Format("2 January 2006")))
			continue
		}
		pence := new(big.Rat).Mul(rate.Number(), rat(int64(-line.Charges)))
		a.Lines[i].add(b.figure(Charge, pence, rate, fmt.Sprintf("%d × %s", line.Charges, inPence(rate.Number()))))
	}
}

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
