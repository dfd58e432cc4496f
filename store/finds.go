package store

import (
	"slices"
	"sync"
)

// finds remembers what was found in one state: the guards of a transaction, the
// steps of a commit and the parts of an operation ask the same about each item of
// a prescription. A state never changes, so what was found once is so still. It is
// safe for concurrent use.
type finds struct {
	mu    sync.Mutex
	known map[asked][]string
}

// asked is a search: for all that match, or for so many of the newest.
type asked struct {
	typ, query string
	newest     int
}

// maxFinds bounds what is remembered of a state that goes through very much.
const maxFinds = 64

// find returns what was found before, or finds it.
func (f *finds) find(a asked, find func() ([]string, error)) ([]string, error) {
	f.mu.Lock()
	ids, ok := f.known[a]
	f.mu.Unlock()
	if ok {
		return slices.Clone(ids), nil
	}
	ids, err := find()
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil {
		f.known = map[asked][]string{}
	}
	if len(f.known) < maxFinds {
		f.known[a] = slices.Clone(ids)
	}
	return ids, nil
}
