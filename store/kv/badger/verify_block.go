package badger

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	badger "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/badger/v4/y"

	"github.com/pestle-fhir/pestle/store/kv"
)

// blockReader reads a table block by block, each once.
type blockReader struct {
	t     *table.Table
	it    *table.Iterator // nil before the first block, and behind one that cannot be read
	large []largeValue
}

// largeValue is an entry whose value is in a value log.
type largeValue struct {
	key          []byte
	file, offset uint32
	size         int
}

// pointed marks, in the engine's entries, a value that is in a value log. What is
// stored instead is its file, length and offset.
const pointed = 1 << 1

// read reads the block that begins with a key and every entry of it, up to the
// key that the next one begins with, nil for the last block.
func (r *blockReader) read(first, next []byte) bool {
	if caught(func() error { return r.enter(first) }) != nil {
		r.close()
		return false
	}
	if caught(func() error { r.entries(next); return nil }) != nil { // of the next block, which entering it finds
		r.close()
	}
	return true
}

var errBlock = errors.New("the block cannot be read")

func (r *blockReader) enter(first []byte) error {
	if r.it == nil {
		r.it = r.t.NewIterator(table.NOCACHE)
	}
	if !r.it.Valid() || !bytes.Equal(r.it.Key(), first) {
		r.it.Seek(first)
	}
	if !r.it.Valid() || !bytes.Equal(r.it.Key(), first) {
		return errBlock
	}
	return nil
}

func (r *blockReader) entries(next []byte) {
	for ; r.it.Valid() && (next == nil || y.CompareKeys(r.it.Key(), next) < 0); r.it.Next() {
		if v := r.it.Value(); v.Meta&pointed != 0 && len(v.Value) == 12 {
			r.large = append(r.large, largeValue{key: bytes.Clone(y.ParseKey(r.it.Key())), file: binary.NativeEndian.Uint32(v.Value),
				size: int(binary.NativeEndian.Uint32(v.Value[4:])), offset: binary.NativeEndian.Uint32(v.Value[8:])})
		}
	}
}

func (r *blockReader) close() {
	if r.it != nil {
		_ = r.it.Close() // it was only read
		r.it = nil
	}
}

// verifyValues reads values in value logs against their checksums.
func (e *Engine) verifyValues(ctx context.Context, large []largeValue, pace func(int) error) (found []kv.Damage, err error) {
	for _, l := range large {
		if err := errors.Join(ctx.Err(), pace(l.size)); err != nil {
			return nil, err
		}
		txn := e.db.NewTransaction(false)
		why := caught(func() error {
			item, err := txn.Get(l.key)
			if errors.Is(err, badger.ErrKeyNotFound) { // deleted since
				return nil
			}
			if err == nil {
				_, _, err = value(item)
			}
			return err
		})
		txn.Discard()
		if why != nil {
			found = append(found, kv.Damage{Low: l.key, High: append(bytes.Clone(l.key), 0),
				Where: fmt.Sprintf("the value at %d of the value log %06d%s", l.offset, l.file, valueExt)})
		}
	}
	return found, nil
}
