package store

import (
	"slices"
	"sync"
)

// finds remembers what was found in one state: the guards of a transaction, the
// steps of a commit and the parts of an operation ask the same about each item of
// a prescription. A state never changes, so what was found once is so still; the
// numbers of a resource may be newer in the database since, and tell the same of the
// state. It is safe for concurrent use; nil remembers nothing.
type finds struct {
	mu      sync.Mutex
	known   map[asked][]string
	numbers map[[2]string]numbers // by type and id
}

// asked is a search: for all that match, or for so many of the newest.
type asked struct {
	typ, query string
	newest     int
}

// numbers are the numbers of a resource; given is false where its id was never used.
type numbers struct {
	identity
	given bool
}

// maxFinds and maxNumbers bound what is remembered of a state that goes through very
// much.
const (
	maxFinds   = 64
	maxNumbers = 256
)

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

// remembered returns the numbers of a resource that were read before.
func (f *finds) remembered(typ, id string) (n numbers, ok bool) {
	if f == nil {
		return n, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n, ok = f.numbers[[2]string{typ, id}]
	return n, ok
}

func (f *finds) remember(typ, id string, n numbers) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.numbers == nil {
		f.numbers = map[[2]string]numbers{}
	}
	if len(f.numbers) < maxNumbers {
		f.numbers[[2]string{typ, id}] = n
	}
}
