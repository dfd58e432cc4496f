package invoicing

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// follow runs the follower as the server does, until it has taken everything or, where
// stop is above 0, that many commits.
func (w *world) follow(stop int64) (commits int) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	before := w.db.Head()
	var taken atomic.Int64
	loop := &pharmacy.Loop{DB: w.db, Follower: w.s.Followers()[0], Logger: slog.New(slog.DiscardHandler), Observe: func(p pharmacy.Progress) {
		require.Zero(w.t, p.Parked)
		if taken.Add(1) == stop {
			cancel()
		}
	}}
	done := make(chan struct{})
	go func() { _ = loop.Run(ctx); close(done) }()
	require.Eventually(w.t, func() bool { return ctx.Err() != nil || loop.At() > 0 && loop.Lag(w.db.Head()) == 0 }, time.Minute, time.Millisecond)
	cancel()
	<-done
	return int(w.db.Head() - before)
}

// TestLoopIsExact: the follower is stopped after some commits, again and again, and
// goes on where it was; what it wrote is what one that was never stopped writes, and
// many supplies are charged in one commit.
func TestLoopIsExact(t *testing.T) {
	const n = 200
	fill := func() *world {
		w := newWorld(t)
		for i := range n {
			p := newRx(i).hand(ampm, lis("28"), ato("30"))
			p.handings[0].delivered = i%3 == 0
			require.NoError(t, p.store(w))
			if i%5 == 0 {
				p.handings[0].what = p.handings[0].what[:1]
				require.NoError(t, p.store(w))
			}
		}
		return w
	}
	whole := fill()
	commits := whole.follow(0)
	require.Less(t, commits, n/4, "steps are committed together")
	broken := fill()
	for _, stop := range []int64{1, 3, 17, 40, 2, 64, 5} {
		broken.follow(stop)
	}
	broken.follow(0)
	require.Equal(t, whole.told(), broken.told())
	head := broken.db.Head()
	broken.follow(0)
	require.Equal(t, head, broken.db.Head(), "nothing is left to do")
}

// told are all charges and drafts, by their references.
func (w *world) told() map[string]string {
	list := map[string]string{}
	for _, typ := range []string{"ChargeItem", "Invoice"} {
		for _, r := range w.all(typ) {
			list[typ+"/"+r.ID()] = string(fhir.Revise(r, "meta", "").JSON())
		}
	}
	return list
}

// TestSizeOfAMonth: a month of a clinic is charged and issued at a cost for each
// supply that does not grow with the month.
func TestSizeOfAMonth(t *testing.T) {
	cost := func(n int) (each time.Duration) {
		w := newWorld(t, "*,X99CL,2026-01-01,,invoice,per-month,,K,the agreement\n*,X99CL,2026-01-01,,payer,clinic,,K,the agreement\n")
		for i := range n {
			require.NoError(t, newRx(i).hand(ampm, lis("28")).store(w))
		}
		w.now = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
		start := time.Now()
		w.follow(0)
		issued := 0
		for {
			drafts, err := w.db.State(w.ctx).Find("Invoice", "status=draft")
			require.NoError(t, err)
			if len(drafts) == 0 {
				break
			}
			w.must("issue", drafts[0])
			issued++
		}
		require.Equal(t, (n+mostLines-1)/mostLines, issued)
		took := time.Since(start)
		t.Logf("%d supplies of a month: charged and issued in %s", n, took.Round(time.Millisecond))
		return took / time.Duration(n)
	}
	small, large := cost(300), cost(2400)
	require.Less(t, large, 6*small, "the cost of a supply")
}
