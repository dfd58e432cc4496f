package badger

import (
	"bytes"
	"hash/crc32"
	"math"

	badger "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/badger/v4/y"
	"github.com/dgraph-io/ristretto/v2"
	"github.com/dgraph-io/ristretto/v2/z"
)

// openedTable is what an inspection reads of a table.
type openedTable struct {
	mark uint32 // of its content, see tableMark
	seal seal   // the newest one that it holds; none for a count of 0
}

// openTable opens a table for reading as the engine will, and closes it.
func openTable(path string, m badger.TableManifest, keys *badger.KeyRegistry) (o openedTable, err error) {
	options, done, err := tableOptions(m, keys)
	if err != nil {
		return o, err
	}
	defer done()
	err = withTable(path, func(file *z.MmapFile) error {
		t, err := table.OpenTable(file, options)
		if err == nil {
			o = openedTable{markOf(file.Data), sealIn(t)}
		}
		return err
	})
	return o, err
}

// tableOptions is how a table is opened, with its data key where it is encrypted.
func tableOptions(m badger.TableManifest, keys *badger.KeyRegistry) (o table.Options, done func(), err error) {
	s := settings("", nil)
	o = table.Options{ReadOnly: true, Compression: m.Compression, BlockSize: s.BlockSize, ChkMode: s.ChecksumVerificationMode}
	if o.DataKey, err = dataKey(keys, m.KeyID); err != nil || o.DataKey == nil {
		return o, func() {}, err
	}
	o.IndexCache, err = ristretto.NewCache(&ristretto.Config[uint64, *fb.TableIndex]{NumCounters: 100, MaxCost: indexCache, BufferItems: 64})
	if err != nil {
		return o, nil, err
	}
	return o, o.IndexCache.Close, nil
}

// sealIn finds the newest seal that a table holds. Few tables hold one: they end
// with it, or with the keys behind it.
func sealIn(t *table.Table) (s seal) {
	if bytes.Compare(y.ParseKey(t.Biggest()), sealKey) < 0 {
		return s
	}
	it := t.NewIterator(table.NOCACHE)
	defer func() { _ = it.Close() }() // it was only read
	it.Seek(y.KeyWithTs(sealKey, math.MaxUint64))
	if it.Valid() && bytes.Equal(y.ParseKey(it.Key()), sealKey) {
		s, _ = sealOf(it.Value().Value)
	}
	return s
}

// The ends of a table that tell it from others: the beginning of its data, and
// the checksum of its index, which has the keys, sizes and versions of all blocks.
const (
	tableHead = 4096
	tableTail = 64
)

func markOf(data []byte) uint32 {
	sum := crc32.Update(uint32(len(data)), castagnoli, data[:min(len(data), tableHead)])
	return crc32.Update(sum, castagnoli, data[max(0, len(data)-tableTail):])
}

// tableMark tells a table from others of the same name.
func tableMark(path string) (mark uint32, err error) {
	err = withTable(path, func(file *z.MmapFile) error {
		mark = markOf(file.Data)
		return nil
	})
	return mark, err
}
