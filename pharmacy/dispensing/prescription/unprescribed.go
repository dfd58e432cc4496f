package prescription

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// PrescriptionOnly are medicines, by their schedules or by words of their names, that are
// supplied on prescription alone.
type PrescriptionOnly struct {
	From      nhs.Date `json:"from"`
	Schedules []string `json:"schedules"`
	Medicines []string `json:"medicines"`
	Source    string   `json:"source"`
}

// Unprescribed is a kind of supply, a code of UKCore-MedicationSupplyType, by which a
// prescription only medicine is supplied without a prescription.
type Unprescribed struct {
	From      nhs.Date `json:"from"`
	Kind      string   `json:"kind"`
	Schedules []string `json:"schedules"`
	Medicines []string `json:"medicines"` // words of their names; none for all of the schedules
	Days      int      `json:"days"`      // of treatment at most; 0 for any
	Rule      string   `json:"rule"`
	Source    string   `json:"source"`
}

func (u Unprescribed) says() string {
	if u.Days == 0 {
		return "may be supplied without a prescription as " + u.Kind
	}
	return fmt.Sprintf("may be supplied without a prescription as %s, for %d days at most", u.Kind, u.Days)
}

// Unprescribed says what is unlawful of a supply that is of no prescription: the
// MedicationDispense d, which is of the medicine that it names and that stored, a
// Medication, does.
func (r Rules) Unprescribed(d, stored node, now time.Time) []fhir.Issue {
	on := nhs.DateOf(now) // whatever day the record tells: an old one would have less law
	l := Line{Medicines: slices.Concat(medicinesOf(MedicineOf(d)), medicinesOf(stored.Get("code")))}
	if ref := d.Get("medicationReference"); ref.Exists() {
		l.Medicines = append(l.Medicines, fhir.Coding{System: ref.Path("identifier", "system").Text(), Code: ref.Path("identifier", "value").Text(), Display: ref.Get("display").Text()})
	}
	r.Medicines.check(&l, on)
	named := func(words []string) bool {
		return slices.ContainsFunc(l.Medicines, func(c fhir.Coding) bool {
			m, _ := r.Medicines.medicine(c, on)
			name := strings.ToLower(c.Display + " " + m.Name + " " + m.Substance)
			return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) })
		})
	}
	only := slices.ContainsFunc(r.Law.PrescriptionOnly, func(x PrescriptionOnly) bool {
		return !on.Before(x.From) && (slices.Contains(x.Schedules, l.Schedule) || named(x.Medicines))
	})
	kind := nhs.Coded(d.Get("type"), nhs.CSUKSupply)
	row, lawful := inForce(r.Law.Unprescribed, func(x Unprescribed) nhs.Date { return x.From }, func(x Unprescribed) bool {
		return x.Kind == kind && slices.Contains(x.Schedules, l.Schedule) && (len(x.Medicines) == 0 || named(x.Medicines))
	}, on)
	found := inWords(l.Schedule)
	if len(l.Medicines) > 0 {
		found = medicineText(l.Medicines[0]) + ", " + found
	}
	switch {
	case only && !lawful:
		// HMR-214: a prescription only medicine is supplied in accordance with a prescription.
		return []fhir.Issue{{Rule: "HMR-214", Message: "The medicine is supplied on a prescription alone, and this supply is of none that is here.", Expression: "MedicationDispense.authorizingPrescription",
			Position: d.Get("authorizingPrescription").Position(), Expected: "the prescription, whose Task records the supply; or a type by which the law allows it without one", Found: found,
			Fix: "Record the prescription, and supply it with Task/$dispense. What a practitioner is supplied on a requisition is recorded by Basic/$supply-requisition."}}
	case !lawful || row.Days == 0 || !only && l.Schedule == "":
		return nil
	}
	days := d.Get("daysSupply")
	n, err := decimal.NewFromString(days.Get("value").Text())
	inDays := days.Get("code").Text() == "d" || !days.Get("code").Exists() && slices.Contains([]string{"d", "day", "days"}, strings.ToLower(days.Get("unit").Text()))
	if err == nil && inDays && !days.Get("comparator").Exists() && n.IsPositive() && n.LessThanOrEqual(decimal.NewFromInt(int64(row.Days))) {
		return nil
	}
	// HMR-225: an emergency supply is of a few days' treatment.
	return []fhir.Issue{{Rule: row.Rule, Message: "An emergency supply is for no longer than the law allows, and says for how long it is.", Expression: "MedicationDispense.daysSupply", Position: days.Position(),
		Expected: fmt.Sprintf("1 to %d days (code d)", row.Days), Found: fhir.OrNothing(strings.TrimSpace(days.Get("value").Text() + " " + days.Get("unit").Text()))}}
}
