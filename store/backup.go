package store

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/archive"
	"github.com/pestle-fhir/pestle/store/kv"
)

// Backup writes the commits after since, 0 for all, up to the newest one to an
// archive that begin makes of the header; the caller closes it. Writes go on
// meanwhile and are not in it. The index is left out: it follows from the
// versions, and [Restore] makes it.
//
// Followers' cursors and receipts are in the archive as of the same commit, so a
// restored database goes on where the archive ends.
func (db *DB) Backup(ctx context.Context, since fhir.Seq, begin func(archive.Header) (*archive.Writer, error)) (h archive.Header, err error) {
	if h.Database, err = db.identify(); err != nil {
		return h, failed("backup", err)
	}
	return h, db.look("backup", 0, func(v view) error {
		if since > v.at {
			return fhir.E("backup", fhir.Invalid, fhir.Issue{Message: "The earlier backup holds commits that this database does not have: it is not a backup of it, or the database was rolled back.",
				Expected: "at most commit " + formatSeq(v.at), Found: formatSeq(since)})
		}
		record, err := v.record(max(v.at, 1))
		if v.at > 0 && err != nil {
			return err
		}
		h.Layout, h.Since, h.Seq, h.Time = formatVersion, uint64(since), uint64(v.at), instant(record.millis)
		w, err := begin(h)
		if err != nil {
			return err
		}
		b := &backup{ctx: ctx, v: v, w: w, since: since}
		if since == 0 {
			return b.all()
		}
		return b.later()
	})
}

func formatSeq(s fhir.Seq) string { return strconv.FormatUint(uint64(s), 10) }

// identify is the name of the database, given when it is first asked for.
func (db *DB) identify() (string, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	snap, err := db.engine.Snapshot()
	if err != nil {
		return "", err
	}
	defer snap.Close()
	id, ok, err := snap.Get(keyDatabase)
	if err != nil || ok {
		return string(id), err
	}
	fresh := uuid.NewString()
	return fresh, db.engine.Write([]kv.Op{{Key: keyDatabase, Value: []byte(fresh)}})
}

// backup is one under way.
type backup struct {
	ctx   context.Context
	v     view
	w     *archive.Writer
	since fhir.Seq
}

// tables are those that a backup holds, in order.
var tables = []byte{tableMeta, tableIdentity, tableVersion, tableLog, tableHistory, tableCursor, tableReceipt}

func (b *backup) all() error {
	for _, table := range tables {
		if err := b.table(table, nil); err != nil {
			return err
		}
	}
	return nil
}

// table writes the rows of a table that are wanted, all for nil.
func (b *backup) table(table byte, want func(value []byte) (bool, error)) error {
	low := []byte{table}
	it := b.v.r.Iterate(low, after(low), false)
	var err error
	for err == nil && it.Next() {
		if err = b.ctx.Err(); err != nil || bytes.Equal(it.Key(), keyIndex) || bytes.Equal(it.Key(), keyDatabase) {
			continue
		}
		ok := true
		if want != nil {
			ok, err = want(it.Value())
		}
		if ok && err == nil {
			err = b.w.Record(it.Key(), it.Value())
		}
	}
	return ended(it, err)
}

// later writes what the commits after since wrote: what they list in the log,
// and of the tables that are rewritten the rows as they are.
func (b *backup) later() error {
	for seq := b.since + 1; seq <= b.v.at; seq++ {
		if err := b.commit(seq); err != nil {
			return err
		}
	}
	receipt := func(value []byte) (bool, error) {
		seq, _, err := decodeReceipt(value)
		return seq >= b.since, err // one that wrote no version has the commit before it
	}
	return errors.Join(b.table(tableMeta, nil), b.table(tableCursor, nil), b.table(tableReceipt, receipt))
}

func (b *backup) commit(seq fhir.Seq) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	record, err := b.v.record(seq)
	if err != nil {
		return err
	}
	keys := [][]byte{keyLog(seq)}
	for i, p := range record.versions {
		ver, err := b.v.version(p.typ, p.rid, p.vno)
		if err != nil {
			return err
		}
		keys = append(keys, keyVersion(p.typ, p.rid, p.vno), keyHistory(p.typ, fhir.LogPlace{Seq: seq, Place: i}), keyIdentity(p.typ, ver.ID))
	}
	for _, key := range keys {
		value, ok, err := b.v.r.Get(key)
		if err != nil {
			return err
		}
		if !ok {
			return errCorrupt
		}
		if err := b.w.Record(key, value); err != nil {
			return err
		}
	}
	return nil
}
