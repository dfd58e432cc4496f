package store

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// Unerased is the newest commit that has purged something whose bytes may still be
// on the disk of this engine, 0 for none. A database that was restored from an older
// archive and others that continue it has them too.
func (db *DB) Unerased() (seq fhir.Seq, err error) {
	err = db.look("erase", 0, func(v view) error {
		newest, err := v.newestPurge()
		if err != nil || newest == 0 {
			return err
		}
		b, ok, err := v.r.Get(keyErased)
		if err != nil {
			return err
		}
		erased := fhir.Seq(0)
		if ok {
			if erased, err = decodeSeq(b); err != nil {
				return err
			}
		}
		if erased < newest {
			seq = newest
		}
		return nil
	})
	return seq, err
}

func (v view) newestPurge() (seq fhir.Seq, err error) {
	table := []byte{tablePurge}
	it := v.r.Iterate(table, after(table), true)
	if it.Next() {
		var ok bool
		if seq, _, ok = splitPurge(it.Key()); !ok {
			err = errCorrupt
		}
	}
	return seq, ended(it, err)
}

// Erase removes the bytes of what was purged: the contents, and from the disk of the engine, see [kv.Engine]. Reads
// and writes go on meanwhile. After an error, such as [kv.ErrHeld] where a reader still
// sees what was purged, and after a crash it is to be called again.
func (db *DB) Erase(ctx context.Context) error {
	seq, err := db.Unerased()
	if err != nil || seq == 0 {
		return err
	}
	if _, err := db.Sweep(ctx); err != nil {
		return failed("erase", err)
	}
	if err := db.engine.Erase(ctx, db.refresh); err != nil {
		return failed("erase", err)
	}
	if err := db.engine.Room(0); err != nil {
		return err
	}
	if err := db.engine.Write([]kv.Op{{Key: keyErased, Value: encodeSeq(seq)}}); err != nil {
		return err
	}
	return db.refresh()
}

// refresh makes the newest moment anew, so that nobody who comes holds the snapshot
// of before.
func (db *DB) refresh() error {
	db.turn.Lock()
	defer db.turn.Unlock()
	if db.newest.Load() == nil {
		return kv.ErrClosed
	}
	snap, err := db.engine.Snapshot()
	if err != nil {
		return err
	}
	h, err := view{r: snap}.head()
	if err != nil {
		snap.Close()
		return err
	}
	p, err := view{r: snap}.parameters()
	if err != nil {
		snap.Close()
		return err
	}
	if p == nil { // none is written yet
		p = db.newest.Load().parameters
	}
	db.hand(snap, h.seq, p)
	return nil
}
