package logtest

import (
	"context"
	"errors"
	"sync"

	"github.com/pestle-fhir/pestle/store/log"
)

// ErrFault is what a log that has failed returns.
var ErrFault = errors.New("logtest: an injected fault")

// Faulty is the log as one of its users reaches it, who may lose the connection.
type Faulty struct {
	log.Log
	mu      sync.Mutex
	left    int  // appends until one fails, 0 for never
	written bool // the one that fails is added all the same
	cut     bool // nothing comes through any more
	before  func()
}

// Fail makes the n-th Append from now fail, 1 for the next. written says whether
// the log has the record all the same, cut whether the connection stays lost.
func (f *Faulty) Fail(n int, written, cut bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.written, f.cut = n, written, cut
}

// Restore ends what [Faulty.Fail] has begun.
func (f *Faulty) Restore() { f.Fail(0, false, false) }

// Before has each Append call a function first; nil for none.
func (f *Faulty) Before(call func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = call
}

// lost reports whether nothing comes through.
func (f *Faulty) lost() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cut && f.left == 0
}

// failing counts an Append, and reports whether it fails and is written.
func (f *Faulty) failing() (fails, written bool, before func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left > 0 {
		f.left--
		return f.left == 0, f.written, f.before
	}
	return f.cut, false, f.before
}

// Append adds a record, or fails.
func (f *Faulty) Append(ctx context.Context, after log.Place, record []byte) error {
	fails, written, before := f.failing()
	if before != nil {
		before()
	}
	if fails && !written {
		return ErrFault
	}
	err := f.Log.Append(ctx, after, record)
	if fails && err == nil {
		err = ErrFault
	}
	return err
}

// Next returns a record, or fails.
func (f *Faulty) Next(ctx context.Context, after log.Place) ([]byte, error) {
	if f.lost() {
		return nil, ErrFault
	}
	return f.Log.Next(ctx, after)
}

// Last is the place of the newest record, or fails.
func (f *Faulty) Last(ctx context.Context) (log.Place, error) {
	if f.lost() {
		return 0, ErrFault
	}
	return f.Log.Last(ctx)
}
