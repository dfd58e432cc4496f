package reimbursement

import (
	"context"
	"math/big"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// The figures of an account, as a schedule of payments names them. The fees are one
// figure, or one for each of their kinds, by the code of the kind in capitals.
const (
	figureBasic    = "BASIC_PRICES"
	figureDiscount = "DISCOUNT"
	figureFees     = "FEES_AND_ALLOWANCES"
	figureCharges  = "PRESCRIPTION_CHARGES"
	figureNet      = "NET"
)

// feeFigures are the names of the kinds of fees, by category.
var feeFigures = func() map[pricing.Category]string {
	m := map[pricing.Category]string{}
	for _, c := range pricing.Categories() {
		if c != pricing.BasicPrice && c != pricing.Concession && c != pricing.Charge {
			m[c] = strings.ToUpper(strings.ReplaceAll(string(c), "-", "_"))
		}
	}
	return m
}()

// accountFigures adds the figures of the record of a run to sums, exactly, and returns
// its net sum in pence.
func accountFigures(invoice *fhir.Resource, sums map[string]*big.Rat, fine bool) (int64, error) {
	for line := range invoice.Get("lineItem").Items() {
		concept := line.Get("chargeItemCodeableConcept")
		for c := range line.Get("priceComponent").Items() {
			pence, ok := penceIn(c.Path("amount", "value"))
			if !ok {
				return 0, fhir.E("payment", fhir.Processing, fhir.Issue{Message: "Invoice/" + invoice.ID() + " has an amount that is not valid.", Found: c.Path("amount", "value").Text()})
			}
			name := figureDiscount
			switch category := pricing.Category(nhs.Coded(concept, csCategory)); {
			case category == pricing.Charge:
				name = figureCharges
			case category != "" && fine:
				name = feeFigures[category]
			case category != "":
				name = figureFees
			case c.Get("type").Text() == "base":
				name = figureBasic
			}
			add(sums, name, pence)
		}
	}
	net, ok := penceIn(invoice.Root().Path("totalNet", "value"))
	if !ok {
		return 0, fhir.E("payment", fhir.Processing, fhir.Issue{Message: "Invoice/" + invoice.ID() + " has no total."})
	}
	return wholePence(net), nil
}

// penceIn is an amount in pounds as exact pence.
func penceIn(n fhir.Node) (*big.Rat, bool) {
	r, ok := pricing.ParseDecimal(n.Text())
	if !ok {
		return nil, false
	}
	return r.Mul(r, big.NewRat(100, 1)), true
}

// dueOf is what the runs of a month from first to last come to: by claim, or by figure
// of the account. The invoices are those of the runs.
func (s *Service) dueOf(ctx context.Context, month tariff.Month, org string, first, last int, byClaim, fine bool) (d due, err error) {
	d.lines = map[string]*big.Rat{}
	for run := first; run <= last; run++ {
		e, err := s.recordedRun(ctx, month, org, run)
		if err != nil {
			return d, err
		}
		if e == nil {
			return d, noRun(ExportRequest{Month: month, Run: run})
		}
		invoice, err := e.Totals.Resource()
		if err != nil {
			return d, err
		}
		figures := map[string]*big.Rat{}
		net, err := accountFigures(invoice, figures, fine)
		if err != nil {
			return d, err
		}
		d.net += net
		if !byClaim {
			for name, pence := range figures {
				add(d.lines, name, pence)
			}
			continue
		}
		if off := figures[figureDiscount]; off != nil {
			add(d.lines, figureDiscount, off)
		}
		if err := e.each(func(x submission, claim, response *fhir.Version) error {
			return dueByClaim(d.lines, x, claim, response)
		}); err != nil {
			return d, err
		}
	}
	return d, nil
}

// dueByClaim adds what a run submits of a claim: of an amended one the difference, and
// of a withdrawn one what is taken back.
func dueByClaim(lines map[string]*big.Rat, x submission, claim, response *fhir.Version) error {
	sum := new(big.Rat)
	count := func(v *fhir.Version, sign int64) error {
		r, err := v.Resource()
		if err != nil {
			return err
		}
		for total := range r.Get("total").Items() {
			if nhs.Coded(total.Get("category"), csCategory) != payable {
				continue
			}
			pence, ok := penceIn(total.Path("amount", "value"))
			if !ok {
				return fhir.E("payment", fhir.Processing, fhir.Issue{Message: v.Ref() + " has no total."})
			}
			sum.Add(sum, pence.Mul(pence, big.NewRat(sign, 1)))
		}
		return nil
	}
	if !x.withdrawn {
		if err := count(response, 1); err != nil {
			return err
		}
	}
	if x.was != nil {
		if err := count(x.was, -1); err != nil {
			return err
		}
	}
	add(lines, claimKey+claim.ID, sum)
	return nil
}

// payment is a payment of a month as it is recorded.
type payment struct {
	version *fhir.Version
	record  *fhir.Resource
	first   int // run that it is matched with; 0 for an advance
	last    int
	amount  int64
	advance int64 // paid on account, or, negative, taken off
}

// paymentsOf are the payments of a pharmacy's month, in the order in which they were
// recorded.
func paymentsOf(state fhir.State, month tariff.Month, org string) (list []*payment, err error) {
	ids, err := state.Find("PaymentReconciliation", nhs.Query("_tag", csMonth, monthOf(month.String(), org)))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		v, err := state.Current("PaymentReconciliation", id)
		if err != nil {
			return nil, err
		}
		if v == nil || v.Deleted() {
			continue
		}
		p, err := readPayment(v)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	sorting.By(list, func(a, b *payment) int { return int(int64(a.version.Seq) - int64(b.version.Seq)) })
	return list, nil
}

func readPayment(v *fhir.Version) (*payment, error) {
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	p := &payment{version: v, record: r}
	if text := nhs.Extension(r.Root(), extRuns).Get("valueString").Text(); text != "" {
		first, last, _ := strings.Cut(text, "-")
		p.first, _ = strconv.Atoi(first)
		p.last, _ = strconv.Atoi(last)
	}
	amount, ok := penceIn(r.Root().Path("paymentAmount", "value"))
	if !ok || !amount.IsInt() {
		return nil, fhir.E("payment", fhir.Processing, fhir.Issue{Message: v.Ref() + " has an amount that is not whole pence."})
	}
	p.amount = amount.Num().Int64()
	for d := range r.Get("detail").Items() {
		if pence, ok := penceIn(d.Path("amount", "value")); ok && pence.IsInt() && figureOf(d) == figureAdvance {
			p.advance += pence.Num().Int64()
		}
	}
	return p, nil
}

// figureOf is the figure that a detail of a payment is of, "" where its type names
// none.
func figureOf(detail fhir.Node) string {
	kind := detail.Get("type")
	if code := nhs.Coded(kind, csFigure); code != "" {
		return tariff.FigureName(code)
	}
	for c := range kind.Get("coding").Items() {
		if name := tariff.FigureName(c.Get("code").Text()); name == figureAdvance {
			return name // https://terminology.hl7.org/CodeSystem/payment-type
		}
	}
	return tariff.FigureName(kind.Get("text").Text())
}
