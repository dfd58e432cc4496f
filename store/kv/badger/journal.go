package badger

import (
	"bytes"
	"encoding/binary"
	"errors"

	badger "github.com/dgraph-io/badger/v4"

	"github.com/pestle-fhir/pestle/store/kv"
)

// A batch that one transaction of the engine cannot hold, or with values for the
// value log, goes through a journal: its operations are written down in pieces;
// a mark says that they are complete, and with it the batch is durable; then
// they are applied transaction by transaction; and the journal is removed. No
// snapshot is taken meanwhile. What a crash interrupts is finished by the next
// Open when the mark is there, and dropped when it is not.
//
// The logs are flushed after each step, so that nothing of a step is on the disk
// without the whole of the one before. A machine that stops while values and
// what refers to them are written may leave the one without the other; the
// journal then writes both again.
var (
	journal     = []byte("\xff\xffpestle/journal/")
	journalMark = []byte("\xff\xffpestle/mark")
)

// pieceSize is how many bytes a piece of the journal has, but the last: too few
// for the value log.
const pieceSize = 512 << 10

// writeBig writes a batch of any size.
func (e *Engine) writeBig(batch []kv.Op) error {
	if err := e.apply(pieces(batch)); err != nil {
		return errors.Join(err, e.dropJournal())
	}
	if err := e.sync(); err != nil {
		return err
	}
	if err := errors.Join(e.transact([]kv.Op{{Key: journalMark, Value: []byte{1}}}), e.sync()); err != nil {
		e.torn = err // nobody knows whether the mark is on the disk
		return err
	}
	if err := e.redo(); err != nil {
		e.torn = err
		return err
	}
	return nil
}

// recover finishes or drops what a crash has interrupted.
func (e *Engine) recover() error {
	marked, err := e.marked()
	switch {
	case err != nil:
		return err
	case marked:
		return e.redo()
	}
	return e.dropJournal()
}

// marked reports whether the journal holds a whole batch.
func (e *Engine) marked() (marked bool, err error) {
	err = e.db.View(func(txn *badger.Txn) error {
		_, err := txn.Get(journalMark)
		marked = err == nil
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		return err
	})
	return marked, failure(err)
}

// redo applies the journal, which may have been applied in part, and removes it.
func (e *Engine) redo() error {
	if err := e.eachOp(e.apply); err != nil {
		return err
	}
	if err := errors.Join(e.logs.syncValues(), e.logs.sync()); err != nil {
		return err
	}
	return e.dropJournal()
}

// apply writes operations in as few transactions as they need.
func (e *Engine) apply(ops []kv.Op) error {
	err := e.transact(ops)
	if errors.Is(err, kv.ErrTooBig) && len(ops) > 1 {
		half := len(ops) / 2
		return errors.Join(e.apply(ops[:half]), e.apply(ops[half:]))
	}
	return err
}

func (e *Engine) dropJournal() error {
	ops := []kv.Op{}
	err := e.eachPiece(func(key, _ []byte) error {
		ops = append(ops, kv.Op{Key: bytes.Clone(key)})
		return nil
	})
	if err != nil || len(ops) == 0 {
		return err
	}
	// The mark goes first: without it the rest is nothing but waste.
	if err := errors.Join(e.transact([]kv.Op{{Key: journalMark}}), e.logs.sync()); err != nil {
		return err
	}
	return errors.Join(e.apply(ops), e.logs.sync())
}

// eachOp reads the operations of the journal: those of a piece that are complete
// with it, at a time.
func (e *Engine) eachOp(f func([]kv.Op) error) error {
	var rest []byte
	err := e.eachPiece(func(_, value []byte) error {
		ops, behind, err := unpiece(append(rest, value...))
		if err != nil {
			return err
		}
		rest = behind
		return f(ops)
	})
	if err == nil && len(rest) > 0 {
		err = errJournal
	}
	return err
}

func (e *Engine) eachPiece(f func(key, value []byte) error) error {
	s := e.see()
	defer s.Close()
	it := s.Iterate(journal, append(bytes.Clone(journal), 0xFF), false)
	var err error
	for err == nil && it.Next() {
		err = f(it.Key(), it.Value())
	}
	return errors.Join(err, it.Close())
}

// pieces writes operations down, one after the other: the length of the key and
// the key, and for a value its length and one, 0 standing for a deletion, and
// the value.
func pieces(batch []kv.Op) (out []kv.Op) {
	var b []byte
	cut := func(size int) {
		for len(b) >= size {
			n := min(len(b), pieceSize)
			key := binary.BigEndian.AppendUint32(bytes.Clone(journal), uint32(len(out)))
			out = append(out, kv.Op{Key: key, Value: bytes.Clone(b[:n])})
			b = b[n:]
		}
	}
	for _, op := range batch {
		b = append(binary.AppendUvarint(b, uint64(len(op.Key))), op.Key...)
		if op.Value == nil {
			b = append(b, 0)
		} else {
			b = append(binary.AppendUvarint(b, uint64(len(op.Value))+1), op.Value...)
		}
		cut(pieceSize)
	}
	cut(1)
	return out
}

var errJournal = errors.New("badger: the journal cannot be read")

// unpiece reads operations as far as they are complete, and returns what is
// behind them.
func unpiece(b []byte) (ops []kv.Op, rest []byte, err error) {
	for len(b) > 0 {
		key, n, err := field(b, 0)
		if err != nil || n == 0 {
			return ops, b, err
		}
		value, m, err := field(b[n:], 1)
		if err != nil || m == 0 {
			return ops, b, err
		}
		ops = append(ops, kv.Op{Key: bytes.Clone(key), Value: clone(value)})
		b = b[n+m:]
	}
	return ops, b, nil
}

// field reads a length, which is written with so much added, and so many bytes:
// nil for a length that is less. It takes size bytes, 0 where it is incomplete.
func field(b []byte, added uint64) (v []byte, size int, err error) {
	n, width := binary.Uvarint(b)
	switch {
	case width < 0 || n > maxSize+added:
		return nil, 0, errJournal
	case width == 0:
		return nil, 0, nil
	case n < added:
		return nil, width, nil
	case n-added > uint64(len(b)-width):
		return nil, 0, nil
	}
	size = width + int(n-added)
	return b[width:size:size], size, nil
}

// clone copies a value, keeping apart none and empty.
func clone(v []byte) []byte {
	if v == nil {
		return nil
	}
	return append([]byte{}, v...)
}
