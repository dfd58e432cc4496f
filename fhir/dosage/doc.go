// Package dosage holds what a dose instruction says: how much of a medicine is
// taken how often and for how long. It reads the structured Dosage of FHIR R4 and
// the texts of UK prescriptions, writes the words of a structured one, and counts
// what a day's doses come to.
//
// A text is read whole or not at all: a word that the vocabulary does not have
// is an error that names it, never left out, for it may change the dose ("one
// less each day"). What changes no amount (with food, swallowed whole) is kept as
// a note.
//
// Sources: FHIR R4 Dosage and Timing; NHS England, Interoperable Medicines, dose
// syntax implementation guide (TranslationLogicDosage) for the words of a
// structured dosage; the vocabulary names those of its words.
package dosage

import "github.com/shopspring/decimal"

// Dosage is one instruction. The zero value says nothing.
type Dosage struct {
	// Sequence orders instructions: those with one number are for the same time,
	// a higher number follows. 0 where it is not stated.
	Sequence int
	Text     string // as it was sent

	Method, Route, Site string
	Dose                Amount
	Timing              Timing
	AsNeeded            bool
	AsNeededFor         string // "" for no stated reason

	Rate           Rate
	MaxPerPeriod   []Limit
	MaxPerDose     Amount
	MaxPerLifetime Amount
	Notes          []string // additional instructions
	Patient        string   // the instruction in words for the patient
}

// Amount is so much of a unit, or from Low to High of it. Low is zero where only
// the most is stated, High where only the least is; the zero Amount is none.
type Amount struct {
	Low, High decimal.Decimal
	Unit      string // by its name: "tablet", "milligram"; as sent where it has none
}

// IsZero reports whether no amount is stated.
func (a Amount) IsZero() bool { return a.Low.IsZero() && a.High.IsZero() }

// Limit is the most that may be taken within a time.
type Limit struct {
	Amount Amount
	Period decimal.Decimal
	Unit   string // a unit of time: s, min, h, d, wk, mo, a
}

// Rate is how fast something is given: Amount within Period of Unit. Unit is ""
// where the amount is of a rate already: 50 ml/h.
type Rate struct {
	Amount Amount
	Period decimal.Decimal
	Unit   string
}

// Timing is how often, when and for how long. Units of time are those of FHIR:
// s, min, h, d, wk, mo, a.
type Timing struct {
	Frequency, FrequencyMax int // times within the period; FrequencyMax is 0 where one number is stated
	Period, PeriodMax       decimal.Decimal
	Unit                    string
	When                    []string // MORN, ACM …
	Offset                  int      // minutes from the event of When
	Days                    []string // mon … sun
	Times                   []string // hh:mm or hh:mm:ss
	Count, CountMax         int      // how often altogether
	Duration, DurationMax   decimal.Decimal
	DurationUnit            string
	For                     Bounds
	Events                  []string // dates
	Code                    string   // the text of Timing.code
}

// Bounds is how long an instruction holds: from Low to High of a unit of time, or
// between two days.
type Bounds struct {
	Low, High  decimal.Decimal
	Unit       string
	Start, End string
}

// IsZero reports whether no bounds are stated.
func (b Bounds) IsZero() bool {
	return b.Low.IsZero() && b.High.IsZero() && b.Start == "" && b.End == ""
}
