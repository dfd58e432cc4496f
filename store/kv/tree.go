package kv

import (
	"unsafe"

	"github.com/tidwall/btree"
)

// Tree is a sorted map in memory: what the memory engine and [Overlay] keep
// their keys in. It serves one goroutine at a time and must not be changed
// while an iterator is open.
type Tree struct{ keys *btree.Map[string, []byte] }

// NewTree gives an empty tree.
func NewTree() *Tree { return &Tree{btree.NewMap[string, []byte](32)} }

// Copy gives a tree of its own with the same keys; both share memory until
// they are changed.
func (t *Tree) Copy() *Tree { return &Tree{t.keys.Copy()} }

// Len counts the keys.
func (t *Tree) Len() int { return t.keys.Len() }

// Set puts a value, which the tree keeps, and gives the one it replaces. The
// key is copied.
func (t *Tree) Set(key, value []byte) (old []byte, had bool) { return t.keys.Set(string(key), value) }

// Keep is Set for a key that never changes: the tree keeps its bytes.
func (t *Tree) Keep(key, value []byte) (old []byte, had bool) { return t.keys.Set(text(key), value) }

// Delete removes a key and gives its value.
func (t *Tree) Delete(key []byte) (old []byte, had bool) { return t.keys.Delete(text(key)) }

// Get gives the value of a key.
func (t *Tree) Get(key []byte) ([]byte, bool, error) {
	v, ok := t.keys.Get(text(key))
	return v, ok, nil
}

// Iterate walks a range of keys.
func (t *Tree) Iterate(low, high []byte, reverse bool) Iterator {
	return &treeIterator{
		it: t.keys.Iter(), reverse: reverse,
		low: string(low), high: string(high), open: high == nil,
	}
}

// Ops gives the keys as a batch, in their order.
func (t *Tree) Ops() []Op {
	ops := make([]Op, 0, t.keys.Len())
	t.keys.Scan(func(key string, value []byte) bool {
		ops = append(ops, Op{data(key), value})
		return true
	})
	return ops
}

type treeIterator struct {
	it        btree.MapIter[string, []byte]
	low, high string
	open      bool // the range has no upper end
	reverse   bool
	started   bool
}

func (it *treeIterator) Next() bool {
	switch {
	case !it.started && it.reverse:
		return it.end()
	case !it.started:
		it.started = true
		return it.within(it.it.Seek(it.low))
	case it.reverse:
		return it.within(it.it.Prev())
	}
	return it.within(it.it.Next())
}

// end goes to the last key of the range.
func (it *treeIterator) end() bool {
	it.started = true
	if !it.open && it.it.Seek(it.high) {
		return it.within(it.it.Prev())
	}
	return it.within(it.it.Last())
}

func (it *treeIterator) Seek(key []byte) bool {
	it.started = true
	k := string(key)
	if !it.reverse {
		return it.within(it.it.Seek(max(k, it.low)))
	}
	if !it.open && k >= it.high {
		return it.end()
	}
	if !it.it.Seek(k) {
		return it.within(it.it.Last())
	}
	if it.it.Key() == k {
		return it.within(true)
	}
	return it.within(it.it.Prev())
}

func (it *treeIterator) within(found bool) bool {
	return found && it.it.Key() >= it.low && (it.open || it.it.Key() < it.high)
}

func (it *treeIterator) Key() []byte   { return data(it.it.Key()) }
func (it *treeIterator) Value() []byte { return it.it.Value() }
func (it *treeIterator) Close() error  { return nil }

// text looks at bytes as a string, for as long as they do not change.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// data looks at a string as bytes, which must not be changed.
func data(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
