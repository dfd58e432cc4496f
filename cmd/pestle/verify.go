package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
)

// verification reads the whole database again and again beside the requests,
// slowly, and keeps what it found.
type verification struct {
	db    *store.DB
	every time.Duration // from the end of a pass to the next; 0 for no verification
	log   *slog.Logger

	mu     sync.Mutex
	found  []store.Damage
	passed time.Time // the last pass ended
}

const (
	verifyRate = 16 << 20 // bytes a second, at most
	busy       = 20       // commits during a wait, with which the verification stops
	busyPause  = 250 * time.Millisecond
)

// run verifies until ctx ends.
func (v *verification) run(ctx context.Context) {
	for v.every > 0 && ctx.Err() == nil {
		v.pass(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(v.every):
		}
	}
}

func (v *verification) pass(ctx context.Context) {
	found, err := v.db.Verify(ctx, func(bytes int) error { return v.pace(ctx, bytes) })
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		v.log.Error("the database could not be verified", "error", err)
		return
	}
	for _, d := range found {
		v.log.Warn("the database is damaged", "damage", d.String())
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.found, v.passed = found, time.Now()
}

// pace waits as long as reading so many bytes may take, and while there are many
// commits.
func (v *verification) pace(ctx context.Context, bytes int) error {
	wait := time.Duration(bytes) * time.Second / verifyRate
	for {
		before := v.db.Head()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		if v.db.Head()-before < busy {
			return nil
		}
		wait = busyPause
	}
}

// damage is what the last pass found, "" for nothing.
func (v *verification) damage() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.found) == 0 {
		return ""
	}
	text := v.found[0].String()
	if more := len(v.found) - 1; more > 0 {
		text += fmt.Sprintf(", and %d more; the log and `pestle check` have all", more)
	}
	return text
}

// counters are the figures of the verification for /metrics.
func (v *verification) counters() []server.Counter {
	return []server.Counter{
		{Name: "pestle_store_verified_timestamp_seconds", Gauge: true, Help: "When the whole database was verified the last time, Unix time; 0 for not yet.", Value: func() float64 {
			v.mu.Lock()
			defer v.mu.Unlock()
			if v.passed.IsZero() {
				return 0
			}
			return float64(v.passed.Unix())
		}},
		{Name: "pestle_store_damaged_blocks", Gauge: true, Help: "Blocks of the database that cannot be read, by the last verification.", Value: func() float64 {
			v.mu.Lock()
			defer v.mu.Unlock()
			return float64(len(v.found))
		}},
	}
}
