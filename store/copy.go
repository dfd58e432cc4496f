package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/archive"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/log"
)

// Copy is a full [DB.Backup] for another database that is to follow the same log: with
// the index, the shelves, and how much of the log it holds, which its header has too.
// [Restore] takes it.
func (db *DB) Copy(ctx context.Context, begin func(archive.Header) (*archive.Writer, error)) (archive.Header, error) {
	return db.backup(ctx, nil, true, begin)
}

// everything writes all that the database holds, but what is of its engine alone.
func (b *backup) everything() error {
	it := b.v.r.Iterate(nil, nil, false)
	var err error
	for err == nil && it.Next() {
		if err = b.ctx.Err(); err == nil && !alone(it.Key()) {
			err = b.w.Record(it.Key(), it.Value())
		}
	}
	return ended(it, err)
}

// Followed says how much of its log a database holds: up to which place, the newest term,
// and the SHA-256 of the record there, in hexadecimal.
type Followed struct {
	Place log.Place
	Term  uint64
	Sum   string
}

// FollowedBy reads that of an engine, which no database need have open; ok is false for a
// database that has followed no log.
func FollowedBy(engine kv.Engine) (f Followed, ok bool, err error) {
	snap, err := engine.Snapshot()
	if err != nil {
		return f, false, err
	}
	defer snap.Close()
	return followedBy(snap)
}

func followedBy(r kv.Reader) (f Followed, ok bool, err error) {
	b, ok, err := r.Get(keyApplied)
	if err != nil || !ok {
		return f, false, err
	}
	a, err := decodeApplied(b)
	return Followed{a.place, a.term, hex.EncodeToString(a.chain[:])}, err == nil, err
}

// Unfollow makes a database one by itself, which needs its log no more. No database may
// have the engine open.
func Unfollow(engine kv.Engine) error {
	return engine.Write([]kv.Op{{Key: keyApplied}})
}

// ContentsOf are the contents to which the versions in a record of a log refer, which is
// to be held only once they are kept.
func ContentsOf(record []byte) (list []fhir.Content, err error) {
	r, err := decodeGroup(record)
	if err != nil {
		return nil, err
	}
	prefix := keyParam("Binary", contentParam)
	for _, op := range r.ops {
		if op.Value == nil || !bytes.HasPrefix(op.Key, prefix) {
			continue
		}
		key, _, _ := splitRow(op.Key, len(prefix))
		c, ok := contentOfKey(key)
		if !ok {
			return nil, errCorrupt
		}
		if !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list, nil
}

// ReceiveContent keeps a content to which versions refer that are to come by the log.
// Until release is called nobody removes it.
func (db *DB) ReceiveContent(ctx context.Context, r io.Reader) (c fhir.Content, release func(), err error) {
	return db.holdContent(ctx, r)
}

// HoldContent reports whether a content is kept. Where it is, nobody removes it until
// release is called.
func (db *DB) HoldContent(ctx context.Context, c fhir.Content) (release func(), ok bool) {
	db.pins.add(c)
	in, err := db.opts.Contents.Open(ctx, c)
	if err != nil {
		db.pins.remove(c)
		return nil, false
	}
	_ = in.Close()
	return func() { db.pins.remove(c) }, true
}
