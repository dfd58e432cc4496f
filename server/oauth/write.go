package oauth

import (
	"maps"
	"sync"
)

// writer writes to the shelf what many requests have to write at once: whatever
// came during the last write makes the next one.
type writer struct {
	shelf   Shelf
	writing sync.Mutex // one write at a time
	mu      sync.Mutex // of next
	next    *group
}

// group is values that are written together; done and err are under writing.
type group struct {
	values map[string][]byte
	done   bool
	err    error
}

// write returns when the values are durable, or failed.
func (w *writer) write(values map[string][]byte) error {
	w.mu.Lock()
	if w.next == nil {
		w.next = &group{values: map[string][]byte{}}
	}
	g := w.next
	maps.Copy(g.values, values)
	w.mu.Unlock()

	w.writing.Lock()
	defer w.writing.Unlock()
	if g.done {
		return g.err
	}
	w.mu.Lock()
	w.next = nil // it is g: only who writes it takes it away
	w.mu.Unlock()
	g.err, g.done = w.shelf.Write(g.values), true
	return g.err
}
