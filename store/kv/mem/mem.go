// Package mem is a key-value engine in memory, for tests and throw-away
// servers. Nothing survives Close.
package mem

import (
	"bytes"
	"context"
	"sync"

	"github.com/pestle-fhir/pestle/store/kv"
)

// Engine is an ordered map. Snapshots share its nodes and copy on write.
type Engine struct {
	mu     sync.Mutex
	keys   *kv.Tree
	size   int64
	closed bool
}

// New gives an empty engine.
func New() *Engine { return &Engine{keys: kv.NewTree()} }

var _ kv.Engine = (*Engine)(nil)

// Snapshot gives the state as of now.
func (e *Engine) Snapshot() (kv.Snapshot, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, kv.ErrClosed
	}
	return snapshot{e.keys.Copy()}, nil
}

// Write applies the batch.
func (e *Engine) Write(batch []kv.Op) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return kv.ErrClosed
	}
	for _, op := range batch {
		e.apply(op)
	}
	return nil
}

func (e *Engine) apply(op kv.Op) {
	var old []byte
	var had bool
	if op.Value == nil {
		old, had = e.keys.Delete(op.Key)
	} else {
		old, had = e.keys.Set(op.Key, bytes.Clone(op.Value))
		e.size += int64(len(op.Key) + len(op.Value))
	}
	if had {
		e.size -= int64(len(op.Key) + len(old))
	}
}

// Room is always there, as far as anybody can tell.
func (e *Engine) Room(int64) error { return nil }

// Verify has nothing to read.
func (e *Engine) Verify(context.Context, func(int) error) ([]kv.Damage, error) { return nil, nil }

// Erase has nothing to do: what is overwritten or deleted is gone.
func (e *Engine) Erase(context.Context, func() error) error { return nil }

// Limits allows what memory allows.
func (e *Engine) Limits() (ops int, size int64) { return 1 << 30, 1 << 40 }

// Encrypted is false: nothing is on a disk.
func (e *Engine) Encrypted() bool { return false }

// Size is the sum of all keys and values.
func (e *Engine) Size() (int64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.size, nil
}

// Close drops everything.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed, e.keys = true, nil
	return nil
}

type snapshot struct{ *kv.Tree }

func (snapshot) Close() {}
