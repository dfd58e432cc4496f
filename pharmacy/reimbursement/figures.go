package reimbursement

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// tally counts forms, which are claims, and their items.
type tally struct{ forms, items int }

// monthFigures are what the declaration of a month (form FP34C) asks for, counted
// over what an export submits. An amended claim was declared before and a withdrawn
// one is taken back: both are counted by themselves.
type monthFigures struct {
	all, late, amended, withdrawn tally
	groups                        map[string]tally // paid, exempt, no-charge
	exemptions                    map[string]tally // by code
	charges                       map[string]*charges
	controlled                    map[string]int // items by schedule, 2 and 3
}

// charges are the prescription charges of one rate: current or previous.
type charges struct {
	count int
	pence *big.Rat
}

// claimRow is one claim of an export, as it is counted.
type claimRow struct {
	submission
	order, exemption string
	group            string
	day              string
	items            int
	payable          *big.Rat // pence, of a withdrawn one what is taken back
}

// read counts one claim.
func (m *monthFigures) read(x submission, claim, response *fhir.Version, exemptions *tariff.Exemptions) (*claimRow, error) {
	counted := response
	if x.withdrawn {
		counted = x.was
	}
	r, err := counted.Resource()
	if err != nil {
		return nil, err
	}
	c, err := claim.Resource()
	if err != nil {
		return nil, err
	}
	eps := readClaim(c)
	row := &claimRow{submission: x, order: eps.order(), exemption: nhs.Coded(eps.item.Get("programCode"), nhs.CSExemption),
		day: nhs.Extension(r.Root(), extDay).Get("valueDate").Text(), payable: new(big.Rat)}
	paid := 0
	for _, d := range eps.details {
		paid += chargesOf(d)
	}
	meaning, _ := exemptions.At(row.exemption, nhs.Day(row.day))
	switch {
	case paid > 0:
		row.group = "paid"
	case meaning.Charge == tariff.ChargeNone:
		row.group = "exempt"
	default:
		row.group = "no-charge"
	}
	fresh := x.was == nil
	for item := range r.Get("item").Items() {
		for detail := range item.Get("detail").Items() {
			row.items += m.line(detail, row, meaning, fresh)
		}
	}
	m.count(row, fresh)
	return row, nil
}

// line reads one detail: 1 where something was supplied. Only the claims that are
// submitted for the first time are counted as charges and controlled drugs.
func (m *monthFigures) line(detail fhir.Node, row *claimRow, meaning tariff.Exemption, fresh bool) (items int) {
	for a := range detail.Get("adjudication").Items() {
		category, rule := nhs.Coded(a.Get("category"), csCategory), nhs.Coded(a.Get("reason"), csRule)
		if category == string(pricing.ActivityFee) { // paid for each item that was supplied
			items = 1
		}
		pence, ok := pricing.ParseDecimal(a.Path("amount", "value").Text())
		if !ok {
			continue
		}
		pence.Mul(pence, big.NewRat(100, 1))
		row.payable.Add(row.payable, pence)
		switch {
		case !fresh:
		case category == string(pricing.CDFee) && strings.HasPrefix(rule, string(tariff.CDFeeSchedule2)):
			m.controlled["2"]++
		case category == string(pricing.CDFee):
			m.controlled["3"]++
		case category == string(pricing.Charge):
			rate := "current"
			if meaning.Charge == tariff.ChargePrevious {
				rate = "previous"
			}
			if m.charges[rate] == nil {
				m.charges[rate] = &charges{pence: new(big.Rat)}
			}
			m.charges[rate].count += chargesIn(a)
			m.charges[rate].pence.Sub(m.charges[rate].pence, pence)
		}
	}
	return items
}

// chargesIn is how many charges a figure takes off: "2 × 990p".
func chargesIn(a fhir.Node) int {
	count, _, _ := strings.Cut(a.Path("reason", "text").Text(), " ")
	n, err := strconv.Atoi(count)
	if err != nil {
		return 1
	}
	return n
}

func (m *monthFigures) count(row *claimRow, fresh bool) {
	add := func(t *tally) { t.forms, t.items = t.forms+1, t.items+row.items }
	switch {
	case row.withdrawn:
		add(&m.withdrawn)
	case !fresh:
		add(&m.amended)
	default:
		add(&m.all)
		if row.late {
			add(&m.late)
		}
		for counts, key := range map[*map[string]tally]string{&m.groups: row.group, &m.exemptions: row.exemption} {
			t := (*counts)[key]
			add(&t)
			(*counts)[key] = t
		}
	}
}

// WriteFigures writes the figures of the export's declaration as a CSV with the
// columns figure, value and meaning. Headings are those of the NHSBSA's own data
// where it has one. Sums are pounds and pence, as the account of the export has them.
// advance is the average value of an item in pence, by which the advance payment is
// estimated; nil where it is not known.
func (s *Service) WriteFigures(out io.Writer, e *Export, advance *big.Rat) error {
	m := &monthFigures{groups: map[string]tally{}, exemptions: map[string]tally{}, charges: map[string]*charges{}, controlled: map[string]int{}}
	exemptions, err := s.shelf.exemptions(e.state)
	if err != nil {
		return err
	}
	if err := e.each(func(x submission, claim, response *fhir.Version) error {
		_, err := m.read(x, claim, response, exemptions)
		return err
	}); err != nil {
		return err
	}
	calendar, err := s.shelf.calendar(e.state)
	if err != nil {
		return err
	}
	invoice, err := e.Totals.Resource()
	if err != nil {
		return err
	}
	w := newTable(out, "figure", "value", "meaning")
	w.row("YEAR_MONTH", strings.ReplaceAll(e.Month.String(), "-", ""), "the dispensing month")
	w.row("CONTRACTOR_CODE", e.Org, "the pharmacy")
	w.row("RUN", strings.TrimPrefix(e.name(), e.Month.String()+"/"+e.Org+"/"), "the number of the run, or preview")
	m.dates(w, calendar, e.Month)
	m.counts(w, exemptions, e.Month)
	for c := range invoice.Get("totalPriceComponent").Items() {
		w.row(strings.ToUpper(strings.ReplaceAll(c.Path("code", "text").Text(), " ", "_")), twoPlaces(c.Path("amount", "value").Text()), "of the account, in pounds")
	}
	w.row("NET", twoPlaces(invoice.Root().Path("totalNet", "value").Text()), "of the account, in pounds; "+invoice.Get("status").Text())
	if advance != nil {
		value := new(big.Rat).Mul(advance, big.NewRat(int64(m.all.items), 1))
		for _, c := range m.charges {
			value.Sub(value, c.pence)
		}
		w.row("ADVANCE_ESTIMATE", twoPlaces(pricing.Pounds(value)), "items × the average value of an item, less the charges")
	}
	return w.end()
}

func (m *monthFigures) dates(w *table, calendar tariff.Calendar, month tariff.Month) {
	d, ok := calendar[month]
	for _, day := range []struct {
		name, meaning string
		day           time.Time
	}{
		{"SUBMISSION_DEADLINE", "the last day to submit", d.Submission},
		{"EARLY_ADVANCE", "when the advance is paid", d.EarlyAdvance},
		{"RECONCILED_PAYMENT", "when the priced value is paid", d.Reconciled},
	} {
		if !ok {
			w.row(day.name, "", day.meaning+": the submission calendar does not have the month")
			continue
		}
		w.row(day.name, day.day.Format(time.DateOnly), day.meaning+" ("+d.Mark+")")
	}
}

func (m *monthFigures) counts(w *table, exemptions *tariff.Exemptions, month tariff.Month) {
	number := func(name string, n int, meaning string) { w.row(name, strconv.Itoa(n), meaning) }
	number("NUMBER_TOTAL_FORMS", m.all.forms, "claims that are submitted for the first time")
	number("NUMBER_TOTAL_ITEMS", m.all.items, "items that were supplied")
	number("NUMBER_EPS_ITEMS", m.all.items, "of them by EPS; paper is not claimed here")
	for _, group := range []string{"paid", "exempt", "no-charge"} {
		t, name := m.groups[group], strings.ToUpper(strings.ReplaceAll(group, "-", "_"))
		number(name+"_FORMS", t.forms, "group: "+group)
		number(name+"_ITEMS", t.items, "group: "+group)
	}
	for _, code := range slices.Sorted(maps.Keys(m.exemptions)) {
		meaning, _ := exemptions.At(code, month.First())
		t := m.exemptions[code]
		number("EXEMPTION_"+cmp.Or(code, "NONE")+"_FORMS", t.forms, meaning.Text)
		number("EXEMPTION_"+cmp.Or(code, "NONE")+"_ITEMS", t.items, meaning.Text)
	}
	for _, rate := range []string{"current", "previous"} {
		c := m.charges[rate]
		if c == nil {
			c = &charges{pence: new(big.Rat)}
		}
		number("NUMBER_CHARGEABLE_PX_"+strings.ToUpper(rate), c.count, "prescription charges collected at the "+rate+" rate")
		w.row("CHARGEABLE_PX_"+strings.ToUpper(rate)+"_VALUE", twoPlaces(pricing.Pounds(c.pence)), "in pounds")
	}
	number("CD_SCHEDULE_2_ITEMS", m.controlled["2"], "items that earned the fee of Schedule 2")
	number("CD_SCHEDULE_3_ITEMS", m.controlled["3"], "items that earned the fee of Schedule 3")
	number("LATE_FORMS", m.late.forms, "of the forms: came too late for their own month")
	number("LATE_ITEMS", m.late.items, "their items")
	number("AMENDED_FORMS", m.amended.forms, "amended after they had been submitted: not among the forms")
	number("WITHDRAWN_FORMS", m.withdrawn.forms, "taken back after they had been submitted: not among the forms")
}

// WriteClaims writes the claims of the export as a CSV, a row for each: prescription,
// day of supply, dispensing month, mark, exemption, group, items and what the claim is
// worth before the deductions of the month, in pounds and pence.
func (s *Service) WriteClaims(out io.Writer, e *Export) error {
	m := &monthFigures{groups: map[string]tally{}, exemptions: map[string]tally{}, charges: map[string]*charges{}, controlled: map[string]int{}}
	exemptions, err := s.shelf.exemptions(e.state)
	if err != nil {
		return err
	}
	w := newTable(out, "prescription", "day", "month", "mark", "exemption", "group", "items", "payable", "claim")
	if err := e.each(func(x submission, claim, response *fhir.Version) error {
		row, err := m.read(x, claim, response, exemptions)
		if err != nil {
			return err
		}
		mark := ""
		switch {
		case x.withdrawn:
			mark = "withdrawn"
			row.payable.Neg(row.payable)
		case x.was != nil:
			mark = "amended"
		case x.late:
			mark = "late"
		}
		w.row(row.order, row.day, row.month.String(), mark, row.exemption, row.group, strconv.Itoa(row.items), twoPlaces(pricing.Pounds(row.payable)), claim.ID)
		return w.err
	}); err != nil {
		return err
	}
	return w.end()
}

// twoPlaces is an amount in pounds and pence for a reader.
func twoPlaces(pounds string) string {
	r, ok := pricing.ParseDecimal(pounds)
	if !ok {
		return pounds
	}
	pence, _ := pricing.Round(r.Mul(r, big.NewRat(100, 1)), "half-up")
	return pricing.Pounds(pence)
}

// table writes a CSV for a spreadsheet.
type table struct {
	w   *csv.Writer
	err error
}

func newTable(out io.Writer, columns ...string) *table {
	t := &table{w: csv.NewWriter(out)}
	t.row(columns...)
	return t
}

func (t *table) row(cells ...string) {
	safe := make([]string, len(cells))
	for i, c := range cells {
		safe[i] = neutral(c)
	}
	t.err = cmp.Or(t.err, t.w.Write(safe))
}

func (t *table) end() error {
	t.w.Flush()
	return cmp.Or(t.err, t.w.Error())
}

// amountCell is a number as this package writes one.
var amountCell = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// neutral is a cell that no spreadsheet takes for a formula: text that begins with
// = + - @, a tab or a line end has an apostrophe before it. Numbers are left.
func neutral(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) && !amountCell.MatchString(cell) {
		return "'" + cell
	}
	return cell
}

// figuresOf writes the figures of an export, or its claims, as text.
func (s *Service) figuresOf(e *Export, list string, advance *big.Rat) (string, error) {
	var b strings.Builder
	switch list {
	case "", "figures":
		err := s.WriteFigures(&b, e, advance)
		return b.String(), err
	case "claims":
		err := s.WriteClaims(&b, e)
		return b.String(), err
	}
	return "", fhir.E("figures", fhir.Invalid, fhir.Issue{Expression: "list", Message: "There is no such list.", Expected: "figures or claims", Found: fmt.Sprintf("%q", list)})
}
