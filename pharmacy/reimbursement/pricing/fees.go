package pricing

import (
	"fmt"
	"math/big"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// fees adds what is paid for the item beside the product.
func (w *work) fees() {
	w.fee(ActivityFee, tariff.SingleActivityFee)
	switch w.line.Schedule {
	case 2:
		w.fee(CDFee, tariff.CDFeeSchedule2)
	case 3:
		w.fee(CDFee, tariff.CDFeeSchedule3)
	}
	if _, ok := w.line.endorsed("SP", "ED"); ok {
		w.fee(Unlicensed, tariff.UnlicensedFee)
	}
	w.expensive()
	w.fee(Consumables, tariff.Consumables)
	if w.split {
		w.fee(Container, tariff.Container)
	}
}

func (w *work) fee(c Category, rule tariff.Rule) {
	fee, ok := w.book.Fees.At(rule, w.day)
	if !ok {
		w.missing(rule)
		return
	}
	w.add(w.book.figure(c, fee.Number(), fee, "1 × "+inPence(fee.Number())))
}

func (w *work) missing(rule tariff.Rule) {
	w.note(fmt.Sprintf("The fee schedule has no %s for %s: nothing is paid for it.", rule, w.day.Format("2 January 2006")))
}

// expensive is the fee on an item whose basic price is above the threshold.
func (w *work) expensive() {
	threshold, ok := w.book.Fees.At(tariff.ExpensiveThreshold, w.day)
	rate, rated := w.book.Fees.At(tariff.ExpensiveRate, w.day)
	basic := w.Basic()
	if !ok || !rated || basic.Cmp(threshold.Number()) <= 0 {
		return
	}
	pence := new(big.Rat).Mul(basic, rate.Number())
	w.add(w.book.figure(Expensive, pence, rate, fmt.Sprintf("%s × %s = %s", inPence(basic), rate.Value, inPence(pence))))
}

// expenses adds out-of-pocket expenses that were endorsed (Part II clause 12).
func (w *work) expenses() {
	e, ok := w.line.endorsed("XP")
	if !ok {
		return
	}
	if w.category == "" {
		w.category = tariff.UnlistedCategory
	}
	_, special := w.line.endorsed("SP", "ED")
	amount, named := e.amount()
	allowed, _ := w.book.Fees.Of(tariff.OutOfPocket, w.category, w.day)
	least, ruled := w.book.Fees.At(tariff.OutOfPocketMinimum, w.day)
	switch {
	case special:
		w.note("XP is endorsed, and expenses are not paid for specials.")
	case !named:
		w.note(fmt.Sprintf("XP is endorsed with %q: one amount such as £12.34 was expected, so no expenses are paid.", e.Text))
	case allowed.Value != "yes" || !ruled:
		w.note(fmt.Sprintf("XP is endorsed, and expenses are not paid in category %s.", w.category))
	case amount.Cmp(least.Number()) < 0:
		w.note(fmt.Sprintf("XP is endorsed with %s: less than the %s that a claim must reach.", inPence(amount), inPence(least.Number())))
	default:
		w.add(w.book.figure(OutOfPocket, amount, least, "as endorsed: "+e.Text))
	}
}

// group is the discount group of the line, and what decides it.
func (w *work) group() (name, rule string) {
	code := w.line.Prescribed.Code
	_, unlicensed := w.line.endorsed("SP", "ED")
	_, zero := w.line.endorsed("ZD")
	ask := func(rule tariff.Rule) (string, string) {
		f, ok := w.book.Fees.At(rule, w.day)
		if !ok {
			return "", ""
		}
		return f.Value, f.Cite()
	}
	concession := len(w.Figures) > 0 && w.Figures[0].Category == Concession
	for _, c := range []struct {
		holds bool
		rule  tariff.Rule
	}{
		{w.line.Schedule >= 1 && w.line.Schedule <= 3, tariff.ControlledDiscount},
		{concession, tariff.ConcessionDiscount},
		{unlicensed, tariff.UnlicensedDiscount},
	} {
		if c.holds {
			if name, rule := ask(c.rule); name != "" {
				return name, rule
			}
		}
	}
	if w.book.Flags.Has(code, tariff.NoDiscount) {
		return tariff.NoDeduction, "product flag no-discount [" + w.book.FlagsName + "]"
	}
	if zero && w.book.Flags.Has(code, tariff.NoDiscountEndorsed) {
		return tariff.NoDeduction, "endorsed ZD, product flag no-discount-endorsed [" + w.book.FlagsName + "]"
	}
	if zero {
		w.note("ZD is endorsed, and the product is not flagged as one that may be: the deduction is made.")
	}
	if f, ok := w.book.Fees.Of(tariff.GroupOfCategory, w.category, w.day); ok {
		return f.Value, f.Cite()
	}
	w.note(fmt.Sprintf("The fee schedule has no discount group for category %s: no deduction is worked out for the line.", w.category))
	return tariff.UndeterminedGroup, "no " + string(tariff.GroupOfCategory) + ":" + w.category
}
