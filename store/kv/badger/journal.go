package badger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	badger "github.com/dgraph-io/badger/v4"

	"github.com/pestle-fhir/pestle/store/kv"
)

// A batch that one transaction of the engine cannot hold goes through a
// journal: its operations are written down in pieces; a mark says that they
// are complete, and with it the batch is durable; then they are applied piece
// by piece; and the journal is removed. No snapshot is taken meanwhile. What a
// crash interrupts is finished by the next Open when the mark is there, and
// dropped when it is not.
var (
	journal     = []byte("\xff\xffpestle/journal/")
	journalMark = []byte("\xff\xffpestle/mark")
)

// pieceSize is about how many bytes a piece of the journal has.
const pieceSize = 512 << 10

// writeBig writes a batch of any size.
func (e *Engine) writeBig(batch []kv.Op) error {
	e.whole.Lock()
	defer e.whole.Unlock()
	if err := e.apply(pieces(batch)); err != nil {
		return errors.Join(err, e.dropJournal())
	}
	if err := e.transact([]kv.Op{{Key: journalMark, Value: []byte{1}}}); err != nil {
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
	if err := e.eachPiece(func(_, value []byte) error {
		ops, err := unpiece(value)
		if err != nil {
			return err
		}
		return e.apply(ops)
	}); err != nil {
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
	if err := e.transact([]kv.Op{{Key: journalMark}}); err != nil {
		return err
	}
	return e.apply(ops)
}

func (e *Engine) eachPiece(f func(key, value []byte) error) error {
	s := &snapshot{e.db.NewTransaction(false)}
	defer s.Close()
	it := s.Iterate(journal, append(bytes.Clone(journal), 0xFF), false)
	var err error
	for err == nil && it.Next() {
		err = f(it.Key(), it.Value())
	}
	return errors.Join(err, it.Close())
}

// pieces writes operations down: the length of the key and the key, and for a
// value its length and one, 0 standing for a deletion, and the value.
func pieces(batch []kv.Op) (out []kv.Op) {
	add := func(piece []byte) {
		key := binary.BigEndian.AppendUint32(bytes.Clone(journal), uint32(len(out)))
		out = append(out, kv.Op{Key: key, Value: piece})
	}
	var b []byte
	for _, op := range batch {
		b = append(binary.AppendUvarint(b, uint64(len(op.Key))), op.Key...)
		if op.Value == nil {
			b = append(b, 0)
		} else {
			b = append(binary.AppendUvarint(b, uint64(len(op.Value))+1), op.Value...)
		}
		if len(b) >= pieceSize {
			add(b)
			b = nil
		}
	}
	if len(b) > 0 {
		add(b)
	}
	return out
}

func unpiece(b []byte) (ops []kv.Op, err error) {
	field := func(less uint64) ([]byte, bool) {
		n, size := binary.Uvarint(b)
		if size <= 0 || n < less {
			b = b[max(size, 0):]
			return nil, size > 0
		}
		if n -= less; n > uint64(len(b)-size) {
			return nil, false
		}
		v := b[size : size+int(n)]
		b = b[size+int(n):]
		return v, true
	}
	for len(b) > 0 {
		key, ok := field(0)
		value, ok2 := field(1)
		if !ok || !ok2 {
			return nil, fmt.Errorf("badger: the journal cannot be read")
		}
		ops = append(ops, kv.Op{Key: bytes.Clone(key), Value: clone(value)})
	}
	return ops, nil
}

// clone copies a value, keeping apart none and empty.
func clone(v []byte) []byte {
	if v == nil {
		return nil
	}
	return append([]byte{}, v...)
}
