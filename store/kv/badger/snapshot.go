package badger

import (
	"bytes"
	"errors"
	"sync/atomic"

	badger "github.com/dgraph-io/badger/v4"

	"github.com/pestle-fhir/pestle/store/kv"
)

type snapshot struct {
	txn    *badger.Txn
	engine *Engine
	closed atomic.Bool
}

func (e *Engine) see() *snapshot {
	s := &snapshot{txn: e.db.NewTransaction(false), engine: e}
	e.held.add(s.txn.ReadTs())
	return s
}

func (s *snapshot) Close() {
	if s.closed.CompareAndSwap(false, true) {
		s.txn.Discard()
		s.engine.held.remove(s.txn.ReadTs())
	}
}

func (s *snapshot) Get(key []byte) ([]byte, bool, error) {
	if err := s.engine.hit(key, append(key[:len(key):len(key)], 0)); err != nil {
		return nil, false, err
	}
	item, err := s.txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, failure(err)
	}
	v, isLent, err := value(item)
	if isLent && len(v) >= lent {
		v = bytes.Clone(v)
	}
	return v, err == nil, err
}

// lent is the size from which on values stand in the value log, which only
// lends them. Others are copies already.
const lent = 1 << 20

func (s *snapshot) Iterate(low, high []byte, reverse bool) kv.Iterator {
	opts := badger.DefaultIteratorOptions
	opts.PrefetchValues = false
	opts.Reverse = reverse
	opts.Prefix = common(low, high)
	return &iterator{
		engine: s.engine,
		it:     s.txn.NewIterator(opts), low: low, high: high, reverse: reverse, own: bytes.HasPrefix(low, private),
		last: append(bytes.Clone(opts.Prefix), beyond...),
	}
}

// beyond follows every key that there is when it stands behind its prefix.
var beyond = bytes.Repeat([]byte{0xFF}, 64)

// common is the longest prefix that all keys of a range share.
func common(low, high []byte) []byte {
	n := 0
	for n < len(low) && n < len(high) && low[n] == high[n] {
		n++
	}
	// The range of one prefix ends at its successor: they differ in the last
	// byte by one, and every key between them begins with low.
	if n == len(low)-1 && n == len(high)-1 && low[n]+1 == high[n] {
		return low
	}
	return low[:n]
}

type iterator struct {
	engine    *Engine
	it        *badger.Iterator
	low, high []byte
	last      []byte // follows all keys of the prefix
	reverse   bool
	own       bool // the range is of the engine's private keys, which others do not see
	started   bool
	err       error
}

func (it *iterator) Next() bool {
	if it.started {
		from := it.from()
		it.it.Next()
		return it.within(from)
	}
	if it.reverse {
		return it.Seek(it.high)
	}
	return it.Seek(it.low)
}

// from is the key that the iterator is about to leave, where damage is known.
func (it *iterator) from() []byte {
	if it.engine.damage.Load() == nil || !it.it.Valid() {
		return nil
	}
	return it.it.Item().KeyCopy(nil)
}

func (it *iterator) Seek(key []byte) bool {
	it.started = true
	if !it.reverse {
		if bytes.Compare(key, it.low) < 0 {
			key = it.low
		}
		it.it.Seek(key)
		return it.within(key)
	}
	if key == nil || it.high != nil && bytes.Compare(key, it.high) >= 0 {
		key = it.high
		if key == nil || bytes.Compare(key, it.last) > 0 {
			key = it.last
		}
	}
	it.it.Seek(key)
	if it.high != nil && it.it.Valid() && bytes.Compare(it.it.Item().Key(), it.high) >= 0 {
		it.it.Next()
	}
	return it.within(key)
}

// within reports whether the iterator is in its range, to where it has come from
// a key without passing over damage.
func (it *iterator) within(from []byte) bool {
	for !it.own && it.it.Valid() && bytes.HasPrefix(it.it.Item().Key(), private) {
		it.it.Next()
	}
	if it.err == nil && it.engine.damage.Load() != nil {
		it.err = it.passed(from)
	}
	if it.err != nil || !it.it.Valid() {
		return false
	}
	key := it.it.Item().Key()
	return bytes.Compare(key, it.low) >= 0 && (it.high == nil || bytes.Compare(key, it.high) < 0)
}

// passed returns the error of the damage between a key and where the iterator
// has come from it.
func (it *iterator) passed(from []byte) error {
	to := it.high
	if it.reverse {
		to = it.low
	}
	if it.it.Valid() {
		to = it.it.Item().KeyCopy(nil)
	}
	if it.reverse {
		from, to = to, from
	}
	if to != nil {
		to = append(bytes.Clone(to), 0) // with the key itself
	}
	return it.engine.hit(from, to)
}

func (it *iterator) Key() []byte { return it.it.Item().Key() }

func (it *iterator) Value() []byte {
	v, _, err := value(it.it.Item())
	if err != nil {
		it.err = err
	}
	return v
}

func (it *iterator) Close() error {
	it.it.Close()
	return it.err
}
