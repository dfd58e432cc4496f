package tariff

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/sheet"
)

// Rule names a figure of the fee schedule.
type Rule string

// The rules that pricing asks for. Figures per discount group and per category
// have the name behind a colon: "deduction:generic", "group:M".
const (
	SingleActivityFee  Rule = "single-activity-fee"      // pence for each item dispensed (Part IIIA)
	CDFeeSchedule2     Rule = "cd-fee-schedule-2"        // pence for each Schedule 2 item
	CDFeeSchedule3     Rule = "cd-fee-schedule-3"        // pence for each Schedule 3 item
	ExpensiveThreshold Rule = "expensive-item-threshold" // pence of basic price above which the fee is due
	ExpensiveRate      Rule = "expensive-item-rate"      // share of the basic price
	UnlicensedFee      Rule = "unlicensed-fee"           // pence for each item endorsed SP or ED
	Consumables        Rule = "consumables"              // pence for each item (Part IV)
	Container          Rule = "container"                // pence for an item whose pack is split
	OutOfPocketMinimum Rule = "out-of-pocket-minimum"    // pence that a claim must reach
	BrokenBulkPack     Rule = "broken-bulk-minimum-pack" // pence that the smallest pack must cost, by category
	BrokenBulkMonths   Rule = "broken-bulk-months"       // how long the rest of a pack is used up
	PrescriptionCharge Rule = "prescription-charge"      // pence for each charge
	GroupOfCategory    Rule = "group"                    // discount group of a Part VIIIA category
	Deduction          Rule = "deduction"                // rate of a discount group
	PackByEndorsement  Rule = "pack-by-endorsement"      // categories whose endorsed pack decides
	// ContainerCombination is how special containers make up a quantity:
	// "nearest", the combination of sizes that is nearest to it.
	ContainerCombination Rule = "special-container-combination"
	BrokenBulk           Rule = "broken-bulk"              // categories in which broken bulk is paid
	OutOfPocket          Rule = "out-of-pocket"            // categories in which expenses are paid
	ConcessionDiscount   Rule = "concession-discount"      // discount group of a concession
	UnlicensedDiscount   Rule = "unlicensed-discount"      // discount group of what is endorsed SP
	ControlledDiscount   Rule = "controlled-drug-discount" // discount group of Schedules 1 to 3
	Rounding             Rule = "rounding"                 // how a line's price becomes pence
	EditionGap           Rule = "edition-gap-months"       // how old the newest edition may be
	ClaimAmendDeadline   Rule = "claim-amend-deadline-day" // last day of the next month to amend a claim
	UnlistedCategory          = "unlisted"                 // the category of what Part VIIIA does not list
	NoDeduction               = "no-deduction"             // the discount group without deduction
	UndeterminedGroup         = "undetermined"             // the group where the schedule has none
)

// The rules by what their figures are.
var (
	wordRules   = []Rule{GroupOfCategory, PackByEndorsement, BrokenBulk, OutOfPocket, ConcessionDiscount, UnlicensedDiscount, ControlledDiscount, Rounding, ContainerCombination}
	numberRules = []Rule{SingleActivityFee, CDFeeSchedule2, CDFeeSchedule3, ExpensiveThreshold, ExpensiveRate, UnlicensedFee, Consumables, Container,
		OutOfPocketMinimum, BrokenBulkPack, BrokenBulkMonths, PrescriptionCharge, Deduction, EditionGap, ClaimAmendDeadline}
	countRules = []Rule{BrokenBulkMonths, EditionGap, ClaimAmendDeadline} // numbers that are whole
)

// Fee is one figure of the schedule and since when it holds.
type Fee struct {
	Rule   Rule
	From   time.Time
	Until  time.Time // last day, zero while it holds
	Value  string    // as written
	Unit   string
	Mark   string // V verified in the source, V-old verified in an old page, B not verified
	Source string
	Line   int
	number *big.Rat
}

// Number is the figure, exact; zero where the value is a word.
func (f Fee) Number() *big.Rat {
	if f.number == nil {
		return new(big.Rat)
	}
	return f.number
}

// Cite names the figure for a reader: "single-activity-fee from 2026-05-01 (V)".
func (f Fee) Cite() string {
	return string(f.Rule) + " from " + f.From.Format(time.DateOnly) + " (" + f.Mark + ")"
}

// Fees is the whole schedule.
type Fees struct {
	// Edition names the file by its content, so that a figure says which
	// schedule made it.
	Edition string
	byRule  map[Rule][]Fee
}

// At is the figure of a rule on a day.
func (f *Fees) At(rule Rule, day time.Time) (Fee, bool) {
	figures := f.byRule[rule]
	for i := len(figures) - 1; i >= 0; i-- {
		if !figures[i].From.After(day) {
			return figures[i], figures[i].Until.IsZero() || !day.After(figures[i].Until)
		}
	}
	return Fee{}, false
}

// Of is the figure of a rule for a name: Of(Deduction, "generic", day).
func (f *Fees) Of(rule Rule, name string, day time.Time) (Fee, bool) {
	return f.At(rule+":"+Rule(name), day)
}

// InForce are the figures that hold on a day, in the order of the file.
func (f *Fees) InForce(day time.Time) []Fee {
	var list []Fee
	for rule := range f.byRule {
		if fee, ok := f.At(rule, day); ok {
			list = append(list, fee)
		}
	}
	sorting.By(list, func(a, b Fee) int { return a.Line - b.Line })
	return list
}

// Before is the figure that held before the one of that day.
func (f *Fees) Before(rule Rule, day time.Time) (Fee, bool) {
	now, ok := f.At(rule, day)
	if !ok {
		return Fee{}, false
	}
	return f.At(rule, now.From.AddDate(0, 0, -1))
}

// ReadFees reads a schedule: a CSV with the columns rule, from, value, unit,
// mark and source, and optionally until. Lines that begin with # are comments.
func ReadFees(data []byte) (*Fees, []fhir.Issue) {
	s := readTable(data, true, "rule", "from", "value", "unit", "mark", "source")
	f := &Fees{Edition: contentName("fees", data), byRule: map[Rule][]Fee{}}
	for r := range s.Rows() {
		fee := s.fee(r)
		f.byRule[fee.Rule] = append(f.byRule[fee.Rule], fee)
	}
	for rule, figures := range f.byRule {
		sorting.Stably(figures, func(a, b Fee) int { return a.From.Compare(b.From) })
		for i := range figures[1:] {
			if figures[i].From.Equal(figures[i+1].From) {
				s.Fail(fhir.Position{Line: figures[i+1].Line, Column: 1}, fhir.Duplicate, string(rule)+" has two figures from the same day.", "", "line "+strconv.Itoa(figures[i].Line)+" and this one")
			}
		}
	}
	if fhir.HasErrors(s.Issues) {
		sorting.Stably(s.Issues, func(a, b fhir.Issue) int { return cmp.Compare(a.Position.Line, b.Position.Line) })
		return nil, s.Issues
	}
	return f, s.Issues
}

func (s *table) fee(r sheet.Row) Fee {
	f := Fee{Rule: Rule(s.text(r, "rule")), From: s.day(r, "from"), Value: s.text(r, "value"), Line: r.Line(),
		Unit: s.text(r, "unit"), Mark: s.mark(r), Source: s.text(r, "source")}
	if until, _ := s.Cell(r, "until"); until != "" {
		f.Until = s.day(r, "until")
	}
	s.suits(r, f)
	_, at := s.Cell(r, "value")
	if f.Unit != "" && f.Unit != "word" {
		number, ok := new(big.Rat).SetString(f.Value)
		if !ok || !exact.MatchString(f.Value) {
			s.Fail(at, fhir.ValueCode, "The value is no number.", "digits with at most one point, or the unit \"word\"", strconv.Quote(f.Value))
		}
		f.number = number
	}
	return f
}

// mark says how well a figure is known.
func (s *table) mark(r sheet.Row) string {
	mark := s.text(r, "mark")
	switch mark {
	case "", "V", "V-old", "B":
	default:
		_, at := s.Cell(r, "mark")
		s.Fail(at, fhir.CodeInvalid, "The mark is not known.", "V, V-old or B", strconv.Quote(mark))
	}
	return mark
}

// suits holds a figure to its rule. A rule of another name changes nothing, so
// it is pointed out.
func (s *table) suits(r sheet.Row, f Fee) {
	name, _, _ := strings.Cut(string(f.Rule), ":")
	_, rule := s.Cell(r, "rule")
	_, unit := s.Cell(r, "unit")
	_, value := s.Cell(r, "value")
	word, number := slices.Contains(wordRules, Rule(name)), slices.Contains(numberRules, Rule(name))
	switch {
	case f.Rule != "" && !word && !number:
		s.Warn(rule, "Nothing is worked out by a rule "+strconv.Quote(name)+": is the name misspelt?")
	case word && f.Unit != "" && f.Unit != "word":
		s.Fail(unit, fhir.ValueCode, name+" is a word.", "the unit \"word\"", strconv.Quote(f.Unit))
	case number && f.Unit == "word":
		s.Fail(unit, fhir.ValueCode, name+" is a number.", "a unit such as pence", strconv.Quote(f.Unit))
	case slices.Contains(countRules, Rule(name)) && strings.Contains(f.Value, "."):
		s.Fail(value, fhir.ValueCode, name+" is a whole number.", "digits", strconv.Quote(f.Value))
	}
}

func (s *table) day(r sheet.Row, column string) time.Time {
	v, at := s.Cell(r, column)
	day, err := time.Parse(time.DateOnly, v)
	if err != nil {
		s.Fail(at, fhir.ValueCode, column+" is no date.", "a date such as 2026-05-01", strconv.Quote(v))
	}
	return day
}

// contentName names a file by what is in it: the same content has the same name
// wherever it was read.
func contentName(kind string, data []byte) string {
	sum := sha256.Sum256(data)
	return strings.Join([]string{kind, hex.EncodeToString(sum[:6])}, "-")
}
