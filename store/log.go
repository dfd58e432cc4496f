package store

import (
	"context"
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// publish makes a commit the newest and wakes those who wait for it.
func (db *DB) publish(seq fhir.Seq) {
	db.head.Store(uint64(seq))
	db.mu.Lock()
	defer db.mu.Unlock()
	close(db.moved)
	db.moved = make(chan struct{})
}

// Wait returns when there is a commit behind a sequence, or with the context's
// error when that ends first, or with [kv.ErrClosed].
func (db *DB) Wait(ctx context.Context, behind fhir.Seq) error {
	for {
		db.mu.Lock()
		moved := db.moved
		db.mu.Unlock()
		if db.Head() > behind {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		case <-db.done:
			return kv.ErrClosed
		}
	}
}

// maxLog is how many bytes of resources an answer of Log may hold before it
// ends early: a commit may be a Bundle of thousands. A variable for tests.
var maxLog = 4 << 20

// Log gives up to limit commits behind a sequence, in order: fewer where they
// are large, and none only at the end of the log.
func (db *DB) Log(ctx context.Context, behind fhir.Seq, limit int) (entries []fhir.LogEntry, err error) {
	err = db.decide(ctx, "log", 0, func(v view) error {
		size := 0
		for seq := behind + 1; seq <= v.at && len(entries) < limit && size < maxLog; seq++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			e, err := v.entry(seq)
			if err != nil {
				return err
			}
			entries = append(entries, e)
			for _, ver := range e.Versions {
				size += len(ver.JSON)
			}
		}
		return nil
	})
	return entries, err
}

// entry reads one commit with its versions.
func (v view) entry(seq fhir.Seq) (fhir.LogEntry, error) {
	c, err := v.record(seq)
	if err != nil {
		return fhir.LogEntry{}, err
	}
	e := fhir.LogEntry{Seq: seq, Time: instant(c.millis), Versions: make([]*fhir.Version, len(c.versions))}
	for i, p := range c.versions {
		if e.Versions[i], err = v.version(p.typ, p.rid, p.vno); err != nil {
			return e, err
		}
	}
	if len(e.Versions) > 0 {
		e.Requester, e.RequestID = e.Versions[0].Requester, e.Versions[0].RequestID
	}
	return e, nil
}

// record reads the record of a commit that must be there.
func (v view) record(seq fhir.Seq) (commitRecord, error) {
	if c, ok := v.lately.record(seq); ok {
		return c, nil
	}
	b, ok, err := v.r.Get(keyLog(seq))
	if err == nil && !ok {
		err = fmt.Errorf("%w: log entry %d is missing", errCorrupt, seq)
	}
	if err != nil {
		return commitRecord{}, err
	}
	return decodeCommit(b)
}

// CursorAt gives where a follower's cursor stands, 0 before its first move.
func (db *DB) CursorAt(ctx context.Context, name string) (seq fhir.Seq, err error) {
	err = db.look("cursor", 0, func(v view) error {
		seq, err = v.cursor(name)
		return err
	})
	return seq, err
}

func (v view) cursor(name string) (fhir.Seq, error) {
	b, ok, err := v.r.Get(keyCursor(name))
	if err != nil || !ok {
		return 0, err
	}
	return decodeSeq(b)
}

// ReceiptFor gives the answer that a transaction left under a key.
func (db *DB) ReceiptFor(ctx context.Context, key string) (receipt fhir.Receipt, ok bool, err error) {
	err = db.look("receipt", 0, func(v view) error {
		_, body, found, err := v.receipt(key)
		receipt, ok = fhir.Receipt{Key: key, Body: body}, found
		return err
	})
	return receipt, ok, err
}

func (v view) receipt(key string) (seq fhir.Seq, body []byte, ok bool, err error) {
	b, ok, err := v.r.Get(keyReceipt(key))
	if err != nil || !ok {
		return 0, nil, false, err
	}
	seq, body, err = decodeReceipt(b)
	return seq, body, err == nil, err
}
