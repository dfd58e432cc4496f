package badger

import (
	"fmt"

	badger "github.com/dgraph-io/badger/v4"
	"github.com/klauspost/compress/s2"

	"github.com/pestle-fhir/pestle/store/kv"
)

// Values from this size on are compressed one by one before they are written.
// The engine compresses its tables, but not its write-ahead log and buffer,
// and a disk has to take the log before a commit is durable: it is halved.
const packFrom = 128

// packed marks an entry whose value is compressed.
const packed = 1

// entry makes the engine's entry of a key and value.
func entry(key, value []byte) *badger.Entry {
	if len(value) < packFrom {
		return badger.NewEntry(key, value)
	}
	short := s2.Encode(nil, value)
	if len(short) >= len(value) {
		return badger.NewEntry(key, value)
	}
	return badger.NewEntry(key, short).WithMeta(packed)
}

// value reads the value of an entry. It is a copy, or lent where lent is said.
func value(item *badger.Item) (value []byte, lent bool, err error) {
	err = item.Value(func(v []byte) error {
		if item.UserMeta() != packed {
			value, lent = v, true
			return nil
		}
		var err error
		value, err = s2.Decode(nil, v)
		return err
	})
	if err == nil && len(value) == 0 && item.ValueSize() > 0 { // the engine returns no error for it
		err = fmt.Errorf("%w: a value in a value log (.vlog) cannot be read, or its checksum is wrong", kv.ErrDamaged)
	}
	return value, lent, failure(err)
}
