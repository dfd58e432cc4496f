package reimbursement

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// totals are the sums over a month's answers, from which the deductions are
// worked out: Drug Tariff Part V.
type totals struct {
	claims, items, unpriced int
	sums                    map[string]*big.Rat // by category
	basics                  map[string]*big.Rat // basic prices by discount group
	counts                  map[string]int      // figures by category
	deductions              []deduction
	payable                 *big.Rat // rounded
	exact                   *big.Rat
	complete                bool // every line priced and every group known
	payer                   fhir.Node
	issuer                  fhir.Node
}

// deduction is what is taken off the basic prices of a group.
type deduction struct {
	group string
	basic *big.Rat
	fee   tariff.Fee
	known bool // the schedule has a rate
	pence *big.Rat
}

// total adds up the answers of the export, by the amounts that stand in them.
func (e *Export) total(fees *tariff.Fees) (*totals, error) {
	t := &totals{sums: map[string]*big.Rat{}, basics: map[string]*big.Rat{}, counts: map[string]int{}, exact: new(big.Rat)}
	err := e.each(func(_, response *fhir.Version) error {
		r, err := response.Resource()
		if err != nil {
			return err
		}
		t.claims++
		t.payer, t.issuer = r.Get("insurer"), r.Get("requestor")
		for item := range r.Get("item").Items() {
			for detail := range item.Get("detail").Items() {
				if err := t.line(detail); err != nil {
					return fmt.Errorf("%s: %w", response.Ref(), err)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	t.complete = t.unpriced == 0
	t.deduct(fees, e.Month.First())
	for _, sum := range t.sums {
		t.exact.Add(t.exact, sum)
	}
	for _, d := range t.deductions {
		t.exact.Add(t.exact, d.pence)
	}
	way, _ := fees.At(tariff.Rounding, e.Month.First())
	var known bool
	if t.payable, known = pricing.Round(t.exact, way.Value); !known {
		t.payable, t.complete = t.exact, false
	}
	return t, nil
}

// line adds the adjudications of one detail.
func (t *totals) line(detail fhir.Node) error {
	group, basic := "", new(big.Rat)
	priced := false
	for a := range detail.Get("adjudication").Items() {
		c := code(a.Get("category"), csCategory)
		if g := code(a.Get("reason"), csGroup); c == discount {
			group = g
			continue
		}
		pounds := a.Path("amount", "value")
		if !pounds.Exists() {
			if c == string(pricing.BasicPrice) && code(a.Get("reason"), csRule) != notSupplied {
				t.items++
				t.unpriced++
			}
			continue
		}
		pence, ok := pricing.ParseDecimal(pounds.Text())
		if !ok {
			return fmt.Errorf("%s is no amount: %q", pounds.Expression(), pounds.Text())
		}
		pence.Mul(pence, big.NewRat(100, 1))
		add(t.sums, c, pence)
		t.counts[c]++
		if c == string(pricing.BasicPrice) || c == string(pricing.Concession) {
			basic.Add(basic, pence)
			priced = true
		}
	}
	if priced {
		t.items++
		add(t.basics, group, basic)
	}
	return nil
}

func add(sums map[string]*big.Rat, key string, n *big.Rat) {
	if sums[key] == nil {
		sums[key] = new(big.Rat)
	}
	sums[key].Add(sums[key], n)
}

// deduct works out the deduction of each group. A group without a rate has
// none, and the totals say that they are not complete.
func (t *totals) deduct(fees *tariff.Fees, day time.Time) {
	var groups []string
	for g := range t.basics {
		groups = append(groups, g)
	}
	slices.Sort(groups)
	for _, g := range groups {
		d := deduction{group: g, basic: t.basics[g], pence: new(big.Rat)}
		if d.fee, d.known = fees.Of(tariff.Deduction, g, day); d.known {
			d.pence.Neg(d.pence.Mul(d.basic, d.fee.Number()))
		} else {
			t.complete = false
		}
		t.deductions = append(t.deductions, d)
	}
}
