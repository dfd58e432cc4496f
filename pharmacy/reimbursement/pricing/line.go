package pricing

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// work is the pricing of one line.
type work struct {
	line Line
	day  time.Time
	book *Book
	Result

	leftovers map[string][]Leftover

	category string // of what paid, for the rules that ask for it
	split    bool   // a pack was opened and not used whole
	invoiced bool   // the invoice price that is endorsed was paid
}

func (w *work) run() {
	if !w.line.supplied() {
		w.Outcome = NotSupplied
		return
	}
	w.Outcome = Priced
	if reason := w.price(); reason != (Reason{}) {
		w.Outcome, w.Reason = Unpriced, reason
	}
	w.fees()
	w.expenses()
	w.withoutEffect()
	if w.Outcome == Priced {
		w.Group, w.GroupRule = w.group()
	}
}

// price works out the basic price: by what was prescribed, or, where a generic
// is not listed, by what was supplied.
func (w *work) price() Reason {
	q, reason := w.quantity()
	if reason != (Reason{}) {
		return reason
	}
	offers := w.book.offers(w.line.Prescribed.Code)
	if len(offers) == 0 {
		if o, ok := w.line.invoice(); ok {
			w.invoiced = true
			return w.pay(o, []offer{o}, q)
		}
		return w.bySupplies()
	}
	endorsed, _ := w.line.endorsedPack()
	byEndorsement, _ := w.book.Fees.Of(tariff.PackByEndorsement, offers[0].category, w.day)
	o, ok := choose(offers, q, endorsed, byEndorsement.Value == "yes")
	if !ok {
		return Reason{"pack-not-endorsed", fmt.Sprintf("Category %s lists packs whose prices differ for each unit (%s), and the endorsement does not say which was dispensed.", offers[0].category, list(offers))}
	}
	if endorsed.Value != nil && o.size.Cmp(endorsed.Value) == 0 && w.book.Flags.Has(w.line.Prescribed.Code, tariff.SpecialContainer) {
		offers = []offer{o} // the containers that were supplied
	}
	return w.pay(o, offers, q)
}

// quantity is how much is paid: what was supplied, and no more than ordered.
func (w *work) quantity() (Quantity, Reason) {
	unit := w.line.Supplies[0].Quantity.Unit
	sum := new(big.Rat)
	for _, s := range w.line.Supplies {
		v, _, ok := s.Quantity.in(unit)
		if !ok {
			return Quantity{}, Reason{"unit", fmt.Sprintf("The supplies are counted in %q and %q, which do not add up.", unit, s.Quantity.Unit)}
		}
		sum.Add(sum, v)
	}
	if ordered, _, ok := w.line.Ordered.in(unit); ok && sum.Cmp(ordered) > 0 {
		w.note(fmt.Sprintf("%s %s were supplied and %s ordered: the quantity ordered is paid.", plain(sum), unit, plain(ordered)))
		sum = ordered
	}
	return Quantity{sum, unit}, Reason{}
}

// bySupplies pays the products that were supplied by their list prices.
func (w *work) bySupplies() Reason {
	if _, ok := w.line.endorsed("BB"); ok {
		w.note("BB is endorsed, and broken bulk is not worked out where the product supplied decides the price.")
	}
	total, pack := new(big.Rat), ""
	var working []string
	for _, s := range w.line.Supplies {
		if s.Quantity.Value == nil || s.Quantity.Value.Sign() == 0 {
			continue
		}
		offers := w.book.listed(s.Product.Code)
		if len(offers) == 0 {
			return w.unlisted()
		}
		o, _ := choose(offers, s.Quantity, Quantity{}, false)
		v, _, ok := s.Quantity.in(o.unit)
		if !ok {
			return mismatch(s.Quantity.Unit, o)
		}
		total.Add(total, new(big.Rat).Mul(o.each(), v))
		working = append(working, fmt.Sprintf("%s × %s / %s", inPence(o.pence), plain(v), plain(o.size)))
		w.category, pack = o.category, o.edition
		w.split = w.split || !new(big.Rat).Quo(v, o.size).IsInt()
	}
	return w.round(BasicPrice, total, "generic not in Part VIIIA: the product supplied", pack, strings.Join(working, " + "))
}

func (w *work) unlisted() Reason {
	p := w.line.Prescribed
	if w.book.Edition == nil {
		return Reason{"no-edition", w.book.NoEdition}
	}
	return Reason{"not-listed", fmt.Sprintf("%s (%s) is not in Part VIIIA of %s and has no list price; an invoice price was not endorsed with its pack (IP: \"28 tablet, £12.34\").", p.Name, p.Code, w.book.Edition.Month)}
}

func mismatch(unit string, o offer) Reason {
	return Reason{"unit", fmt.Sprintf("The quantity is in %q and the price is %s.", unit, o)}
}

// pay prices a quantity by an offer.
func (w *work) pay(o offer, offers []offer, q Quantity) Reason {
	v, like, ok := q.in(o.unit)
	if !ok {
		return mismatch(q.Unit, o)
	}
	if !like {
		w.note(fmt.Sprintf("The quantity is in %q and the price in %q: counted one for one.", q.Unit, o.unit))
	}
	w.category = o.category
	if w.book.Flags.Has(w.line.Prescribed.Code, tariff.SpecialContainer) {
		return w.specialContainers(v, o, offers)
	}
	v, used := w.useRest(v, offers)
	paid, how := v, ""
	if w.book.Flags.Has(w.line.Prescribed.Code, tariff.Reconstituted) {
		paid, how = w.reconstituted(v, o)
	} else {
		w.split = !new(big.Rat).Quo(v, o.size).IsInt()
	}
	how += used
	total := new(big.Rat).Mul(o.each(), paid)
	reason := w.round(o.paid, total, o.rule, o.edition, fmt.Sprintf("%s × %s / %s%s", inPence(o.pence), plain(paid), plain(o.size), how))
	if reason == (Reason{}) && used == "" {
		w.brokenBulk(v, o, offers)
	}
	return reason
}

// round makes whole pence of the line's price: the one rounding there is.
func (w *work) round(c Category, total *big.Rat, rule, edition, working string) Reason {
	way, ok := w.book.Fees.At(tariff.Rounding, w.day)
	pence, known := Round(total, way.Value)
	if !ok || !known {
		return Reason{"rounding", fmt.Sprintf("The fee schedule has no way of rounding for %s that is known (%q).", w.day.Format(time.DateOnly), way.Value)}
	}
	working += " = " + inPence(total)
	if pence.Cmp(total) != 0 {
		working += ", rounded " + way.Value + " to " + inPence(pence)
	}
	w.add(Figure{Category: c, Pence: pence, Rule: rule, Edition: edition, Working: working})
	return Reason{}
}

func list(offers []offer) string {
	text := make([]string, len(offers))
	for i, o := range offers {
		text[i] = o.String()
	}
	return strings.Join(text, ", ")
}
