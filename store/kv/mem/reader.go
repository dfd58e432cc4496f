package mem

import (
	"unsafe"

	"github.com/tidwall/btree"

	"github.com/pestle-fhir/pestle/store/kv"
)

// Reader is a [kv.Reader] over an ordered map that nobody changes meanwhile.
type Reader struct{ keys *btree.Map[string, []byte] }

// NewReader reads a map.
func NewReader(keys *btree.Map[string, []byte]) *Reader { return &Reader{keys} }

// Get gives the value of a key.
func (r *Reader) Get(key []byte) ([]byte, bool, error) {
	v, ok := r.keys.Get(text(key))
	return v, ok, nil
}

// Iterate walks a range of keys.
func (r *Reader) Iterate(low, high []byte, reverse bool) kv.Iterator {
	return &iterator{
		it: r.keys.Iter(), reverse: reverse,
		low: string(low), high: string(high), open: high == nil,
	}
}

type iterator struct {
	it        btree.MapIter[string, []byte]
	low, high string
	open      bool // the range has no upper end
	reverse   bool
	started   bool
}

func (it *iterator) Next() bool {
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
func (it *iterator) end() bool {
	it.started = true
	if !it.open && it.it.Seek(it.high) {
		return it.within(it.it.Prev())
	}
	return it.within(it.it.Last())
}

func (it *iterator) Seek(key []byte) bool {
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

func (it *iterator) within(found bool) bool {
	return found && it.it.Key() >= it.low && (it.open || it.it.Key() < it.high)
}

func (it *iterator) Key() []byte   { k := it.it.Key(); return unsafe.Slice(unsafe.StringData(k), len(k)) }
func (it *iterator) Value() []byte { return it.it.Value() }
func (it *iterator) Close() error  { return nil }

// text looks at bytes as a string for the time of a call.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
