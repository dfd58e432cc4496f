package reimbursement

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
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
	supplied, priced := false, false
	for a := range detail.Get("adjudication").Items() {
		c := code(a.Get("category"), csCategory)
		if g := code(a.Get("reason"), csGroup); c == discount {
			group = g
			continue
		}
		pounds := a.Path("amount", "value")
		if !pounds.Exists() {
			continue
		}
		pence, ok := pricing.ParseDecimal(pounds.Text())
		if !ok {
			return fmt.Errorf("%s is no amount: %q", pounds.Expression(), pounds.Text())
		}
		pence.Mul(pence, big.NewRat(100, 1))
		add(t.sums, c, pence)
		t.counts[c]++
		switch pricing.Category(c) {
		case pricing.BasicPrice, pricing.Concession:
			basic.Add(basic, pence)
			priced = true
		case pricing.ActivityFee:
			supplied = true
		}
	}
	if supplied || priced {
		t.items++
	}
	if priced {
		add(t.basics, group, basic)
	} else if supplied {
		t.unpriced++
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

// invoice writes the totals: the pharmacy's account to who pays it. It is a
// draft while a line has no price or a group no rate.
func (e *Export) invoice(id string, t *totals, schedule string, now time.Time) *fhir.Resource {
	status := "issued"
	if !t.complete {
		status = "draft"
	}
	run := e.Month.String() + "/" + e.Org + "/" + strconv.Itoa(e.Run)
	return fhir.Obj(
		"resourceType", "Invoice",
		"id", id,
		"meta", fhir.Obj("tag", fhir.List(fhir.Obj("system", csExport, "code", e.Month.String()), fhir.Obj("system", csExport, "code", monthOf(e.Month.String(), e.Org)))),
		"extension", fhir.List(
			fhir.Obj("url", extPin, "valueString", strconv.FormatUint(uint64(e.Seq), 10)),
			fhir.Obj("url", extEdition, "valueString", schedule)),
		"identifier", fhir.List(identifierValue(base+"Id/month-export", run)),
		"status", status,
		"type", fhir.Obj("text", "Reimbursement and remuneration for "+e.Month.String()),
		"recipient", t.payer,
		"date", now.UTC().Format(fhir.InstantLayout),
		"issuer", t.issuer,
		"lineItem", t.lineItems(),
		"totalPriceComponent", t.components(),
		"totalNet", money(t.payable),
		"totalGross", money(t.payable),
		"note", fhir.List(fhir.Obj("text", t.summary())),
	).Resource()
}

func (t *totals) summary() string {
	text := fmt.Sprintf("%d claims, %d items dispensed, %d of them without a price. The exact sum is %s.", t.claims, t.items, t.unpriced, sterling(t.exact))
	for _, d := range t.deductions {
		if !d.known {
			text += fmt.Sprintf(" Nothing is deducted from %s in group %q, for which the fee schedule has no rate.", sterling(d.basic), d.group)
		}
	}
	return text
}

// lineItems has one line for the basic prices of each discount group with their
// deduction, and one for each kind of fee or charge.
func (t *totals) lineItems() fhir.Value {
	var lines []any
	line := func(concept fhir.Value, components ...any) {
		lines = append(lines, fhir.Obj("sequence", len(lines)+1, "chargeItemCodeableConcept", concept, "priceComponent", fhir.List(components...)))
	}
	for _, d := range t.deductions {
		components := []any{component("base", fhir.Value{}, "", d.basic)}
		if d.known {
			components = append(components, component("deduction", rule(string(d.fee.Rule), d.fee.Cite()), d.fee.Value, d.pence))
		}
		line(fhir.Obj("coding", fhir.List(fhir.Obj("system", csGroup, "code", d.group)), "text", "Basic prices, discount group "+d.group), components...)
	}
	for _, c := range pricing.Categories() {
		sum := t.sums[string(c)]
		if sum == nil || c == pricing.BasicPrice || c == pricing.Concession {
			continue
		}
		kind := "surcharge"
		if sum.Sign() < 0 {
			kind = "deduction"
		}
		concept := fhir.Obj("coding", fhir.List(fhir.Obj("system", csCategory, "code", string(c))), "text", fmt.Sprintf("%s × %d", c, t.counts[string(c)]))
		line(concept, component(kind, fhir.Value{}, "", sum))
	}
	return fhir.List(lines...)
}

func component(kind string, code fhir.Value, factor string, pence *big.Rat) fhir.Value {
	return fhir.Obj("type", kind, "code", code, "factor", fhir.Raw(factor), "amount", money(pence))
}

// components are the sums of the lines by their kind.
func (t *totals) components() fhir.Value {
	base, off, fees, charges := new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat)
	for _, d := range t.deductions {
		base.Add(base, d.basic)
		off.Add(off, d.pence)
	}
	for c, sum := range t.sums {
		switch pricing.Category(c) {
		case pricing.BasicPrice, pricing.Concession:
		case pricing.Charge:
			charges.Add(charges, sum)
		default:
			fees.Add(fees, sum)
		}
	}
	return fhir.List(
		component("base", fhir.Obj("text", "basic prices"), "", base),
		component("deduction", fhir.Obj("text", "discount"), "", off),
		component("surcharge", fhir.Obj("text", "fees and allowances"), "", fees),
		component("deduction", fhir.Obj("text", "prescription charges"), "", charges),
	)
}
