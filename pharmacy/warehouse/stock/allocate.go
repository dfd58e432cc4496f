package stock

import (
	"cmp"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Take is an amount of a lot: that at its place in the list of lots.
type Take struct {
	Lot      int
	Quantity decimal.Decimal
}

// ByExpiry takes an amount from what is available of lots, those that expire first
// before the others, on a day. It takes nothing that is expired, recalled or of an
// unknown batch; short is what is missing.
func ByExpiry(lots []*Lot, want decimal.Decimal, on nhs.Date) (takes []Take, short decimal.Decimal) {
	places := make([]int, 0, len(lots))
	for i, l := range lots {
		if l.Usable(on) == "" && l.In(Available).IsPositive() {
			places = append(places, i)
		}
	}
	sorting.Stably(places, func(a, b int) int {
		x, y := lots[a], lots[b]
		return cmp.Or(x.Expiry.Compare(y.Expiry.Time), cmp.Compare(x.Batch, y.Batch), cmp.Compare(x.Location, y.Location))
	})
	for _, i := range places {
		if !want.IsPositive() {
			break
		}
		q := decimal.Min(want, lots[i].In(Available))
		takes = append(takes, Take{i, q})
		want = want.Sub(q)
	}
	return takes, decimal.Max(want, decimal.Zero)
}
