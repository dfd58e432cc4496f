package pricing

import (
	"math/big"
	"slices"
	"strings"
)

// kind of a unit. Quantities convert within a kind and never between kinds.
type kind string

const (
	volume    kind = "ml"
	mass      kind = "g"
	dose      kind = "dose"
	countable kind = "each"      // tablets, capsules, patches, ampoules: one is one
	container kind = "container" // packs, boxes: how much is in one is not said
	unknown   kind = ""
)

var measured = map[string]struct {
	kind   kind
	factor *big.Rat
}{
	"ml": {volume, rat(1)}, "millilitre": {volume, rat(1)}, "l": {volume, rat(1000)}, "litre": {volume, rat(1000)},
	"microlitre": {volume, big.NewRat(1, 1000)}, "g": {mass, rat(1)}, "gram": {mass, rat(1)}, "kg": {mass, rat(1000)},
	"kilogram": {mass, rat(1000)}, "mg": {mass, big.NewRat(1, 1000)}, "milligram": {mass, big.NewRat(1, 1000)},
	"dose": {dose, rat(1)}, "actuation": {dose, rat(1)},
}

var containers = []string{"pack", "box", "bottle", "tube", "carton", "original pack", "op", "packet", "tub", "jar"}

func kindOf(unit string) (kind, *big.Rat) {
	unit = singular(unit)
	if m, ok := measured[unit]; ok {
		return m.kind, m.factor
	}
	if slices.Contains(containers, unit) {
		return container, rat(1)
	}
	if unit == "" {
		return unknown, rat(1)
	}
	return countable, rat(1)
}

func singular(unit string) string {
	unit = strings.ToLower(strings.TrimSpace(unit))
	if s, ok := strings.CutSuffix(unit, "xes"); ok {
		return s + "x"
	}
	return strings.TrimSuffix(unit, "s")
}

// in converts a quantity to the unit of a pack. Message and tariff name forms
// differently ("tablet" for a capsule), so any countable form counts as
// another; like says whether the names were the same.
func (q Quantity) in(unit string) (value *big.Rat, like, ok bool) {
	from, up := kindOf(q.Unit)
	to, down := kindOf(unit)
	if q.Value == nil || from != to || from == unknown || from == container && singular(q.Unit) != singular(unit) {
		return nil, false, false
	}
	value = new(big.Rat).Mul(q.Value, up)
	return value.Quo(value, down), from != countable || singular(q.Unit) == singular(unit), true
}
