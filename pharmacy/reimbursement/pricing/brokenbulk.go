package pricing

import (
	"fmt"
	"math/big"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// brokenBulk pays the rest of the packs that had to be opened (Part II clause
// 11): of the listed packs those that leave the least, whole.
func (w *work) brokenBulk(q *big.Rat, o offer, offers []offer) {
	if _, ok := w.line.endorsed("BB"); !ok {
		return
	}
	if !w.split {
		w.note("BB is endorsed, and no pack was opened of which something is left.")
		return
	}
	if _, special := w.line.endorsed("SP", "ED"); special {
		w.note("BB is endorsed, and broken bulk is not paid for specials.")
		return
	}
	rule, ok := w.book.Fees.Of(tariff.BrokenBulk, o.category, w.day)
	if !ok || rule.Value != "yes" {
		w.note(fmt.Sprintf("BB is endorsed, and the fee schedule does not pay broken bulk in category %s.", o.category))
		return
	}
	if least, ok := w.book.Fees.Of(tariff.BrokenBulkPack, o.category, w.day); ok {
		if smallest := cheapest(offers); smallest.pence.Cmp(least.Number()) < 0 {
			w.note(fmt.Sprintf("BB is endorsed, and in category %s it is paid where the smallest pack costs at least %s: it costs %s.", o.category, inPence(least.Number()), inPence(smallest.pence)))
			return
		}
	}
	best, packs, rest := leastRest(q, offers)
	cost := new(big.Rat).Mul(best.pence, packs)
	extra := cost.Sub(cost, w.Basic())
	if extra.Sign() <= 0 {
		return
	}
	w.split = false
	w.Residue = &Residue{best.pack, rest}
	w.add(w.book.figure(BrokenBulk, extra, rule, fmt.Sprintf("%s × %s, whole, less the basic price; %s %s left", plain(packs), best, plain(rest), best.unit)))
}

func cheapest(offers []offer) offer {
	small := offers[0]
	for _, o := range offers[1:] {
		if o.size.Cmp(small.size) < 0 {
			small = o
		}
	}
	return small
}

// leastRest is the pack of which whole ones leave the least, the cheapest where
// several do.
func leastRest(q *big.Rat, offers []offer) (best offer, packs, rest *big.Rat) {
	for _, o := range offers {
		n := new(big.Rat).Quo(q, o.size)
		up := new(big.Int).Quo(n.Num(), n.Denom())
		if !n.IsInt() {
			up.Add(up, big.NewInt(1))
		}
		count := new(big.Rat).SetInt(up)
		left := new(big.Rat).Sub(new(big.Rat).Mul(count, o.size), q)
		closer := rest == nil || left.Cmp(rest) < 0
		if rest != nil && left.Cmp(rest) == 0 {
			closer = new(big.Rat).Mul(count, o.pence).Cmp(new(big.Rat).Mul(packs, best.pence)) < 0
		}
		if closer {
			best, packs, rest = o, count, left
		}
	}
	return best, packs, rest
}
