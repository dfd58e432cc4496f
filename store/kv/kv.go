// Package kv is the contract between the store and an ordered key-value
// engine. An engine holds keys and values of bytes, gives consistent snapshots
// of them and writes a batch durably and all at once. It knows nothing of what
// the keys mean.
//
// The suite of store/kv/kvtest holds every engine to this contract.
package kv

import (
	"context"
	"errors"
)

// Errors that engines return, possibly wrapped.
var (
	// ErrTooBig says that a batch is beyond [Engine.Limits]. Nothing of it is
	// written.
	ErrTooBig = errors.New("kv: the batch is too big")
	// ErrClosed says that the engine has been closed.
	ErrClosed = errors.New("kv: the engine is closed")
	// ErrNoSpace says that the disk has too little room for a batch. Nothing of
	// it is written.
	ErrNoSpace = errors.New("kv: the disk is full")
	// ErrHeld says that what is to be erased from the disk is still in use.
	ErrHeld = errors.New("kv: what is to be erased is still in use")
	// ErrDamaged says that keys cannot be read because what holds them is
	// damaged.
	ErrDamaged = errors.New("kv: a part of the database is damaged")
)

// Reader is a consistent view of all keys.
type Reader interface {
	// Get returns the value of a key and whether there is one. The value stays
	// valid, also when the reader and the engine are closed, and is never
	// changed: neither by the engine nor by who has it. The engine reads the key
	// during the call only.
	Get(key []byte) (value []byte, ok bool, err error)
	// Iterate walks the keys of the half-open range [low, high) upwards, or
	// downwards from its end when reverse is set. A nil high is open. The engine
	// reads low and high up to Close of the iterator: they must not be changed
	// before.
	Iterate(low, high []byte, reverse bool) Iterator
}

// Iterator walks the keys of a range. It starts before the first one:
//
//	for it.Next() { use(it.Key(), it.Value()) }
//	err := it.Close()
//
// It serves one goroutine and must be closed before its reader is.
type Iterator interface {
	// Next goes to the next key; false at the end or on an error.
	Next() bool
	// Seek goes to the first key at or behind the given one, in the direction
	// of the iterator, and so may also lead back. It stays within the range. It
	// reads the key during the call only; that may be Key of this iterator.
	Seek(key []byte) bool
	// Key and Value are those at the position of the iterator. Both belong to the engine:
	// they are valid up to the next call of Next, Seek or Close only, when it may
	// overwrite them, and must not be changed. Who keeps one longer copies it.
	Key() []byte
	Value() []byte
	// Close ends the walk and gives the error that ended it early, if any.
	Close() error
}

// Snapshot is a Reader of the state at one moment. It must be closed.
type Snapshot interface {
	Reader
	Close()
}

// Op is one operation of a batch: a nil Value deletes the key, an empty one
// that is not nil is stored as a value of no bytes.
type Op struct{ Key, Value []byte }

// Engine is an ordered key-value store. It is safe for concurrent use.
type Engine interface {
	// Snapshot gives the state as of now: all that Write has acknowledged.
	Snapshot() (Snapshot, error)
	// Write applies all operations or none, whatever happens meanwhile, and
	// returns when they will survive a crash of the machine. The keys of a
	// batch are distinct. The slices belong to the caller: the engine reads them
	// during the call only, and changes none.
	Write(batch []Op) error
	// Room reports whether a batch of so many bytes, by [Cost], can be written
	// now: ErrNoSpace where the disk is too full for it and for what the engine
	// may have to write after it.
	Room(bytes int64) error
	// Limits is how many operations and how many bytes, by [Cost], a batch
	// may hold at most.
	Limits() (ops int, bytes int64)
	// Verify reads everything that is on disk and returns what of it is
	// damaged. Reads of that are ErrDamaged from then on; before, they may pass
	// over it in silence. Before it reads it calls pace, which may be nil, with
	// the number of bytes; that may wait, or end it with an error.
	Verify(ctx context.Context, pace func(bytes int) error) ([]Damage, error)
	// Erase removes from the disk what was overwritten or deleted before the call;
	// reads and writes go on meanwhile. It calls renew once, for its caller to close
	// the snapshots that it has open and to take new ones. Where others stay open that
	// see what is to go, or files with it are in use, it is ErrHeld: Erase is to be
	// called again later, as after any other error and after a crash.
	Erase(ctx context.Context, renew func() error) error
	// Size is how many bytes the engine takes on disk, or in memory when it
	// has no disk.
	Size() (int64, error)
	// Encrypted reports whether what the engine has on a disk can be read with
	// a key only.
	Encrypted() bool
	// Close waits for writes under way and releases everything.
	Close() error
}

// Cost is what an operation counts against the limit of bytes: its key, its
// value and 12 bytes that an engine may add to each.
func Cost(key, value []byte) int64 { return int64(len(key)+len(value)) + 12 }

// Damage is a part of an engine that cannot be read: where it is, for the
// operator, and the range [Low, High) of the keys that it may hold.
type Damage struct {
	Where     string
	Low, High []byte
}
