package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/store"
)

// verification goes through the whole database again and again beside the
// requests, slowly, and keeps what it found: first all that is on the disk, block
// by block, then the log, the versions and the index against each other.
type verification struct {
	db    *store.DB
	every time.Duration // from the begin of a pass to that of the next; 0 for no verification
	share float64       // of one processor, at most
	log   *slog.Logger

	mu     sync.Mutex
	blocks int             // that cannot be read
	found  []store.Finding // by this pass; by the one before, also of an earlier process, as long as this has found nothing
	more   int             // things that found does not list
	passed time.Time       // the last pass ended
	took   time.Duration   // it
}

// saveEvery is how often an audit under way is saved.
const saveEvery = 30 * time.Second

// run verifies until ctx ends.
func (v *verification) run(ctx context.Context) {
	for v.every > 0 && ctx.Err() == nil {
		start := time.Now()
		v.pass(ctx)
		if took := time.Since(start); took > v.every {
			v.log.Warn("the verification takes longer than it may: raise --verify-percent or --verify-hours", "took", took, "hours", v.every.Hours())
		}
		select {
		case <-ctx.Done():
		case <-time.After(max(time.Second, time.Until(start.Add(v.every)))):
		}
	}
}

// recall begins with what was found before the server was started anew.
func (v *verification) recall() error {
	audit, err := v.db.ResumeAudit()
	if err == nil {
		v.note(0, &audit.Before)
		v.note(0, &audit.Findings)
	}
	return err
}

func (v *verification) pass(ctx context.Context) {
	start := time.Now()
	found, err := v.verify(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		v.log.Error("the database could not be verified", "error", err)
		return
	}
	if n := len(found.Wrong) + found.More; n > 0 { // the log of the server names no resource
		v.log.Warn("the database is damaged: pestle check names where", "findings", n)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.found, v.more, v.passed, v.took = found.Wrong, found.More, time.Now(), time.Since(start)
}

// verify is one pass. The part of it that was saved is not done again.
func (v *verification) verify(ctx context.Context) (*store.Findings, error) {
	p := &pacer{db: v.db, share: v.share, hurry: time.Now().Add(v.every / 2)}
	damaged, err := v.db.Verify(ctx, func(bytes int) error { return p.pace(ctx, bytes) })
	if err != nil {
		return nil, err
	}
	audit, err := v.db.ResumeAudit()
	if err != nil {
		return nil, err
	}
	unreadable := &store.Findings{}
	for _, d := range damaged {
		unreadable.Add(d.Findings()...)
	}
	v.note(len(damaged), unreadable, &audit.Findings)
	saved := time.Now()
	err = v.db.Audit(ctx, audit, func() error {
		v.note(len(damaged), unreadable, &audit.Findings)
		if time.Since(saved) > saveEvery {
			saved = time.Now()
			v.save(audit)
		}
		return p.pace(ctx, 0)
	})
	if err == nil || ctx.Err() != nil {
		v.save(audit)
	}
	unreadable.Add(audit.Wrong...)
	unreadable.More += audit.More
	return unreadable, err
}

// save saves an audit. Where that fails, it begins again after a restart.
func (v *verification) save(a *store.Audit) {
	if err := v.db.SaveAudit(a); err != nil {
		v.log.Warn("how far the verification is could not be saved", "error", err)
	}
}

// note keeps what was found so far, as soon as that is anything.
func (v *verification) note(blocks int, found ...*store.Findings) {
	all := &store.Findings{}
	for _, f := range found {
		all.Add(f.Wrong...)
		all.More += f.More
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.blocks = blocks; len(all.Wrong) > 0 {
		v.found, v.more = all.Wrong, all.More
	}
}

// damage says how much was found; "" for nothing. Anybody may read it, so that it
// names no resource.
func (v *verification) damage() string {
	return v.say("The verification of the database has findings", func(store.Finding) bool { return true })
}

// wrong is that of it for which answers may be wrong: what cannot be read is
// refused, but an index that is not that of the resources is read as it is.
func (v *verification) wrong() string {
	return v.say("The index of the database differs from its resources, so that searches may be wrong", func(f store.Finding) bool { return !f.Unreadable })
}

func (v *verification) say(what string, about func(store.Finding) bool) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for _, f := range v.found {
		if about(f) {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%s: %d, of %d in all. `pestle check` names them.", what, n, len(v.found)+v.more)
}

const (
	verifyRate = 16 << 20 // bytes a second, at most
	busy       = 20       // commits during a wait, with which the verification stops
	busyPause  = 250 * time.Millisecond
)

// pacer keeps the verification to a share of one processor and of the disk, and
// has it wait while there are many commits, as long as there is time for that.
type pacer struct {
	db    *store.DB
	share float64
	hurry time.Time // there is none behind it
	from  time.Time // the work since then is not paid for yet
}

// pace waits for the work since the last call and for the bytes that are read
// next.
func (p *pacer) pace(ctx context.Context, bytes int) error {
	now := time.Now()
	if p.from.IsZero() {
		p.from = now
	}
	wait := max(time.Duration(float64(now.Sub(p.from))*(1-p.share)/p.share), time.Duration(bytes)*time.Second/verifyRate)
	err := p.wait(ctx, wait)
	p.from = time.Now()
	return err
}

func (p *pacer) wait(ctx context.Context, wait time.Duration) error {
	for {
		before := p.db.Head()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		if p.db.Head()-before < busy || time.Now().After(p.hurry) {
			return nil
		}
		wait = busyPause
	}
}
