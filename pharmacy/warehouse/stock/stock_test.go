package stock

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var today = nhs.DateOf(time.Date(2026, 11, 5, 9, 0, 0, 0, time.UTC))

func amount(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func lot(batch, expiry, available string) *Lot {
	return &Lot{Batch: batch, Expiry: nhs.ReadDate(expiry), Location: "A1", Held: map[State]decimal.Decimal{Available: amount(available)}}
}

// TestWays: every kind has a way, and no way is there twice.
func TestWays(t *testing.T) {
	seen := map[string]bool{}
	source, err := os.ReadFile("move.go")
	require.NoError(t, err)
	for _, w := range Ways {
		key := fmt.Sprint(w.Kind, w.From, "/", w.To)
		require.False(t, seen[key], key)
		seen[key] = true
		require.Contains(t, string(source), `Kind = "`+string(w.Kind)+`"`)
		require.NotEqual(t, w.From, w.To)
	}
	for _, m := range regexp.MustCompile(`Kind = "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1) {
		require.Contains(t, movesTSV, "\n"+m[1]+"\t", m[1])
	}
}

func TestByExpiry(t *testing.T) {
	lots := []*Lot{lot("C", "2027-03-31", "10"), lot("A", "2026-11-04", "50"), lot("B", "2026-11-05", "7.5"), lot("", "", "99"), lot("D", "2027-01-31", "5")}
	lots[4].Recalled = true
	takes, short := ByExpiry(lots, amount("12"), today)
	require.Equal(t, "[{2 7.5} {0 4.5}] 0", fmt.Sprint(takes, " ", short))
	takes, short = ByExpiry(lots, amount("28"), today)
	require.Equal(t, "[{2 7.5} {0 10}] 10.5", fmt.Sprint(takes, " ", short))
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		lot  *Lot
		move Move
		rule string
	}{
		{lot("A", "2027-01-31", "5"), Move{Kind: Allocate, From: Available, To: Allocated, Quantity: amount("5.5")}, "STOCK-2"},
		{lot("A", "2026-11-04", "5"), Move{Kind: Allocate, From: Available, To: Allocated, Quantity: amount("1")}, "STOCK-3"},
		{lot("A", "2027-01-31", "5"), Move{Kind: Allocate, From: Returned, To: Allocated, Quantity: amount("1")}, "STOCK-1"},
		{lot("A", "2027-01-31", "5"), Move{Kind: Adjust, From: Available, Quantity: amount("-1")}, "STOCK-1"},
		{lot("A", "2027-01-31", "5"), Move{Kind: Adjust, From: Available, Quantity: amount("0")}, "STOCK-1"},
		{lot("A", "2027-01-31", "5"), Move{Kind: Supply, From: InTransit, Quantity: amount("1")}, "STOCK-2"},
		{lot("", "", "0"), Move{Kind: Allocate, From: Available, To: Allocated, Quantity: amount("1")}, "STOCK-3"},
		{lot("", "", "0"), Move{Kind: Supply, From: Packed, Quantity: amount("1")}, "STOCK-2"},
	} {
		issue := c.lot.Apply(&c.move, today)
		require.NotNil(t, issue, c.move)
		require.Equal(t, c.rule, issue.Rule, c.move)
		require.Zero(t, c.lot.Moves)
	}
	below := lot("", "", "0")
	require.Nil(t, below.Apply(&Move{Kind: Supply, From: Available, Quantity: amount("28")}, today))
	require.Equal(t, "-28", below.Balance().String())
}

// TestRandomMoves: whatever is tried, the balance is what came in less what went out,
// to the last digit and the last penny, and no state but that of the unrecorded lot is
// below zero.
func TestRandomMoves(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		l := &Lot{Batch: []string{"A", ""}[r.IntN(2)], Expiry: nhs.ReadDate("2027-01-31")}
		balance, returned, pence := decimal.Zero, decimal.Zero, int64(0)
		for range 200 {
			w := Ways[r.IntN(len(Ways))]
			m := Move{Kind: w.Kind, From: w.From, To: w.To, Quantity: decimal.New(int64(r.IntN(400)-10), -1)}
			if w.From == Outside {
				m.Pence = int64(r.IntN(10_000))
			}
			before := l.Moves
			if l.Apply(&m, today) != nil {
				require.Equal(t, before, l.Moves)
				continue
			}
			balance = balance.Add(m.Change())
			switch change := m.Change(); {
			case change.IsPositive():
				pence += m.Pence
			case change.IsNegative():
				pence -= m.Pence
			}
			if m.To == Returned {
				returned = returned.Add(m.Quantity)
			}
			if m.From == Returned {
				returned = returned.Sub(m.Quantity)
			}
			require.True(t, balance.Equal(l.Balance()), "seed %d: %s", seed, m)
			require.True(t, returned.Equal(l.In(Returned)))
			require.Equal(t, pence, l.Pence, "seed %d: %s", seed, m)
			for s, q := range l.Held {
				require.False(t, q.IsNegative() && !(l.Unrecorded() && s == Available), "seed %d: %s: %s %s", seed, m, s, q)
			}
			if l.Balance().IsZero() && !l.Unrecorded() {
				require.Zero(t, l.Pence, "seed %d: nothing is left, and it is worth something", seed)
			}
		}
	}
}

func TestReadWays(t *testing.T) {
	require.Panics(t, func() { readWays("receipt\tnowhere\t-\tx\n") })
	require.Panics(t, func() { readWays(strings.Repeat("x\t", 9) + "\n") })
}
