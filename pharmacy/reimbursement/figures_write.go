package reimbursement

import (
	"cmp"
	"io"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// writeFigures writes the figures of the export's declaration as a CSV with the
// columns figure, value and meaning. Headings are those of the NHSBSA's own data
// where it has one. Sums are pounds and pence, as the account of the export has them.
// advance is the average value of an item in pence, by which the advance payment is
// estimated; nil where it is not known.
func (s *Service) writeFigures(out io.Writer, e *Export, advance *big.Rat) error {
	m := &monthFigures{groups: map[string]tally{}, exemptions: map[string]tally{}, ages: map[string]tally{}, charges: map[string]*charges{}, controlled: map[string]int{}}
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
	groups := exemptions.AgeGroups(month.First())
	for _, group := range slices.Sorted(maps.Keys(m.ages)) {
		if group != "" && !slices.Contains(groups, group) { // by limits of another day
			groups = append(groups, group)
		}
	}
	for _, group := range append(groups, "") {
		t, name := m.ages[group], strings.ToUpper(strings.ReplaceAll(cmp.Or(group, "age-not-recorded"), "-", "_"))
		if group == "" && t.forms == 0 {
			continue
		}
		number("EXEMPT_"+name+"_FORMS", t.forms, "of the exempt: by the patient's age on the day")
		number("EXEMPT_"+name+"_ITEMS", t.items, "of the exempt: by the patient's age on the day")
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
	m := &monthFigures{groups: map[string]tally{}, exemptions: map[string]tally{}, ages: map[string]tally{}, charges: map[string]*charges{}, controlled: map[string]int{}}
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
