package reimbursement

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestRandomHistories dispenses, amends, withdraws, claims and prices again in
// any order, and holds what comes of it to what must always be true.
func TestRandomHistories(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			w := newWorld(t)
			var list []*rx
			for i := range 4 {
				rx := acute(fmt.Sprintf("%d11111-A83008-111111", i+1))
				for j := range rx.lines {
					rx.lines[j].item = rx.id(rx.lines[j].item)
				}
				list = append(list, rx)
			}
			for range 60 {
				w.happen(rnd, list[rnd.IntN(len(list))])
				if rnd.IntN(2) == 0 {
					w.settle()
				}
			}
			w.settle()
			for _, rx := range list {
				w.holds(rx)
			}
			head := w.db.Head()
			w.done = 0
			w.settle()
			require.Equal(t, head, w.db.Head(), "a replay changes nothing")
		})
	}
}

func (w *world) happen(rnd *rand.Rand, rx *rx) {
	switch rnd.IntN(8) {
	case 0, 1:
		rx.status, rx.business, rx.withdrawn = "completed", "0006", false
		rx.store(w)
	case 2:
		rx.status, rx.business, rx.withdrawn = "accepted", "0002", true
		rx.store(w)
	case 3:
		rx.lines[0].supplies[0].quantity = fmt.Sprint(1 + rnd.IntN(20))
		rx.store(w)
	case 4:
		_ = w.s.LoadSample(w.ctx, november, fhir.Principal{})
	case 5:
		_, _, err := w.s.Reprice(w.ctx, november, "", fhir.Principal{}, "", w.now)
		require.NoError(w.t, err)
	default:
		standing, err := current(w.db.State(w.ctx), "Claim", "Claim/"+ClaimID(rx.order, 1))
		require.NoError(w.t, err)
		if standing == nil {
			return
		}
		replaces := ""
		if rnd.IntN(3) > 0 {
			replaces = readClaim(standing).message()
		}
		_, err = w.post(amend(w.t, standing, fmt.Sprintf("00000000-0000-4000-8000-%012x", rnd.Uint64N(1<<40)), replaces))
		if err != nil {
			require.NotEmpty(w.t, refused(w.t, err))
		}
	}
}

// holds is what is always true of a prescription's claim.
func (w *world) holds(rx *rx) {
	claim, response := w.claimed(rx)
	require.Equal(w.t, claim == nil, response == nil)
	if claim == nil {
		return
	}
	finished := rx.status == "completed"
	require.Equal(w.t, finished, response.Get("status").Text() == "active", "%s %s", rx.status, claim.Get("status").Text())
	require.Equal(w.t, readClaim(claim).message(), response.Root().Path("request", "identifier", "value").Text())
	require.Equal(w.t, sumOf(response, true).RatString(), sumOf(response, false).RatString(), "the figures add up to the total")
	h, err := w.db.History(w.ctx, fhir.HistoryQuery{Type: "Claim", ID: claim.ID(), Count: 200})
	require.NoError(w.t, err)
	for i := range len(h.Versions) - 1 { // newest first: each names the one before, but for the first of another system's
		newer, older := readVersion(w.t, h.Versions[i]), readVersion(w.t, h.Versions[i+1])
		if named := newer.replaces().Get("value").Text(); named != older.message() {
			require.True(w.t, own(h.Versions[i+1], older.message()), "version %s", h.Versions[i].VersionID)
		}
	}
}

func readVersion(t testing.TB, v *fhir.Version) *claim {
	r, err := v.Resource()
	require.NoError(t, err)
	return readClaim(r)
}

// sumOf adds the figures of all lines, or gives the total.
func sumOf(response *fhir.Resource, figures bool) *big.Rat {
	sum := new(big.Rat)
	add := func(n fhir.Node) {
		if r, ok := new(big.Rat).SetString(n.Path("amount", "value").Text()); ok {
			sum.Add(sum, r)
		}
	}
	if !figures {
		for total := range response.Get("total").Items() {
			if nhs.Coded(total.Get("category"), csCategory) == payable {
				add(total)
			}
		}
		return sum
	}
	for item := range response.Get("item").Items() {
		for detail := range item.Get("detail").Items() {
			for a := range detail.Get("adjudication").Items() {
				add(a)
			}
		}
	}
	return sum
}

// FuzzClaim: whatever is posted as a Claim is judged and answered without a
// panic, and the answer is valid R4.
func FuzzClaim(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Claim","item":[{"detail":[{"subDetail":[{}]}]}]}`))
	f.Add([]byte(`{"resourceType":"Claim","provider":{"reference":"#"},"contained":[{"id":""}],"item":{"detail":3}}`))
	f.Add(plain(plainItem(1, "39732311000001104", "1e999999999", "capsule")).JSON())
	f.Add(plain(plainItem(1, "39732311000001104", "1e3", "capsule")).JSON())
	if dir, err := os.Stat("../../../shared"); err == nil && dir.IsDir() {
		files, _ := filepath.Glob("../../../shared/examples/eps/spec/dispensing/claim/*req.json")
		for _, file := range files {
			if data, err := os.ReadFile(file); err == nil {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := fhir.Parse(data)
		if err != nil || r.Type() != "Claim" {
			return
		}
		w := newWorld(t).sample()
		sound := true
		for _, i := range w.checks.Validate(w.ctx, r) {
			sound = sound && !i.IsError()
		}
		readClaim(r).check(builtinLists())
		if _, err := w.s.judge(w.db.State(w.ctx), r, w.call(r)); err == nil {
			t.Fatal("a claim for no prescription was accepted")
		}
		answer, err := w.s.assessOther(w.db.State(w.ctx), r, "a", w.now)
		if err != nil || !sound {
			return
		}
		w.valid(answer)
	})
}
