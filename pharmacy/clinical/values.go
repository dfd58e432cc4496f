package clinical

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir/dosage"
)

// Patient is for whom an order is.
type Patient struct {
	Ref  string
	Born time.Time // zero where it is not known, or not to the day and year
}

// age is the whole years of a patient on a day; ok is false where it is not known.
func (p *Patient) age(on time.Time) (years int, ok bool) {
	if p.Born.IsZero() {
		return 0, false
	}
	years = on.Year() - p.Born.Year()
	if on.Month() < p.Born.Month() || on.Month() == p.Born.Month() && on.Day() < p.Born.Day() {
		years--
	}
	return years, true
}

// Order is one item that is ordered.
type Order struct {
	Ref          string // MedicationRequest/…
	Prescription string // the number of the prescription that it is an item of
	Medicine     Medicine
	Quantity     decimal.Decimal
	Unit         string // as package dosage names it
	Dosages      []dosage.Dosage
	Text         string // the dose in the words of the order
	Schedule     string // CD1 … CD5; "" for none
	On           time.Time
	// Elsewhere says that it is of another prescriber, and whoever sees the order
	// that is checked may not see it.
	Elsewhere bool
}

// Supply is what was handed over for an item.
type Supply struct {
	Ref      string // MedicationDispense/…
	Medicine Medicine
	Quantity decimal.Decimal
	Unit     string
	Dosages  []dosage.Dosage
	Days     int // for how many days, where it is recorded
	On       time.Time
	Order    string // MedicationRequest/…
	// Prescription is the number of the prescription that it was made on.
	Prescription string
	// Elsewhere says that the order's prescriber may not see it.
	Elsewhere bool
}

// Recorded is an allergy, a condition or a medicine that is taken.
type Recorded struct {
	Ref        string
	Name       string
	Medicine   Medicine  // of an allergy, or that is taken
	Conditions []string  // of conditions.tsv
	Ended      time.Time // zero for what holds still
	Elsewhere  bool
}

// Measured is one measurement.
type Measured struct {
	Ref     string
	Measure string // of measures.tsv
	On      time.Time
	Value   decimal.Decimal // beats a minute, kg, cm; zero for a blood pressure
	// Elsewhere says that the order's prescriber may not see it.
	Elsewhere bool
}

// History is what is known of a patient.
type History struct {
	Orders     []Order // others that are open: not supplied, not cancelled
	Supplies   []Supply
	Taken      []Recorded // MedicationStatement
	Allergies  []Recorded
	Conditions []Recorded
	Measured   []Measured
	// Neighbours are other patients at the address for whom controlled drugs were
	// ordered, with their newest order.
	Neighbours []Neighbour
}

// Neighbour is another patient at the address of one.
type Neighbour struct {
	Patient string
	Order   string
	On      time.Time
}

// Finding is what a rule says of an order.
type Finding struct {
	Rule *Rule
	// Key tells findings of one rule apart: what else they are about.
	Key      string
	Detail   string
	Evidence []Evidence
	// Elsewhere says that it follows from what the order's prescriber may not see.
	Elsewhere bool
}

// Evidence is what a finding follows from.
type Evidence struct {
	Ref  string // "" for a figure of the order itself
	Text string
}
