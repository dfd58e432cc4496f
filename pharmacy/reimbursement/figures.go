package reimbursement

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"

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
	ages                          map[string]tally // of those who are exempt, by age group
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
	age              string // group, "" where the answer does not say it
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
		day: nhs.Extension(r.Root(), extDay).Get("valueDate").Text(), payable: new(big.Rat), age: nhs.Extension(r.Root(), extAge).Get("valueCode").Text()}
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
			n, err := m.line(detail, row, meaning, fresh)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", counted.Ref(), err)
			}
			row.items += n
		}
	}
	m.count(row, fresh)
	return row, nil
}

// line reads one detail: 1 where something was supplied. Only the claims that are
// submitted for the first time are counted as charges and controlled drugs.
func (m *monthFigures) line(detail fhir.Node, row *claimRow, meaning tariff.Exemption, fresh bool) (items int, err error) {
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
			count, err := chargesIn(a)
			if err != nil {
				return 0, err
			}
			m.charges[rate].count += count
			m.charges[rate].pence.Sub(m.charges[rate].pence, pence)
		}
	}
	return items, nil
}

// chargesIn is how many charges a figure takes off: the value beside its amount.
// Answers of before that was recorded are never rewritten; theirs is what the rule of
// the figure's text says, "2 × 990p", and a text of any other form is an error.
func chargesIn(a fhir.Node) (int, error) {
	if v := a.Get("value"); v.Exists() {
		return strconv.Atoi(v.Text())
	}
	m := chargesBefore.FindStringSubmatch(a.Path("reason", "text").Text())
	if m == nil {
		return 0, fhir.E("figures", fhir.Processing, fhir.Issue{Expression: a.Expression(), Message: "The answer does not say how many prescription charges it takes off.",
			Fix: "Price it again: Claim/$reprice."})
	}
	return strconv.Atoi(m[1])
}

// chargesBefore is how answers said how many charges they take off before they had a
// value for it.
var chargesBefore = regexp.MustCompile(`^([0-9]{1,3}) × [0-9./]+p$`)

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
		if row.group == "exempt" {
			t := m.ages[row.age]
			add(&t)
			m.ages[row.age] = t
		}
	}
}
