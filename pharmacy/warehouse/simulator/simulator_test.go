package simulator

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
)

func message(n, revision int, kind warehouse.MessageKind) warehouse.Message {
	return warehouse.Message{ID: fmt.Sprint("m", n, "-", revision), Kind: kind, When: time.Now(), Data: warehouse.Order{ID: fmt.Sprintf("00000000-0000-5000-8000-%012d", n), Revision: revision, Name: "Paracetamol", Quantity: "30", Unit: "tablet",
		Lots: []warehouse.Pack{{Batch: "B1", Expiry: "2029-01-31", Quantity: decimal.NewFromInt(30)}}}}
}

// pharmacy takes events, loses answers, and notes what it was told.
type pharmacy struct {
	mu     sync.Mutex
	random *rand.Rand
	kinds  map[string]map[warehouse.EventKind]int // by order, each event once
	ids    map[string]bool
}

func (p *pharmacy) take(_ context.Context, id string, body []byte) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, err := warehouse.ReadEvent(id, body)
	switch {
	case err != nil:
		return 400
	case p.random.IntN(3) == 0:
		return 0
	case e.Kind == warehouse.PackedEvent && !e.Lots[0].Quantity.Equal(decimal.NewFromInt(30)):
		return 422
	}
	if !p.ids[id] {
		p.ids[id] = true
		if p.kinds[e.Order] == nil {
			p.kinds[e.Order] = map[warehouse.EventKind]int{}
		}
		p.kinds[e.Order][e.Kind]++
	}
	if p.random.IntN(4) == 0 {
		return 0 // it was taken, and the answer is lost
	}
	return 204
}

// TestSentOnce: whatever is lost or told twice, and however often the simulator is
// ended, each order is sent once and told of.
func TestSentOnce(t *testing.T) {
	o := Options{Clock: time.Now, Seed: 3, Delay: 3 * time.Millisecond, Lose: 0.2, Duplicate: 0.3, Miscount: 0.3, Fail: 0.3, Journal: filepath.Join(t.TempDir(), "journal")}
	p := &pharmacy{random: rand.New(rand.NewPCG(5, 5)), kinds: map[string]map[warehouse.EventKind]int{}, ids: map[string]bool{}}
	const orders = 40
	for n := range orders {
		func() {
			s, err := Open(o)
			require.NoError(t, err)
			defer func() { require.NoError(t, s.Close()) }()
			ctx, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer stop()
			require.NoError(t, s.Receive(message(n, 1, warehouse.Released)))
			require.NoError(t, s.Receive(message(n/2, 1, warehouse.Released)), "told twice")
			require.NoError(t, s.Run(ctx, p.take))
		}()
		if n%7 == 0 { // it was ended while it wrote
			f, err := os.OpenFile(o.Journal, os.O_APPEND|os.O_WRONLY, 0o600)
			require.NoError(t, err)
			_, err = f.WriteString(`{"taken":"sim-`)
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}
	}
	s, err := Open(o)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx, p.take) }()
	require.Eventually(t, func() bool { f := s.Figures(); return f.Shipped == orders && f.Waiting == 0 }, 20*time.Second, 5*time.Millisecond)
	stop()
	require.NoError(t, <-done)
	require.Len(t, p.kinds, orders)
	for order, kinds := range p.kinds {
		require.Equal(t, 1, kinds[warehouse.DeliveredEvent], order)
		require.Equal(t, 1+kinds[warehouse.FailedEvent], kinds[warehouse.DispatchedEvent], order)
		require.Equal(t, 1, kinds[warehouse.PackedEvent], order)
	}
}

// TestToldToStop: what is held or cancelled before it is sent is not sent, and what is
// released again is.
func TestToldToStop(t *testing.T) {
	s, err := Open(Options{Clock: time.Now, Seed: 1, Delay: time.Hour})
	require.NoError(t, err)
	now := time.Now()
	require.NoError(t, s.Receive(message(1, 1, warehouse.Released)))
	require.NoError(t, s.Receive(message(2, 1, warehouse.Released)))
	require.NoError(t, s.Receive(message(1, 2, warehouse.Held)))
	require.NoError(t, s.Receive(message(2, 2, warehouse.Cancelled)))
	require.NoError(t, s.Receive(message(2, 1, warehouse.Released)), "late")
	step := func() {
		for range 5 {
			now = now.Add(2 * time.Hour)
			require.NoError(t, s.work(now))
			for _, e := range s.due(now.Add(3 * time.Hour)) {
				s.tell(t.Context(), e, func(context.Context, string, []byte) int { return 204 })
			}
		}
	}
	step()
	require.Zero(t, s.Figures().Shipped)
	require.NoError(t, s.Receive(message(1, 3, warehouse.Released)))
	step()
	require.Equal(t, 1, s.Figures().Shipped)
}
