package reimbursement

import (
	_ "embed"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
)

//go:embed remedies.tsv
var remediesTSV string

// Names of figures of a payment beside those of the account.
const (
	figureAdvance  = "ADVANCE"  // paid on account, or, negative, taken off
	figureTotal    = "TOTAL"    // what the figures add up to
	figureRounding = "ROUNDING" // what rounding each figure by itself adds
)

// claimKey is the name of the line of a claim: Claim/ and its id, or what the payment
// calls a claim that is not known.
const claimKey = "Claim/"

// due is what a payment should hold: exact pence by the name of the line, and what it
// should come to in whole pence.
type due struct {
	lines map[string]*big.Rat
	net   int64
}

// paidLine is a line of a payment: a figure of the account, or a claim.
type paidLine struct {
	name  string
	pence int64
}

// difference is a line of a payment that is not what was expected.
type difference struct {
	kind, name     string
	expected, paid int64
}

// pence is by how much more was paid.
func (d difference) pence() int64 { return d.paid - d.expected }

// match compares a payment with what is due. Whatever the payment is, its amount is
// the net sum of what is due and all differences, to the penny: none is left out.
func match(d due, paid []paidLine, amount int64) []difference {
	sums, times := map[string]int64{}, map[string]int64{}
	lines := int64(0)
	for _, p := range paid {
		sums[p.name] += p.pence
		times[p.name]++
		lines += p.pence
	}
	names := slices.AppendSeq(slices.Collect(maps.Keys(d.lines)), maps.Keys(sums))
	slices.Sort(names)
	var list []difference
	rounded := int64(0)
	for _, name := range slices.Compact(names) {
		expected := int64(0)
		exact, known := d.lines[name]
		if known {
			expected = wholePence(exact)
			rounded += expected
		}
		x := difference{name: name, expected: expected, paid: sums[name]}
		switch {
		case x.pence() == 0:
			continue
		case !known:
			x.kind = "unclaimed"
		case times[name] == 0:
			x.kind = "unpaid"
		case times[name] > 1 && x.paid == times[name]*expected:
			x.kind = "duplicate"
		default:
			x.kind = "amount"
		}
		list = append(list, x)
	}
	if rounded-d.net == lines-amount {
		return list // the payer rounds its lines and its total as the account does
	}
	if rounded != d.net {
		list = append(list, difference{"rounding", figureRounding, d.net, rounded})
	}
	if lines != amount {
		list = append(list, difference{"sum", figureTotal, lines, amount})
	}
	return list
}

// wholePence rounds as the account is rounded.
func wholePence(exact *big.Rat) int64 {
	r, _ := pricing.Round(exact, "half-up")
	return r.Num().Int64()
}

// remedy is what may be done about a difference.
type remedy struct {
	actions []string
	text    string
}

// remedies reads remedies.tsv, which is a part of the program.
var remedies = func() map[[2]string]remedy {
	table := map[[2]string]remedy{}
	for line := range strings.Lines(remediesTSV) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if len(f) != 4 {
			panic("remedies.tsv: " + line)
		}
		table[[2]string{f[0], f[1]}] = remedy{strings.Fields(f[2]), f[3]}
	}
	return table
}()

// remedy is what the table says of the difference, by its own name or for any.
func (d difference) remedy() remedy {
	name := d.name
	if strings.HasPrefix(name, claimKey) {
		name = "CLAIM"
	}
	r, ok := remedies[[2]string{d.kind, name}]
	if !ok {
		r = remedies[[2]string{d.kind, "*"}]
	}
	return r
}

// text says what the difference is, for a reader.
func (d difference) text() string {
	more := "more"
	if d.pence() < 0 {
		more = "less"
	}
	return map[string]string{
		"amount": "Paid " + pounds(d.paid) + " for " + d.name + ", expected " + pounds(d.expected), "unpaid": "Nothing was paid for " + d.name + ", expected " + pounds(d.expected),
		"unclaimed": "Paid " + pounds(d.paid) + " for " + d.name + ", which was not claimed", "duplicate": "Paid " + pounds(d.paid) + " for " + d.name + ", several times " + pounds(d.expected),
		"advance": "Paid " + pounds(d.paid) + " on account", "rounding": "The rounded figures are " + pounds(d.paid) + " together, the account is " + pounds(d.expected),
		"sum":    "The amount paid is " + pounds(d.paid) + ", its lines are " + pounds(d.expected),
		"notice": "The notice names " + pounds(d.paid) + ", the payment is " + pounds(d.expected),
	}[d.kind] + ": " + pounds(max(d.pence(), -d.pence())) + " " + more + "."
}

// pounds is an amount of pence for a reader.
func pounds(pence int64) string { return sterling(new(big.Rat).SetInt64(pence)) }

// decimal is an amount of pence as pounds, as R4 writes numbers.
func decimal(pence int64) string { return pricing.Pounds(new(big.Rat).SetInt64(pence)) }
