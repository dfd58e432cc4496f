package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/log"
)

// held is how much of its log a database holds, and the head that this made. It
// belongs to who follows or leads, of whom there is one at a time.
type held struct {
	applied
	head head
}

// follow begins to apply what the log has and what comes, until unfollow is called.
func (db *DB) follow() {
	if db.isClosing() || db.broken.Load() != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		db.applyAll(ctx)
	}()
	db.unfollow = func() { cancel(); <-done }
}

// retryTime is the pause before the log or the disk is asked again. A variable for
// tests.
var retryTime = time.Second

// applyAll applies records until the context ends, or one comes that cannot be.
func (db *DB) applyAll(ctx context.Context) {
	for ctx.Err() == nil {
		err := db.applyNext(ctx)
		switch {
		case err == nil:
		case errors.As(err, new(*halt)):
			db.broken.Store(&err)
			return
		default: // the log cannot be reached, or the disk is full
			select {
			case <-ctx.Done():
			case <-time.After(retryTime):
			}
		}
	}
}

// catchUp applies what the log has by now.
func (db *DB) catchUp(ctx context.Context) error {
	if broken := db.broken.Load(); broken != nil {
		return *broken
	}
	last, err := db.opts.Log.Last(ctx)
	for err == nil && db.held.place < last {
		err = db.applyNext(ctx)
	}
	if errors.As(err, new(*halt)) {
		db.broken.Store(&err)
	}
	return err
}

// halt says that a database can apply no more records.
type halt struct {
	place log.Place
	cause error
}

func (h *halt) Error() string {
	return fmt.Sprintf("store: the record at place %d of the log cannot be applied, and none after it: %v", h.place, h.cause)
}

func (h *halt) Unwrap() error { return h.cause }

// applyNext waits for the next record and applies it.
func (db *DB) applyNext(ctx context.Context) error {
	b, err := db.opts.Log.Next(ctx, db.held.place)
	if err != nil {
		return err
	}
	place := db.held.place + 1
	r, err := decodeGroup(b)
	if err != nil {
		return &halt{place, err}
	}
	if r.term < db.held.term || r.term == db.held.term && r.begins {
		return db.pass(place)
	}
	if err := db.fits(r); err != nil {
		return &halt{place, err}
	}
	if err := db.engine.Room(kv.Cost(nil, b)); errors.Is(err, kv.ErrNoSpace) {
		return err
	}
	purged := purgedBy(r.ops)
	db.hot.forget(purged)
	if err := db.hold(r, b); err != nil {
		return &halt{place, err}
	}
	if len(purged) > 0 {
		db.purges.Add(1)
	}
	db.learned(r)
	return nil
}

// fits reports why a record does not belong after what the database holds.
func (db *DB) fits(r groupRecord) error {
	switch {
	case r.previous != db.held.chain:
		return errors.New("the one before it is another one than the database holds: the databases have diverged")
	case r.before != db.held.head:
		return fmt.Errorf("it was made after commit %d, and the database holds commit %d: the databases have diverged", r.before.seq, db.held.head.seq)
	case r.term > db.held.term && !r.begins:
		return fmt.Errorf("it is of term %d, which has not begun", r.term)
	}
	return nil
}

// hold writes a record that is in the log, and makes what it holds the newest state.
func (db *DB) hold(r groupRecord, b []byte) error {
	now := held{applied{db.held.place + 1, r.term, sha256.Sum256(b)}, r.after}
	err := db.engine.Write(append(r.ops[:len(r.ops):len(r.ops)], now.op()))
	if err == nil {
		db.posts.wrote(r.before.seq, r.after.seq, r.ops)
	}
	if err == nil && slices.ContainsFunc(r.ops, func(op kv.Op) bool { return bytes.Equal(op.Key, keyParameters) }) {
		err = db.redefine(now.head.seq)
	}
	if err == nil {
		err = db.advance(now.head.seq)
	}
	if err != nil {
		return err
	}
	before := db.held.head.seq
	db.held = now
	db.holds.Store(&now.applied)
	if now.head.seq != before {
		db.publish(now.head.seq)
	}
	return nil
}

// pass passes over a record of a term that had ended when it came into the log.
func (db *DB) pass(place log.Place) error {
	now := db.held.applied
	now.place = place
	if err := db.engine.Write([]kv.Op{now.op()}); err != nil {
		return &halt{place, err}
	}
	db.held.applied = now
	db.holds.Store(&now)
	return nil
}

// learned takes over what the process keeps of the database besides.
func (db *DB) learned(r groupRecord) {
	for _, op := range r.ops {
		if len(op.Key) > 1 && op.Key[0] == tableName {
			db.names.Add(string(op.Key[1:]))
			db.named.Store(uint64(r.after.seq))
		}
	}
}

// Applied is the newest commit that the database holds, by whoever it was made, and
// why it does not follow its log any more; nil where it does, or needs none.
func (db *DB) Applied() (fhir.Seq, error) {
	if broken := db.broken.Load(); broken != nil && errors.As(*broken, new(*halt)) {
		return db.Head(), *broken
	}
	return db.Head(), nil
}

// recall reads how much of its log the database holds. What only a database by
// itself may do when it is opened is refused to one that follows.
func (db *DB) recall(v view) error {
	b, ok, err := v.r.Get(keyApplied)
	switch {
	case err != nil:
		return err
	case db.opts.Log == nil && ok:
		return errors.New("store: the database follows a log, without which it is not to be written")
	case db.opts.Log == nil:
		return nil
	case !ok:
		return nil // nobody else has what it holds yet
	}
	if db.held.applied, err = decodeApplied(b); err != nil {
		return err
	}
	known := db.held.applied
	db.holds.Store(&known)
	index, _, err := v.r.Get(keyIndex)
	if err != nil {
		return err
	}
	owners, _, err := v.r.Get(keyOwners)
	if err == nil && (string(index) != string(encodeSeq(indexVersion)) || db.opts.Owners != nil && string(owners) != string(db.ownersVersion())) {
		err = errors.New("store: the index or the owners were made by another version of this program, which is not renewed where several follow a log: begin a new log from a backup that this program has restored")
	}
	return err
}
