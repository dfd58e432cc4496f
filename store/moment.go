package store

import (
	"sync/atomic"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// moment is the database as one commit has left it. All who read hold the
// newest one together: a snapshot of their own would have to wait for the
// write under way. It holds nothing that is later than its sequence.
type moment struct {
	db   *DB
	snap kv.Snapshot
	seq  fhir.Seq
	// parameters are the SearchParameters that are stored in it.
	parameters *parameters
	refs       atomic.Int64 // its readers, and one while it is the newest
}

// advance makes what the engine holds the newest moment.
func (db *DB) advance(seq fhir.Seq) error {
	db.turn.Lock()
	defer db.turn.Unlock()
	snap, err := db.engine.Snapshot()
	if err != nil {
		return err
	}
	db.hand(snap, seq, db.parameters.Load())
	return nil
}

// hand makes a snapshot the newest moment; whoever calls it has the turn.
func (db *DB) hand(snap kv.Snapshot, seq fhir.Seq, stored *parameters) {
	m := &moment{db: db, snap: snap, seq: seq, parameters: stored}
	m.refs.Store(1)
	db.moments.Add(1)
	if before := db.newest.Swap(m); before != nil {
		before.release()
	}
}

// now gives the newest moment, to be released; nil when the database is closed.
func (db *DB) now() *moment {
	for {
		m := db.newest.Load()
		if m == nil || m.hold() {
			return m
		}
	}
}

// hold adds a reader; false when the snapshot has been closed.
func (m *moment) hold() bool {
	for {
		n := m.refs.Load()
		if n == 0 {
			return false
		}
		if m.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (m *moment) release() {
	if m.refs.Add(-1) == 0 {
		m.snap.Close()
		m.db.moments.Done()
	}
}

// end takes the newest moment away and waits for all readers.
func (db *DB) end() {
	db.turn.Lock()
	m := db.newest.Swap(nil)
	db.turn.Unlock()
	if m != nil {
		m.release()
	}
	db.moments.Wait()
}
