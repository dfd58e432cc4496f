package reimbursement

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"hash"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// totals are the sums over the answers of an export, from which the deductions
// are worked out: Drug Tariff Part V.
type totals struct {
	claims, items, unpriced int
	late, amended           int
	withdrawn               int
	sums                    map[string]*big.Rat // by category
	basics                  map[basis]*big.Rat  // basic prices
	counts                  map[string]int      // figures by category
	deductions              []deduction
	payable                 *big.Rat // rounded
	exact                   *big.Rat
	unverified              *big.Rat // what rests on figures marked B, without signs
	marks                   []string // the figures marked B that were used
	incomplete              int      // claims that lack something: see [response.lacks]
	complete                bool     // every line priced and every group known
	payer                   fhir.Node
	issuer                  fhir.Node
	digest                  hash.Hash // of the versions that are added up
	size                    int       // bytes of the answers
}

// basis is what a deduction is made from: the basic prices of a discount group
// in a dispensing month, whose rate holds.
type basis struct {
	month tariff.Month
	group string
}

// deduction is what is taken off the basic prices of a group.
type deduction struct {
	basis
	basic *big.Rat
	fee   tariff.Fee
	known bool // the schedule has a rate
	pence *big.Rat
}

// total adds up the answers of the export, by the amounts that they hold. Of a
// claim that was amended after a run had submitted it, the difference counts.
func (e *Export) total(fees *tariff.Fees) (*totals, error) {
	t := &totals{sums: map[string]*big.Rat{}, basics: map[basis]*big.Rat{}, counts: map[string]int{}, exact: new(big.Rat), unverified: new(big.Rat), digest: sha256.New()}
	err := e.eachAnswer(func(x submission, claim, response *fhir.Version) error {
		t.size += len(response.JSON)
		fmt.Fprintln(t.digest, claim.Ref(), claim.VersionID, response.VersionID, x.late, x.was != nil, x.withdrawn)
		r, err := response.Resource()
		if err != nil {
			return err
		}
		t.payer, t.issuer = r.Get("insurer"), r.Get("requestor")
		if x.withdrawn {
			t.withdrawn++
			_, err = t.answer(x.was, -1)
			return err
		}
		if _, err = t.answer(response, 1); err != nil {
			return err
		}
		t.claims++
		if nhs.Extension(r.Root(), extIncomplete).Exists() {
			t.incomplete++
		}
		if x.late {
			t.late++
		}
		if x.was != nil {
			t.amended++
			_, err = t.answer(x.was, -1)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	t.complete = t.unpriced <= 0
	t.deduct(fees)
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

// answer adds the lines of an answer, or with sign -1 takes them off.
func (t *totals) answer(v *fhir.Version, sign int) (*fhir.Resource, error) {
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	month := monthIn(r)
	for item := range r.Get("item").Items() {
		for detail := range item.Get("detail").Items() {
			if err := t.line(detail, month, sign); err != nil {
				return nil, fmt.Errorf("%s: %w", v.Ref(), err)
			}
		}
	}
	return r, nil
}

// line adds the adjudications of one detail.
func (t *totals) line(detail fhir.Node, month tariff.Month, sign int) error {
	group, basic := "", new(big.Rat)
	priced := false
	for a := range detail.Get("adjudication").Items() {
		c := nhs.Coded(a.Get("category"), csCategory)
		if g := nhs.Coded(a.Get("reason"), csGroup); c == discount {
			group = g
			continue
		}
		pounds := a.Path("amount", "value")
		if !pounds.Exists() {
			if c == string(pricing.BasicPrice) && nhs.Coded(a.Get("reason"), csRule) != notSupplied {
				t.items += sign
				t.unpriced += sign
			}
			continue
		}
		pence, ok := pricing.ParseDecimal(pounds.Text())
		if !ok {
			return fmt.Errorf("%s is not a valid amount: %q", pounds.Expression(), pounds.Text())
		}
		pence.Mul(pence, big.NewRat(int64(100*sign), 1))
		t.rests(nhs.Coded(a.Get("reason"), csRule)+" "+a.Path("reason", "text").Text(), pence)
		add(t.sums, c, pence)
		t.counts[c] += sign
		if c == string(pricing.BasicPrice) || c == string(pricing.Concession) {
			basic.Add(basic, pence)
			priced = true
		}
	}
	if priced {
		t.items += sign
		add(t.basics, basis{month, group}, basic)
	}
	return nil
}

// notVerified is a citation of a figure that is marked B: see [tariff.Fee.Cite].
var notVerified = regexp.MustCompile(`[a-z][A-Za-z0-9: -]* from [0-9]{4}-[0-9]{2}-[0-9]{2} \(B\)`)

// rests notes an amount that was worked out by a figure marked B, by the rule
// and the working that it names.
func (t *totals) rests(working string, pence *big.Rat) {
	if pence.Sign() == 0 || !strings.Contains(working, "(B)") {
		return
	}
	cited := notVerified.FindAllString(working, -1)
	if cited == nil {
		return
	}
	t.unverified.Add(t.unverified, new(big.Rat).Abs(pence))
	for _, mark := range cited {
		if i, had := slices.BinarySearch(t.marks, mark); !had {
			t.marks = slices.Insert(t.marks, i, mark)
		}
	}
}

func add[K comparable](sums map[K]*big.Rat, key K, n *big.Rat) {
	if sums[key] == nil {
		sums[key] = new(big.Rat)
	}
	sums[key].Add(sums[key], n)
}

// deduct works out the deduction of each group, by the rate of its month. A
// group without a rate has none, and the totals say that they are not complete.
func (t *totals) deduct(fees *tariff.Fees) {
	for _, of := range slices.SortedFunc(maps.Keys(t.basics), func(a, b basis) int {
		return cmp.Or(cmp.Compare(b.month, a.month), cmp.Compare(a.group, b.group))
	}) {
		d := deduction{basis: of, basic: t.basics[of], pence: new(big.Rat)}
		if d.fee, d.known = fees.Of(tariff.Deduction, of.group, of.month.First()); d.known {
			d.pence.Neg(d.pence.Mul(d.basic, d.fee.Number()))
			t.rests(d.fee.Cite(), d.pence)
		} else {
			t.complete = false
		}
		t.deductions = append(t.deductions, d)
	}
}
