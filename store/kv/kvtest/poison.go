package kvtest

import (
	"bytes"
	"hash/maphash"
	"sync"

	"github.com/pestle-fhir/pestle/store/kv"
)

// Poisoned is an engine that returns and takes slices for exactly as long as the
// contract says. It overwrites the key and the value of an iterator when that
// moves or is closed, and the slices that it passes to the engine inside when a
// call returns. It panics when somebody has changed a slice that must not be
// changed: who keeps a slice for too long reads nonsense, and who writes to one
// is found.
type Poisoned struct{ kv.Engine }

// poison is what overwritten slices hold.
const poison = 0xDB

func overwrite(b []byte) {
	for i := range b {
		b[i] = poison
	}
}

// Write passes copies on and overwrites them when the engine has returned.
func (p Poisoned) Write(batch []kv.Op) error {
	copies := make([]kv.Op, len(batch))
	for i, op := range batch {
		copies[i].Key = bytes.Clone(op.Key)
		if op.Value != nil {
			copies[i].Value = append([]byte{}, op.Value...)
		}
	}
	err := p.Engine.Write(copies)
	for i := range copies {
		if !bytes.Equal(copies[i].Key, batch[i].Key) || !bytes.Equal(copies[i].Value, batch[i].Value) {
			panic("kvtest: the engine has changed a slice of a batch")
		}
		overwrite(copies[i].Key)
		overwrite(copies[i].Value)
	}
	return err
}

// Snapshot returns a poisoned snapshot.
func (p Poisoned) Snapshot() (kv.Snapshot, error) {
	s, err := p.Engine.Snapshot()
	if err != nil {
		return nil, err
	}
	return &poisonedSnapshot{Snapshot: s}, nil
}

type poisonedSnapshot struct {
	kv.Snapshot
	mu       sync.Mutex
	returned []sealedSlice // by Get
}

var seed = maphash.MakeSeed()

// sealedSlice is a slice that must not change.
type sealedSlice struct {
	b   []byte
	sum uint64
}

func (s sealedSlice) check(what string) {
	if maphash.Bytes(seed, s.b) != s.sum {
		panic("kvtest: the " + what + " was changed")
	}
}

// Get passes a copy of the key on, and remembers the value until Close, when it
// must be what it was.
func (s *poisonedSnapshot) Get(key []byte) ([]byte, bool, error) {
	lent := bytes.Clone(key)
	value, ok, err := s.Snapshot.Get(lent)
	overwrite(lent)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.returned = append(s.returned, sealedSlice{value, maphash.Bytes(seed, value)})
	return value, ok, err
}

// Close closes the snapshot. What Get has returned is as it was.
func (s *poisonedSnapshot) Close() {
	s.Snapshot.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.returned {
		r.check("value of Get")
	}
}

func (s *poisonedSnapshot) Iterate(low, high []byte, reverse bool) kv.Iterator {
	it := &poisonedIterator{low: bytes.Clone(low), high: bytes.Clone(high)}
	it.Iterator = s.Snapshot.Iterate(it.low, it.high, reverse)
	return it
}

type poisonedIterator struct {
	kv.Iterator
	low, high  []byte
	key, value []byte // that were returned, nil for none yet
	kept       [2]sealedSlice
}

// spoil ends the time of the key and value that were returned.
func (it *poisonedIterator) spoil() {
	if it.key != nil {
		it.kept[0].check("key of an iterator")
	}
	if it.value != nil {
		it.kept[1].check("value of an iterator")
	}
	overwrite(it.key)
	overwrite(it.value)
	it.key, it.value = nil, nil
}

func (it *poisonedIterator) Next() bool {
	it.spoil()
	return it.Iterator.Next()
}

func (it *poisonedIterator) Seek(key []byte) bool {
	lent := bytes.Clone(key) // before the key is spoiled: it may be that of the iterator
	it.spoil()
	found := it.Iterator.Seek(lent)
	overwrite(lent)
	return found
}

func (it *poisonedIterator) Key() []byte {
	if it.key == nil {
		it.key = append([]byte{}, it.Iterator.Key()...)
		it.kept[0] = sealedSlice{it.key, maphash.Bytes(seed, it.key)}
	}
	return it.key
}

func (it *poisonedIterator) Value() []byte {
	value := it.Iterator.Value()
	if value != nil && it.value == nil {
		it.value = append([]byte{}, value...)
		it.kept[1] = sealedSlice{it.value, maphash.Bytes(seed, it.value)}
	}
	return it.value
}

func (it *poisonedIterator) Close() error {
	it.spoil()
	err := it.Iterator.Close()
	overwrite(it.low)
	overwrite(it.high)
	return err
}
