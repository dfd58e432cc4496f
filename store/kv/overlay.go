package kv

import (
	"bytes"
	"slices"
)

// Overlay is a reader with operations on top that are not written yet. It
// serves one goroutine; an iterator must be closed before the next operation.
type Overlay struct {
	base Reader
	top  *Tree // a nil value hides the key of the base
	size int64
	undo []undo // how to get back to the last Mark
}

type undo struct {
	key, value []byte
	had        bool
}

// NewOverlay gives an overlay that equals its base.
func NewOverlay(base Reader) *Overlay { return &Overlay{base: base, top: NewTree()} }

// Mark makes the present state the one that Rollback returns to.
func (o *Overlay) Mark() { o.undo = o.undo[:0] }

// Rollback takes back all operations since the last Mark.
func (o *Overlay) Rollback() {
	for _, u := range slices.Backward(o.undo) {
		if u.had {
			o.put(u.key, u.value)
		} else {
			o.drop(u.key)
		}
	}
	o.undo = o.undo[:0]
}

// Set puts a value that is not nil; key and value are kept and must not change.
func (o *Overlay) Set(key, value []byte) {
	old, had := o.put(key, value)
	o.undo = append(o.undo, undo{key, old, had})
}

func (o *Overlay) put(key, value []byte) (old []byte, had bool) {
	if old, had = o.top.Keep(key, value); had {
		o.size -= Cost(key, old)
	}
	o.size += Cost(key, value)
	return old, had
}

func (o *Overlay) drop(key []byte) {
	if old, had := o.top.Delete(key); had {
		o.size -= Cost(key, old)
	}
}

// Delete removes a key.
func (o *Overlay) Delete(key []byte) { o.Set(key, nil) }

// Cost is what the operations count against an engine's limits.
func (o *Overlay) Cost() (ops int, size int64) { return o.top.Len(), o.size }

// Ops gives the operations as a batch.
func (o *Overlay) Ops() []Op { return o.top.Ops() }

// Get gives the value of a key.
func (o *Overlay) Get(key []byte) ([]byte, bool, error) {
	if v, ok, _ := o.top.Get(key); ok {
		return v, v != nil, nil
	}
	return o.base.Get(key)
}

// Changed returns the value of a key among the operations on top, nil where it was
// deleted there, and whether there is one.
func (o *Overlay) Changed(key []byte) (value []byte, changed bool) {
	value, changed, _ = o.top.Get(key)
	return value, changed
}

// Iterate walks a range of keys.
func (o *Overlay) Iterate(low, high []byte, reverse bool) Iterator {
	base := o.base.Iterate(low, high, reverse)
	if o.top.Len() == 0 {
		return base
	}
	m := &merged{reverse: reverse}
	m.in[0].it, m.in[1].it = base, o.top.Iterate(low, high, reverse)
	return m
}

// merged walks two iterators as one; the second one hides keys of the first.
type merged struct {
	in [2]struct {
		it Iterator
		ok bool
	}
	reverse bool
	started bool
	at      int // the input that it stands on, when it stands on one
}

func (m *merged) Next() bool {
	if !m.started {
		m.started = true
		for i := range m.in {
			m.in[i].ok = m.in[i].it.Next()
		}
	} else {
		m.step()
	}
	return m.settle()
}

func (m *merged) Seek(key []byte) bool {
	m.started = true
	for i := range m.in {
		m.in[i].ok = m.in[i].it.Seek(key)
	}
	return m.settle()
}

// step leaves the current key, in both inputs where both have it.
func (m *merged) step() {
	both := m.in[0].ok && m.in[1].ok && m.compare() == 0
	for i := range m.in {
		if m.in[i].ok && (both || i == m.at) {
			m.in[i].ok = m.in[i].it.Next()
		}
	}
}

// settle chooses the input with the next key and passes over deleted ones.
func (m *merged) settle() bool {
	for {
		switch {
		case !m.in[0].ok && !m.in[1].ok:
			return false
		case !m.in[1].ok:
			m.at = 0
		case !m.in[0].ok || m.compare() >= 0:
			m.at = 1
		default:
			m.at = 0
		}
		if m.at == 0 || m.in[1].it.Value() != nil {
			return true
		}
		m.step()
	}
}

// compare gives the order of the two inputs' keys in the direction of the walk.
func (m *merged) compare() int {
	c := bytes.Compare(m.in[0].it.Key(), m.in[1].it.Key())
	if m.reverse {
		return -c
	}
	return c
}

func (m *merged) Key() []byte   { return m.in[m.at].it.Key() }
func (m *merged) Value() []byte { return m.in[m.at].it.Value() }

func (m *merged) Close() error {
	err := m.in[0].it.Close()
	if other := m.in[1].it.Close(); err == nil {
		err = other
	}
	return err
}
