package store

import (
	"context"
	"maps"
	"slices"

	"github.com/pestle-fhir/pestle/store/kv"
)

// Shelf keeps values by name beside the commits: what a server must not forget,
// such as its clients and the tokens that are in force, and what is nobody's
// record. It is in no digest, and in backups only as far as [Options.Shelved] says. That of a
// database which follows a log is written by the one that leads, and is the same in all.
type Shelf struct {
	engine kv.Engine
	table  byte
	write  func([]kv.Op) error // nil to write the engine
}

// NewShelf returns the shelf of an engine. It needs no open [DB].
func NewShelf(engine kv.Engine) *Shelf { return &Shelf{engine: engine, table: tableShelf} }

// NewMessages returns the shelf of the log of messages: one of its own, since it holds much
// more than what a server reads when it starts.
func NewMessages(engine kv.Engine) *Shelf { return &Shelf{engine: engine, table: tableMessages} }

// Shelf is the shelf of an open database, and Messages that of the log of messages.
func (db *DB) Shelf() *Shelf { return db.shelf(tableShelf) }

// Messages is [DB.Shelf] of the log of messages: see [NewMessages].
func (db *DB) Messages() *Shelf { return db.shelf(tableMessages) }

func (db *DB) shelf(table byte) *Shelf {
	s := &Shelf{engine: db.engine, table: table}
	if db.opts.Log != nil {
		s.write = func(ops []kv.Op) error {
			_, err := db.submit(&request{ctx: context.Background(), shelf: ops, done: make(chan struct{})})
			return err
		}
	}
	return s
}

// The tables of shelves.
const (
	tableShelf    = 's'
	tableMessages = 'g'
)

// Write stores values by name and deletes those that are nil: all of them or
// none, and durable when it returns. The error is kv.ErrNoSpace where the disk
// is too full.
func (s *Shelf) Write(values map[string][]byte) error {
	batch := make([]kv.Op, 0, len(values))
	size := int64(0)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		op := kv.Op{Key: append([]byte{s.table}, name...), Value: values[name]}
		batch, size = append(batch, op), size+kv.Cost(op.Key, op.Value)
	}
	if err := s.engine.Room(size); err != nil {
		return err
	}
	if s.write != nil {
		return s.write(batch)
	}
	return s.engine.Write(batch)
}

// Get returns the value of a name; nil where there is none.
func (s *Shelf) Get(name string) ([]byte, error) {
	snap, err := s.engine.Snapshot()
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	value, ok, err := snap.Get(append([]byte{s.table}, name...))
	if err != nil || !ok {
		return nil, err
	}
	return slices.Clone(value), nil
}

// Each calls f with each name and value in the order of the names, until f fails.
func (s *Shelf) Each(f func(name string, value []byte) error) error {
	snap, err := s.engine.Snapshot()
	if err != nil {
		return err
	}
	defer snap.Close()
	it := snap.Iterate([]byte{s.table}, []byte{s.table + 1}, false)
	for err == nil && it.Next() {
		err = f(string(it.Key()[1:]), slices.Clone(it.Value()))
	}
	return ended(it, err)
}

// Range calls f with the names from low up to but not including high, and their values, downwards
// where reverse is set, until f returns false. The values belong to f.
func (s *Shelf) Range(low, high string, reverse bool, f func(name string, value []byte) bool) error {
	snap, err := s.engine.Snapshot()
	if err != nil {
		return err
	}
	defer snap.Close()
	it := snap.Iterate(append([]byte{s.table}, low...), append([]byte{s.table}, high...), reverse)
	for it.Next() && f(string(it.Key()[1:]), slices.Clone(it.Value())) {
	}
	return ended(it, nil)
}
