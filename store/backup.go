package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/archive"
)

// Backup writes the commits after an earlier backup, nil for all, up to the
// newest one to an archive that begin makes of the header; the caller closes it.
// Writes go on meanwhile and are not in it. The index and the owners are left out:
// they follow from the versions, and [Open] makes them after [Restore].
//
// Followers' cursors and receipts are in the archive as of the same commit, so a
// restored database goes on where the archive ends. A damaged database is
// refused before begin: what cannot be read would be missing from the archive.
func (db *DB) Backup(ctx context.Context, earlier *archive.Header, begin func(archive.Header) (*archive.Writer, error)) (h archive.Header, err error) {
	return db.backup(ctx, earlier, false, begin)
}

// backup writes a backup, or a full copy of everything that others have of a log too.
func (db *DB) backup(ctx context.Context, earlier *archive.Header, copies bool, begin func(archive.Header) (*archive.Writer, error)) (h archive.Header, err error) {
	if damage, err := db.engine.Verify(ctx, nil); err != nil {
		return h, err
	} else if len(damage) > 0 {
		return h, fmt.Errorf("store: the database is damaged: %s. `pestle check` lists what is lost with it; restore the newest backup from before", damage[0].Where)
	}
	db.copying.RLock()
	defer db.copying.RUnlock()
	return h, db.look("backup", 0, func(v view) (err error) {
		b := &backup{ctx: ctx, v: v, contents: db.opts.Contents, shelved: db.opts.Shelved}
		if earlier != nil {
			if b.since, err = v.continued(*earlier); err != nil {
				return err
			}
		}
		h.Layout, h.Since, h.Seq = formatVersion, uint64(b.since), uint64(v.at)
		if h.Base, _, err = v.digest(b.since); err != nil {
			return err
		}
		if h.Tip, h.Time, err = v.digest(v.at); err != nil {
			return err
		}
		if copies {
			followed, _, err := followedBy(v.r)
			if err != nil {
				return err
			}
			h.Place = uint64(followed.Place)
		}
		if b.w, err = begin(h); err != nil {
			return err
		}
		switch {
		case copies:
			err = b.everything()
		case b.since == 0:
			err = b.all()
		default:
			err = b.later()
		}
		if err != nil {
			return err
		}
		return b.copyContents()
	})
}

// continued is the commit that an earlier backup ends with, if it is one of
// this database.
func (v view) continued(earlier archive.Header) (fhir.Seq, error) {
	since := fhir.Seq(earlier.Seq)
	tip := "none"
	if since <= v.at {
		var err error
		if tip, _, err = v.digest(since); err != nil || tip == earlier.Tip {
			return since, err
		}
	}
	return 0, fhir.E("backup", fhir.Invalid, fhir.Issue{Message: "The earlier backup ends with a commit that this database does not have: it is of another database, or this one was rolled back.",
		Expected: "commit " + formatSeq(since) + " with digest " + earlier.Tip, Found: tip + ", of " + formatSeq(v.at) + " commits", Fix: "Write a full backup."})
}

// digest is the SHA-256 of a commit, of its log entry and all that it wrote,
// with its time; empty for commit 0.
func (v view) digest(seq fhir.Seq) (string, time.Time, error) {
	if seq == 0 {
		return "", time.Time{}, nil
	}
	record, err := v.record(seq)
	if err != nil {
		return "", time.Time{}, err
	}
	keys := [][]byte{keyLog(seq)}
	for _, p := range record.versions {
		keys = append(keys, keyVersion(p.typ, p.rid, p.vno))
	}
	sum := sha256.New()
	for _, key := range keys {
		value, ok, err := v.r.Get(key)
		if err != nil || !ok {
			return "", time.Time{}, cmp.Or(err, errCorrupt)
		}
		one := sha256.Sum256(value)
		if key[0] == tableVersion {
			if one, err = recordSum(value); err != nil {
				return "", time.Time{}, err
			}
		}
		sum.Write(one[:])
	}
	return hex.EncodeToString(sum.Sum(nil)), instant(record.millis), nil
}

func formatSeq(s fhir.Seq) string { return strconv.FormatUint(uint64(s), 10) }

// backup is one under way.
type backup struct {
	ctx   context.Context
	v     view
	w     *archive.Writer
	since fhir.Seq

	contents Contents // nil where the database was opened without
	shelved  []string // beginnings of names on the shelf
}

// copyContents writes the contents to which versions refer, of those that were written
// after since.
func (b *backup) copyContents() error {
	prefix := keyParam("Binary", contentParam)
	it := b.v.r.Iterate(prefix, after(prefix), false)
	var last fhir.Content
	var err error
	for err == nil && it.Next() {
		key, _, from := splitRow(it.Key(), len(prefix))
		c, ok := contentOfKey(key)
		if !ok {
			err = errCorrupt
			break
		}
		if c == last || from <= b.since || from > b.v.at {
			continue
		}
		last = c
		err = b.content(c)
	}
	return ended(it, err)
}

func (b *backup) content(c fhir.Content) error {
	if b.contents == nil {
		return errors.New("store: the database refers to contents and was opened without their place")
	}
	in, err := b.contents.Open(b.ctx, c)
	if err != nil {
		return fmt.Errorf("store: the content %x cannot be backed up: %w; `pestle check` names what refers to it", c.SHA256, err)
	}
	defer func() { _ = in.Close() }()
	return b.w.Content(c.SHA256, c.Size, in)
}

// tables are those that a backup holds, in order.
var tables = []byte{tableMeta, tableIdentity, tableVersion, tableLog, tableHistory, tableCursor, tableReceipt, tableTile, tablePurge}

// derived reports whether a key says which index and owners this engine has, how much of
// a log, which a database that is restored begins anew, or is of this engine alone.
func derived(key []byte) bool {
	return bytes.Equal(key, keyIndex) || bytes.Equal(key, keyParameters) || bytes.Equal(key, keyOwners) || bytes.Equal(key, keyApplied) || alone(key)
}

// alone reports whether a key says how far the verification of this engine is, what it
// has erased, or by which program it was opened.
func alone(key []byte) bool {
	return bytes.Equal(key, keyAudit) || bytes.Equal(key, keyErased) || bytes.Equal(key, keyProgram)
}

func (b *backup) all() error {
	for _, table := range tables {
		if err := b.table(table, nil); err != nil {
			return err
		}
	}
	return b.shelf()
}

// shelf writes what a backup has of the shelf: all of it each time, since no commit says
// when it was written.
func (b *backup) shelf() error {
	for _, name := range b.shelved {
		low := append([]byte{tableShelf}, name...)
		it := b.v.r.Iterate(low, after(low), false)
		var err error
		for err == nil && it.Next() {
			err = b.w.Record(it.Key(), it.Value())
		}
		if err = ended(it, err); err != nil {
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
		if err = b.ctx.Err(); err != nil || derived(it.Key()) {
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
	return errors.Join(b.table(tableMeta, nil), b.table(tableCursor, nil), b.table(tableReceipt, receipt), b.table(tableTile, nil), b.purges(), b.shelf())
}

// purges writes what the commits after since have emptied, of whatever commit it is.
func (b *backup) purges() error {
	return b.v.eachPurge(b.ctx, b.since+1, func(key []byte, _ fhir.Seq, row []byte) error {
		value, ok, err := b.v.r.Get(row)
		if err == nil && !ok {
			err = errCorrupt
		}
		if err == nil {
			err = b.w.Record(row, value)
		}
		if err == nil {
			err = b.w.Record(key, holds)
		}
		return err
	})
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
