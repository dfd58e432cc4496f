package reimbursement

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/long"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// ledger follows the submissions of a world: it keeps what each claim was submitted
// as, and holds every run to it.
type ledger struct {
	*world
	bundles   [][]byte
	submitted map[string]*fhir.Resource // the answer, by its id
}

func newLedger(t *testing.T) *ledger {
	l := &ledger{world: newWorld(t), submitted: map[string]*fhir.Resource{}}
	for month := november - 1; month <= november+1; month++ {
		require.NoError(t, l.s.LoadSample(l.ctx, month, fhir.Principal{Agent: "test"}))
	}
	return l
}

// closeMonth records a further run of a month of a pharmacy, and holds it: each
// claim is in it as new, or as the amendment or the withdrawal of what was submitted
// before; and the account is what that makes, to the penny.
func (l *ledger) closeMonth(month tariff.Month, org string) {
	l.t.Helper()
	list, err := l.s.CloseMonth(l.ctx, CloseRequest{Month: month, Org: org, New: true, Time: l.now})
	require.NoError(l.t, err)
	for _, e := range list {
		var b strings.Builder
		_, err := e.WriteTo(&b)
		require.NoError(l.t, err)
		l.bundles = append(l.bundles, []byte(b.String()))
		l.book([]byte(b.String()))
	}
}

func (l *ledger) book(bundle []byte) {
	l.t.Helper()
	r, err := fhir.Parse(bundle)
	require.NoError(l.t, err)
	exact, deducted := new(big.Rat), map[basis]*big.Rat{}
	count := func(response *fhir.Resource, sign int64) {
		for item := range response.Get("item").Items() {
			for detail := range item.Get("detail").Items() {
				group := ""
				basic := new(big.Rat)
				for a := range detail.Get("adjudication").Items() {
					if g := nhs.Coded(a.Get("reason"), csGroup); g != "" {
						group = g
					}
					if v := a.Path("amount", "value"); v.Exists() {
						pence, _ := pricing.ParseDecimal(v.Text())
						pence.Mul(pence, big.NewRat(100*sign, 1))
						exact.Add(exact, pence)
						if c := nhs.Coded(a.Get("category"), csCategory); c == "basic-price" || c == "concession" {
							basic.Add(basic, pence)
						}
					}
				}
				add(deducted, basis{monthIn(response), group}, basic)
			}
		}
	}
	for i := 1; i < r.Get("entry").Len(); i += 2 {
		entry, response := r.Get("entry").Item(i), r.Sub(r.Get("entry").Item(i+1).Get("resource"))
		marked := nhs.Extension(entry, extAmended).Exists() || nhs.Extension(entry, extWithdrawn).Exists()
		before := l.submitted[response.ID()]
		require.Equal(l.t, before != nil, marked, "%s is submitted anew or as a change", response.ID())
		if before != nil {
			count(before, -1)
			delete(l.submitted, response.ID())
		}
		if !nhs.Extension(entry, extWithdrawn).Exists() {
			count(response, 1)
			l.submitted[response.ID()] = response
		}
	}
	for of, basic := range deducted {
		if rate, ok := tariff.BuiltinFees().Of(tariff.Deduction, of.group, of.month.First()); ok {
			exact.Sub(exact, basic.Mul(basic, rate.Number()))
		}
	}
	net, known := pricing.Round(exact, "half-up")
	require.True(l.t, known)
	require.Equal(l.t, pricing.Pounds(net), r.Get("entry").Item(0).Path("resource", "totalNet", "value").Text())
}

// settled compares what counts as submitted with what is claimed now.
func (l *ledger) settled(list []*rx) {
	l.t.Helper()
	standing := map[string]bool{}
	for _, rx := range list {
		claim, response := l.claimed(rx)
		if response == nil || response.Get("status").Text() != "active" {
			continue
		}
		standing[response.ID()] = true
		sent := l.submitted[response.ID()]
		require.NotNil(l.t, sent, "%s of %s was never submitted", claim.ID(), rx.handed)
		require.Equal(l.t, sumOf(response, false).RatString(), sumOf(sent, false).RatString())
	}
	for id := range l.submitted {
		require.True(l.t, standing[id], "%s counts as submitted and is not claimed", id)
	}
}

// TestRandomMonths: whatever is dispensed, amended and withdrawn, in whatever order
// and between whatever runs of two pharmacies over three months, what is claimed at
// the end is submitted once, every account is the sum of what it submits, and whatever
// is paid is what was submitted and the differences that are recorded, to the penny.
func TestRandomMonths(t *testing.T) {
	for seed := range uint64(20) {
		randomMonths(t, rand.New(rand.NewPCG(seed, 7)))
	}
}

// TestLongMonths is TestRandomMonths with as many histories as ten thousand months
// have: six months each.
func TestLongMonths(t *testing.T) {
	p := long.Start(t, 100, 1667)
	for i := range p.Tries {
		var err error
		if !t.Run(strconv.Itoa(i), func(t *testing.T) { randomMonths(t, p.Rand(i)) }) {
			err = errors.New("see its log")
		}
		p.Try(fmt.Sprint("history ", i), err)
	}
	p.Report("%d months of two pharmacies: claims are submitted once, and money in is money explained", 6*p.Tries)
}

func randomMonths(t *testing.T, rnd *rand.Rand) {
	l := newLedger(t)
	orgs := []string{"VNE51", "FA565"}
	var list []*rx
	for i := range 6 {
		rx := acute(fmt.Sprintf("%d11111-A83008-111111", i+1))
		for j := range rx.lines {
			rx.lines[j].item = rx.id(rx.lines[j].item)
		}
		rx.org, rx.status = orgs[i%2], ""
		list = append(list, rx)
	}
	for day := range 12 {
		l.now = time.Date(2026, 10, 5, 9, 0, 0, 0, time.UTC).AddDate(0, 0, day*9)
		for range 1 + rnd.IntN(4) {
			rx := list[rnd.IntN(len(list))]
			switch rnd.IntN(4) {
			case 0:
				if rx.status == "" {
					continue
				}
				rx.status, rx.business, rx.withdrawn = "accepted", "0002", true
			case 1:
				rx.lines[0].supplies[0].quantity = strconv.Itoa(1 + rnd.IntN(20))
				fallthrough
			default:
				if rx.status != "completed" {
					rx.handed = l.now.Add(-time.Duration(rnd.IntN(20*24)) * time.Hour).Format(time.RFC3339)
				}
				rx.status, rx.business, rx.withdrawn = "completed", "0006", false
			}
			rx.store(l.world)
		}
		l.settle()
		if month := november - 1 + tariff.Month(rnd.IntN(3)); Over(month, l.now) && rnd.IntN(2) == 0 {
			org := orgs[rnd.IntN(2)]
			l.closeMonth(month, org)
			if rnd.IntN(2) == 0 {
				l.pay(rnd, month, org)
			}
		}
	}
	l.now = time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)
	for month := november - 2; month <= november+2; month++ {
		for _, org := range orgs {
			l.closeMonth(month, org)
		}
	}
	l.settled(list)
	for month := november - 2; month <= november+2; month++ {
		for _, org := range orgs {
			l.pay(rnd, month, org)
			l.paid(month, org)
		}
	}
	head := l.db.Head()
	for month := november - 2; month <= november+2; month++ {
		for _, org := range orgs {
			l.closeMonth(month, org)
		}
	}
	require.Equal(t, head, l.db.Head(), "nothing is left to submit")
}

// TestMonthsRecomputed: three months of two pharmacies, with claims that came late,
// were amended and were withdrawn, recomputed by a program in another language from
// the exported Bundles alone.
func TestMonthsRecomputed(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not here")
	}
	l := newLedger(t)
	var list []*rx
	dispense := func(n int, org, handed string, change func(*rx)) *rx {
		rx := acute(fmt.Sprintf("%d11111-A83008-111111", n))
		for j := range rx.lines {
			rx.lines[j].item = rx.id(rx.lines[j].item)
		}
		rx.org, rx.handed = org, handed
		if change != nil {
			change(rx)
		}
		rx.store(l.world)
		list = append(list, rx)
		return rx
	}
	cd := func(rx *rx) {
		rx.lines = rx.lines[:1]
		rx.lines[0].code, rx.lines[0].name, rx.lines[0].schedule = "36126511000001106", "Morphine 10mg modified-release tablets", "CD2"
	}
	at := func(year, month, day int) { l.now = time.Date(year, time.Month(month), day, 9, 0, 0, 0, time.UTC) }

	at(2026, 10, 30)
	amended := dispense(1, "VNE51", "2026-10-05T10:00:00Z", nil)
	withdrawn := dispense(2, "VNE51", "2026-10-06T10:00:00Z", cd)
	dispense(3, "FA565", "2026-10-07T10:00:00Z", nil)
	l.settle()
	at(2026, 11, 3)
	l.closeMonth(november-1, "VNE51")
	l.closeMonth(november-1, "FA565")
	dispense(4, "VNE51", "2026-10-31T10:00:00Z", nil) // recorded after October was closed
	dispense(5, "FA565", "2026-11-02T10:00:00Z", cd)
	dispense(6, "VNE51", "2026-11-03T08:00:00Z", func(rx *rx) { rx.nhs, rx.born = "9990548609", "1950-01-01" })
	amended.lines[0].supplies[0].quantity = "10"
	amended.store(l.world)
	l.settle()
	at(2026, 12, 2)
	l.closeMonth(november, "VNE51")
	l.closeMonth(november, "FA565")
	withdrawn.status, withdrawn.business, withdrawn.withdrawn = "accepted", "0002", true
	withdrawn.store(l.world)
	dispense(7, "VNE51", "2026-12-01T10:00:00Z", nil)
	dispense(8, "FA565", "2026-12-02T08:00:00Z", nil)
	l.settle()
	at(2027, 1, 4)
	l.closeMonth(november+1, "VNE51")
	l.closeMonth(november+1, "FA565")
	l.settled(list)

	dir := t.TempDir()
	args := []string{filepath.Join("testdata", "recompute.py")}
	var want strings.Builder
	all := ""
	for i, bundle := range l.bundles {
		r, err := fhir.Parse(bundle)
		require.NoError(t, err)
		invoice := r.Get("entry").Item(0).Get("resource")
		net, _ := pricing.ParseDecimal(invoice.Path("totalNet", "value").Text())
		pence := net.Mul(net, big.NewRat(100, 1)).RatString()
		fmt.Fprintln(&want, invoice.Get("identifier").Item(0).Get("value").Text(), pence, pence)
		path := filepath.Join(dir, fmt.Sprintf("%d.json", i))
		require.NoError(t, os.WriteFile(path, bundle, 0o600))
		args, all = append(args, path), all+string(bundle)
	}
	require.Len(t, l.bundles, 6)
	for _, mark := range []string{extLate, extAmended, extWithdrawn} {
		require.Contains(t, all, mark)
	}
	out, err := exec.CommandContext(t.Context(), python, args...).CombinedOutput() //nolint:gosec // a test's own script
	require.NoError(t, err, string(out))
	require.True(t, strings.HasPrefix(string(out), want.String()), "recomputed:\n%s\nexported:\n%s", out, &want)
	rest := strings.Fields(strings.TrimPrefix(string(out), want.String()))
	require.Len(t, rest, 2*len(l.submitted), "each claim that counts as submitted, with its worth")
	for i := 0; i < len(rest); i += 2 {
		sum := sumOf(l.submitted[rest[i]], false)
		require.Equal(t, sum.Mul(sum, big.NewRat(1_000_000, 1)).RatString(), rest[i+1])
	}
}
