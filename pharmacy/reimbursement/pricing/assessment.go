package pricing

import (
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// Category says what a figure is paid or taken off for.
type Category string

// The categories of figures.
const (
	BasicPrice  Category = "basic-price"
	Concession  Category = "concession" // the basic price of a pack with a price concession
	ActivityFee Category = "saf"
	CDFee       Category = "cd-fee"
	Expensive   Category = "epf"
	Unlicensed  Category = "unlicensed-fee"
	Consumables Category = "consumables"
	Container   Category = "container"
	OutOfPocket Category = "oop"
	BrokenBulk  Category = "broken-bulk"
	Charge      Category = "charge" // negative: the patient's money is the NHS's
)

// Categories lists the categories in the order of a statement.
func Categories() []Category {
	return []Category{BasicPrice, Concession, ActivityFee, CDFee, Expensive, Unlicensed, Consumables, Container, OutOfPocket, BrokenBulk, Charge}
}

// Figure is one amount and what made it.
type Figure struct {
	Category Category
	Pence    *big.Rat // exact; negative where it is taken off
	Rule     string   // the rule: "Part VIIIA Category M", "single-activity-fee from 2026-05-01 (V)"
	Edition  string   // the data that holds it, as [Book] names it
	Count    int      // of a charge, how many are taken off; 0 for any other figure
	Working  string   // the arithmetic: "359p × 20 / 100 = 71.8p, rounded half-up to 72p"
}

// Outcome says what became of a line.
type Outcome string

// The outcomes of a line.
const (
	Priced      Outcome = "priced"
	Unpriced    Outcome = "unpriced"     // supplied, but the data has no price
	NotSupplied Outcome = "not-supplied" // nothing to pay
)

// Result is the assessment of one line.
type Result struct {
	Outcome Outcome
	Reason  Reason // why it is unpriced
	Figures []Figure
	// Group is the discount group in which the month's deduction is made, and
	// GroupRule what put the line there. Empty on a line without a basic price.
	Group, GroupRule string
	Notes            []string
	Lacks            []string // what the claim does not say and should; each is a note too
	Residue          *Residue
}

// Reason is why a line has no price.
type Reason struct{ Code, Text string }

// Residue is what is left of packs paid whole as broken bulk, or, when
// negative, what was used of such a rest.
type Residue struct {
	Pack     string // VMPP or AMPP; the product where an invoice was paid
	Quantity *big.Rat
}

// Basic is the line's basic price in whole pence, zero where it has none.
func (r Result) Basic() *big.Rat {
	sum := new(big.Rat)
	for _, f := range r.Figures {
		if f.Category == BasicPrice || f.Category == Concession {
			sum.Add(sum, f.Pence)
		}
	}
	return sum
}

func (r *Result) add(f Figure) { r.Figures = append(r.Figures, f) }

func (r *Result) note(text string) { r.Notes = append(r.Notes, text) }

// Assessment is what is paid for a prescription, before the month's deductions.
type Assessment struct {
	Lines []Result
	Notes []string
}

func (a *Assessment) note(format string, args ...any) {
	a.Notes = append(a.Notes, fmt.Sprintf(format, args...))
}

// Sum adds the figures of a category over all lines.
func (a *Assessment) Sum(c Category) *big.Rat {
	sum := new(big.Rat)
	for _, l := range a.Lines {
		for _, f := range l.Figures {
			if f.Category == c {
				sum.Add(sum, f.Pence)
			}
		}
	}
	return sum
}

// Payable is the sum of all figures.
func (a *Assessment) Payable() *big.Rat {
	sum := new(big.Rat)
	for _, c := range Categories() {
		sum.Add(sum, a.Sum(c))
	}
	return sum
}

// Complete reports whether every supplied line has a price.
func (a *Assessment) Complete() bool {
	for _, l := range a.Lines {
		if l.Outcome == Unpriced {
			return false
		}
	}
	return true
}

// Assess works out what is paid for a prescription.
func Assess(p Prescription, b *Book) *Assessment {
	a := &Assessment{}
	rests := maps.Clone(p.Leftovers)
	for _, line := range p.Lines {
		if line.Schedule == 0 {
			line.Schedule = b.Flags.Schedule(line.Prescribed.Code)
		}
		w := work{line: line, day: p.Day, book: b, leftovers: rests}
		w.run()
		if r := w.Residue; r != nil { // the next line of the product finds it so
			if rests == nil {
				rests = map[string][]Leftover{}
			}
			rests[r.Pack] = append(slices.Clone(rests[r.Pack]), Leftover{p.Day, r.Quantity})
		}
		a.Lines = append(a.Lines, w.Result)
	}
	a.charge(p, b)
	return a
}

// figure is an amount that the fee schedule has.
func (b *Book) figure(c Category, pence *big.Rat, fee tariff.Fee, working string) Figure {
	return Figure{Category: c, Pence: pence, Rule: fee.Cite(), Edition: b.FeesName, Working: working}
}
