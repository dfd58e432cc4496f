package store

import (
	"fmt"

	"github.com/pestle-fhir/pestle/store/kv"
)

// introduce writes down which program opens the database, where it is another one than
// the last.
func (db *DB) introduce(snap kv.Snapshot) error {
	last, _, err := snap.Get(keyProgram)
	if err != nil || db.opts.Program == "" || string(last) == db.opts.Program {
		return err
	}
	return db.engine.Write([]kv.Op{{Key: keyProgram, Value: []byte(db.opts.Program)}})
}

// otherLayout refuses a database of a layout that this program does not read.
func otherLayout(snap kv.Snapshot, layout uint64) error {
	by := "the program that wrote it"
	if last, ok, err := snap.Get(keyProgram); err == nil && ok {
		by = "pestle " + string(last) + ", which opened it last"
	}
	if layout > formatVersion {
		return fmt.Errorf("store: the database has layout %d and this program reads layout %d: it is too old for it. Use %s, or one that is newer. Nothing was changed", layout, formatVersion, by)
	}
	return fmt.Errorf("store: the database has layout %d and this program reads layout %d: use %s, or load its export into a new database. Nothing was changed", layout, formatVersion, by)
}
