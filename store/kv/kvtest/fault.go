package kvtest

import (
	"errors"
	"sync"

	"github.com/pestle-fhir/pestle/store/kv"
)

// ErrFault is what an engine that has broken down returns.
var ErrFault = errors.New("kvtest: an injected fault")

// Faulty is an engine that breaks down when told to, as a machine does. Close
// leaves the engine inside open, so that it can be put into another Faulty:
// the machine after its restart.
type Faulty struct {
	kv.Engine
	mu      sync.Mutex
	left    int // writes until it breaks down, 0 for never
	written bool
	down    bool
	failing int // writes until they fail, and reads go on; 0 for never
	failed  bool
	full    bool
}

// Fail makes the n-th write from now and all after it fail, as when the disk
// reports an error of a sync. Reads go on.
func (f *Faulty) Fail(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failing = n
}

// Fill says whether the disk is full: then there is room for no batch.
func (f *Faulty) Fill(full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.full = full
}

// Room reports whether the disk has room.
func (f *Faulty) Room(n int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full {
		return kv.ErrNoSpace
	}
	return f.Engine.Room(n)
}

// Break makes the n-th write from now, 1 for the next, fail and all calls
// after it. written says whether that write has reached the engine all the
// same, as when the power fails between the sync and the answer.
func (f *Faulty) Break(n int, written bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.written = n, written
}

// Write writes, or breaks down.
func (f *Faulty) Write(batch []kv.Op) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return ErrFault
	}
	if f.failing > 0 {
		f.failing--
		f.failed = f.failing == 0
	}
	if f.failed {
		return ErrFault
	}
	if f.left > 0 {
		if f.left--; f.left == 0 {
			f.down = true
			if f.written {
				return errors.Join(ErrFault, f.Engine.Write(batch))
			}
			return ErrFault
		}
	}
	return f.Engine.Write(batch)
}

// Snapshot gives the state as of now.
func (f *Faulty) Snapshot() (kv.Snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return nil, ErrFault
	}
	return f.Engine.Snapshot()
}

// Close leaves the engine inside open.
func (f *Faulty) Close() error { return nil }
