package pricing

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// Leftover is a movement in what is left of packs that were paid whole: a
// quantity added on a day, or, when negative, used.
type Leftover struct {
	Day      time.Time
	Quantity *big.Rat
}

// PacksOf are the packs by which a product may be paid. What nothing lists is
// paid by an invoice, and its packs are known by the product.
func (b *Book) PacksOf(code string) []string {
	var packs []string
	for _, o := range b.offers(code) {
		packs = append(packs, o.pack)
	}
	if packs == nil && code != "" {
		return []string{code}
	}
	return packs
}

// left is how much of a pack's rest can still be used on a day, when a rest is
// used up or lost after so many months. What was used on a later day counts:
// it is there once, whatever is priced first.
func left(moves []Leftover, day time.Time, months int) *big.Rat {
	moves = slices.Clone(moves)
	sorting.Stably(moves, func(a, b Leftover) int { // of one day, what was added first
		return cmp.Or(a.Day.Compare(b.Day), b.Quantity.Sign()-a.Quantity.Sign())
	})
	var lots []Leftover
	for _, m := range moves {
		if m.Quantity.Sign() > 0 {
			lots = append(lots, Leftover{m.Day, new(big.Rat).Set(m.Quantity)})
			continue
		}
		take(lots, new(big.Rat).Neg(m.Quantity), m.Day, months)
	}
	sum := new(big.Rat)
	for _, l := range lots {
		if !l.Day.After(day) && !l.Day.AddDate(0, months, 0).Before(day) {
			sum.Add(sum, l.Quantity)
		}
	}
	return sum
}

// take uses a quantity from the oldest lots that hold on a day.
func take(lots []Leftover, quantity *big.Rat, day time.Time, months int) {
	for _, l := range lots {
		if l.Day.AddDate(0, months, 0).Before(day) {
			continue
		}
		n := quantity
		if l.Quantity.Cmp(n) < 0 {
			n = l.Quantity
		}
		n = new(big.Rat).Set(n)
		l.Quantity.Sub(l.Quantity, n)
		quantity.Sub(quantity, n)
	}
}

// useRest takes from the quantity to be paid what was paid before, as the rest
// of a pack. It gives what remains to be paid, with a word on how.
func (w *work) useRest(q *big.Rat, offers []offer) (*big.Rat, string) {
	months, ok := w.book.Fees.At(tariff.BrokenBulkMonths, w.day)
	if !ok {
		return q, ""
	}
	for _, o := range offers {
		rest := left(w.leftovers[o.pack], w.day, int(months.Number().Num().Int64()))
		if rest.Sign() <= 0 {
			continue
		}
		if rest.Cmp(q) > 0 {
			rest = q
		}
		w.Residue = &Residue{o.pack, new(big.Rat).Neg(rest)}
		return new(big.Rat).Sub(q, rest), fmt.Sprintf(" (%s of %s from packs paid before as broken bulk)", plain(rest), plain(q))
	}
	return q, ""
}
