package pricing

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// offer is a pack at a price, by which a line is paid.
type offer struct {
	pence    *big.Rat
	size     *big.Rat
	unit     string
	pack     string // VMPP or AMPP
	category string // of Part VIIIA, or tariff.UnlistedCategory
	paid     Category
	rule     string
	edition  string
}

func (o offer) each() *big.Rat { return new(big.Rat).Quo(o.pence, o.size) }

// offers are the packs by which a product may be paid, from Part VIIIA for a
// generic and from the list prices for a brand.
func (b *Book) offers(code string) []offer {
	var out []offer
	if b.Edition != nil {
		for _, p := range b.Edition.Of(code) {
			o := offer{pence: rat(p.Price), size: p.Size, unit: p.Unit, pack: p.VMPP, category: p.Category, paid: BasicPrice,
				rule: "Part VIIIA Category " + p.Category, edition: b.EditionName}
			if c, ok := b.Concessions[p.VMPP]; ok {
				o.pence, o.paid, o.rule, o.edition = rat(c.Price), Concession, "price concession, Part VIIIA Category "+p.Category, b.ConcessionsName
			}
			out = append(out, o)
		}
	}
	if len(out) == 0 {
		return b.listed(code)
	}
	return out
}

// listed are the packs of a brand, by their list prices.
func (b *Book) listed(code string) []offer {
	var out []offer
	if b.Products == nil {
		return nil
	}
	for _, p := range b.Products.Of(code) {
		out = append(out, offer{pence: rat(p.Price), size: p.Size, unit: p.Unit, pack: p.AMPP, category: tariff.UnlistedCategory,
			paid: BasicPrice, rule: "list price of the product", edition: b.ProductsName})
	}
	return out
}

// choose picks the pack that pays. The endorsed pack decides where there is
// one; otherwise the largest pack that the quantity fills whole, otherwise the
// smallest. Where the schedule says that the endorsement decides and the packs
// differ in price for each unit, nothing is chosen.
func choose(offers []offer, q Quantity, endorsed Quantity, byEndorsement bool) (offer, bool) {
	if endorsed.Value != nil {
		i := slices.IndexFunc(offers, func(o offer) bool { return o.size.Cmp(endorsed.Value) == 0 })
		if i >= 0 {
			return offers[i], true
		}
	}
	same := !slices.ContainsFunc(offers, func(o offer) bool { return o.each().Cmp(offers[0].each()) != 0 })
	if byEndorsement && !same {
		return offer{}, false
	}
	bySize := slices.SortedStableFunc(slices.Values(offers), func(a, b offer) int { return b.size.Cmp(a.size) })
	for _, o := range bySize {
		if v, _, ok := q.in(o.unit); ok && new(big.Rat).Quo(v, o.size).IsInt() {
			return o, true
		}
	}
	return bySize[len(bySize)-1], true
}

// invoice is the offer that an endorsement makes: an invoice price with its
// pack, for what no list prices.
func (l Line) invoice() (offer, bool) {
	e, ok := l.endorsed("IP", "SP", "ED")
	if !ok {
		return offer{}, false
	}
	price, priced := e.amount()
	pack, sized := e.pack()
	if !priced || !sized || price.Sign() <= 0 {
		return offer{}, false
	}
	if pack.Unit == "" {
		pack.Unit = l.Ordered.Unit
	}
	return offer{pence: price, size: pack.Value, unit: pack.Unit, pack: l.Prescribed.Code, category: tariff.UnlistedCategory, paid: BasicPrice,
		rule: "invoice price endorsed " + e.Code, edition: "endorsement"}, true
}

func (o offer) String() string {
	return fmt.Sprintf("%s for %s %s", inPence(o.pence), plain(o.size), o.unit)
}
