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
