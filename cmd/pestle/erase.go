package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
)

// eraser removes the bytes of what was purged from the disk, beside the server: a few
// seconds after the purge, and where that fails, again each minute and after the next
// start.
type eraser struct {
	db     *store.DB
	log    *slog.Logger
	before func() (done func() error, err error) // what else is erased, and what follows when it is; nil for nothing
}

// How long the eraser waits after a commit, for purges to come together, and after a
// failure. Variables for tests.
var (
	eraseAfter = 2 * time.Second
	eraseAgain = time.Minute
)

// run erases until ctx ends.
func (e eraser) run(ctx context.Context) {
	seen := fhir.Seq(0)
	for ctx.Err() == nil {
		wait := eraseAfter
		if err := e.erase(ctx); err != nil && ctx.Err() == nil {
			e.log.Warn("what was purged is still on the disk; it is tried again", "after", eraseAgain, "error", err)
			wait = eraseAgain
		} else {
			head := e.db.Head()
			if e.db.Wait(ctx, seen) != nil {
				return
			}
			seen = head
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

func (e eraser) erase(ctx context.Context) error {
	seq, err := e.db.Unerased()
	if err != nil || seq == 0 {
		return err
	}
	began := time.Now()
	done := func() error { return nil }
	if e.before != nil {
		if done, err = e.before(); err != nil {
			return err
		}
	}
	if err := e.db.Erase(ctx); err != nil {
		return err
	}
	if err := done(); err != nil {
		return err
	}
	e.log.Info("what was purged is gone from the disk", "commit", seq, "took", time.Since(began))
	return nil
}

// counter says whether something that was purged may still be on the disk.
func (e eraser) counter() server.Counter {
	return server.Counter{Name: "pestle_purge_pending", Gauge: true, Help: "1 while the bytes of what was purged may still be on the disk of the data folder.",
		Value: func() float64 {
			if seq, err := e.db.Unerased(); err != nil || seq > 0 {
				return 1
			}
			return 0
		}}
}
