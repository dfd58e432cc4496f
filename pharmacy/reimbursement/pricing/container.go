package pricing

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// maxSteps bounds the amounts that nearestContainers looks at: a quantity of
// 100,000 in containers of whole units takes as many.
const maxSteps = 1 << 17

// reconstituted is the quantity that is paid of an oral anti-infective that is
// made up before supply: whole packs, the next that cover it. The word says how
// it came about.
func (w *work) reconstituted(v *big.Rat, o offer) (*big.Rat, string) {
	packs := new(big.Rat).Quo(v, o.size)
	if packs.IsInt() {
		return v, ""
	}
	whole := new(big.Int).Quo(packs.Num(), packs.Denom())
	whole.Add(whole, big.NewInt(1))
	return new(big.Rat).Mul(new(big.Rat).SetInt(whole), o.size), fmt.Sprintf(" (%s in whole containers, by %s)", plain(v), w.book.FlagsName)
}

// specialContainers pays a product that is supplied in whole containers only by
// the combination of them that is nearest to the quantity: Part II clause 10B.
// Halfway between two combinations the smaller is paid; of those that hold the
// same, the cheapest, then the one of the fewest containers. At least one
// container is paid. Without the rule in the fee schedule only one size is
// combined, that of o.
func (w *work) specialContainers(v *big.Rat, o offer, offers []offer) Reason {
	name := "whole containers of one size, by " + w.book.FlagsName
	rule, ok := w.book.Fees.At(tariff.ContainerCombination, w.day)
	if ok && rule.Value == "nearest" {
		name = rule.Cite()
	} else {
		offers = []offer{o}
	}
	counts, ok := nearestContainers(v, offers)
	if !ok {
		return Reason{"quantity", fmt.Sprintf("%s %s is more than can be put together from containers of %s.", plain(v), o.unit, list(offers))}
	}
	sums, working := map[Category]*big.Rat{}, map[Category][]string{}
	used := map[Category]offer{}
	for i, c := range offers {
		if counts[i] == 0 {
			continue
		}
		if sums[c.paid] == nil {
			sums[c.paid], used[c.paid] = new(big.Rat), c
		}
		sums[c.paid].Add(sums[c.paid], new(big.Rat).Mul(c.pence, rat(counts[i])))
		working[c.paid] = append(working[c.paid], fmt.Sprintf("%d × %s", counts[i], c))
	}
	for _, category := range []Category{BasicPrice, Concession} {
		if sums[category] == nil {
			continue
		}
		text := fmt.Sprintf("%s (%s %s, %s)", strings.Join(working[category], " + "), plain(v), o.unit, name)
		if reason := w.round(category, sums[category], used[category].rule, used[category].edition, text); reason != (Reason{}) {
			return reason
		}
	}
	return Reason{}
}

// combination is a way to put an amount together.
type combination struct {
	pence *big.Rat // nil where there is none
	count int64
	last  int // the offer that was added last
}

func (c combination) better(than combination) bool {
	if than.pence == nil {
		return true
	}
	if cmp := c.pence.Cmp(than.pence); cmp != 0 {
		return cmp < 0
	}
	return c.count < than.count
}

// nearestContainers is how many of each offer's containers are paid for a
// quantity in their unit; false where there are too many amounts to look at.
func nearestContainers(v *big.Rat, offers []offer) ([]int64, bool) {
	amounts := []*big.Rat{v}
	for _, o := range offers {
		amounts = append(amounts, o.size)
	}
	steps, ok := inSteps(amounts)
	if !ok {
		return nil, false
	}
	want, sizes := steps[0], steps[1:]
	best := make([]combination, want+slices.Max(sizes)+1)
	best[0].pence = new(big.Rat)
	nearest := -1
	for sum := range best {
		if sum > 0 {
			for i, size := range sizes {
				if sum < size || best[sum-size].pence == nil {
					continue
				}
				c := combination{new(big.Rat).Add(best[sum-size].pence, offers[i].pence), best[sum-size].count + 1, i}
				if c.better(best[sum]) {
					best[sum] = c
				}
			}
		}
		if sum > 0 && best[sum].pence != nil && (nearest < 0 || distance(sum, want) < distance(nearest, want)) {
			nearest = sum
		}
		if sum >= want && nearest >= 0 {
			if sum-want >= distance(nearest, want) {
				break
			}
		}
	}
	counts := make([]int64, len(offers))
	for sum := nearest; sum > 0; sum -= sizes[best[sum].last] {
		counts[best[sum].last]++
	}
	return counts, true
}

func distance(a, b int) int { return max(a-b, b-a) }

// inSteps writes amounts as whole multiples of the largest step that all of
// them are multiples of; false where that takes too many.
func inSteps(amounts []*big.Rat) ([]int, bool) {
	denominator := big.NewInt(1)
	for _, a := range amounts {
		g := new(big.Int).GCD(nil, nil, denominator, a.Denom())
		denominator.Mul(denominator, new(big.Int).Quo(a.Denom(), g))
	}
	whole := make([]*big.Int, len(amounts))
	step := new(big.Int)
	for i, a := range amounts {
		whole[i] = new(big.Int).Quo(new(big.Int).Mul(a.Num(), denominator), a.Denom())
		step.GCD(nil, nil, step, whole[i])
	}
	out := make([]int, len(amounts))
	for i, n := range whole {
		n.Quo(n, step)
		if !n.IsInt64() || n.Int64() > maxSteps {
			return nil, false
		}
		out[i] = int(n.Int64())
	}
	return out, true
}
