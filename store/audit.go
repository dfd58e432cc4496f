package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// Audit is the check of the log, the resources and the index against each other,
// all as of one commit. It is done in steps, each in a view of its own, so that no
// snapshot is held for long, and can go on in another process: its state is JSON.
type Audit struct {
	Findings
	Before Findings // of the audit before, which came to its end
	Begun  bool
	Part   int    // of parts; behind the last one it is done
	Next   []byte // the key at which the part goes on; nil for its beginning

	Index   fhir.Seq          // version of the extraction by which the index is judged
	Stale   bool              // the index was made by another version of the extraction
	Partial bool              // a part could not be read: what was counted is not all
	Total   uint64            // versions, from the log
	Millis  int64             // time of the commit before
	Counts  map[string]uint64 // versions by type, from the log
	Owned   int               // versions, from the identities
	Filed   map[string]uint64 // rows of the histories by type
	Derived map[string]rowSum // index rows by parameter, extracted from the versions
	Stored  map[string]rowSum // index rows by parameter, as they are stored
	Own     map[string]bool   // prefixes of the parameters that are stored and answer, whose rows are checked too
	Strays  [][]byte          // prefixes of the parameters under which there are rows too many

	replica *replica // of this process
}

// rowSum tells two sets of index rows apart: their number and the sum of their
// hashes.
type rowSum struct {
	N   int
	Sum uint64
}

// Done reports whether the audit has come to its end.
func (a *Audit) Done() bool { return a.Part == len(parts) }

// part is a part of the audit: a step of it goes on from c.a.Next until the time
// for it is over, and reports whether the part is through.
type part func(c *checker) (through bool, err error)

var parts = []part{(*checker).log, (*checker).resources, (*checker).index, (*checker).strays, (*checker).histories, (*checker).cursors, (*checker).receipts, (*checker).owners, (*checker).purges}

// auditStep is how long a step takes, and so how long it holds its view.
const auditStep = 5 * time.Millisecond

// Audit goes on with an audit up to its end. Between two steps it calls pace,
// which may be nil; that may wait, or end it with an error. What is found wrong is
// added to its findings and is not an error.
func (db *DB) Audit(ctx context.Context, a *Audit, pace func() error) (err error) {
	defer func() { err = errors.Join(err, a.release()) }()
	for !a.Done() {
		if err := errors.Join(ctx.Err(), db.look("check", a.AsOf, func(v view) error { return (&checker{ctx: ctx, db: db, v: v, a: a}).step() })); err != nil {
			return err
		}
		if pace != nil {
			if err := pace(); err != nil {
				return err
			}
		}
	}
	return nil
}

// release ends what the audit holds beside the database.
func (a *Audit) release() error {
	r := a.replica
	if a.replica = nil; r == nil {
		return nil
	}
	return r.close()
}

type checker struct {
	ctx   context.Context
	db    *DB
	v     view
	a     *Audit
	until time.Time // the step ends
	names map[string]idNames
	known map[string]map[string]bool // index rows of resources, see belongs
	own   *search.Custom             // of a.Own
	told  map[string]bool            // parameters whose rows are of none
}

func (c *checker) step() error {
	if !c.a.Begun {
		return c.begin()
	}
	c.until = time.Now().Add(auditStep)
	c.answering(false)
	through, err := parts[c.a.Part](c)
	if errors.Is(err, kv.ErrDamaged) { // what else it has is not known
		c.a.Add(Finding{Text: err.Error(), Unreadable: true})
		through, err, c.a.Partial = true, nil, true
	}
	if through {
		c.a.Part, c.a.Next = c.a.Part+1, nil
	}
	return err
}

// begin fixes the commit as of which the audit is.
func (c *checker) begin() error {
	if h, err := c.v.head(); err != nil || h.seq != c.v.at {
		return errors.Join(err, fmt.Errorf("%w: the head says %d, the database was opened at %d", errCorrupt, h.seq, c.v.at))
	}
	a := c.a
	a.Begun, a.AsOf, a.Index = true, c.v.at, indexVersion
	a.Counts, a.Filed, a.Derived, a.Stored = map[string]uint64{}, map[string]uint64{}, map[string]rowSum{}, map[string]rowSum{}
	c.answering(true)
	b, _, err := c.v.r.Get(keyIndex)
	if err != nil {
		return err
	}
	if n, err := decodeSeq(b); err != nil || n != indexVersion {
		a.Stale = true
		c.wrong("", "the index has version %d and this program writes %d: start the server once, which makes it anew", n, indexVersion)
	}
	if a.AsOf == 0 { // nothing is committed; a view as of 0 would be one of now
		a.Part = len(parts)
	}
	return nil
}

func (c *checker) wrong(resource, format string, args ...any) {
	f := Finding{Resource: resource, Text: fmt.Sprintf(format, args...)}
	for _, a := range args {
		if err, ok := a.(error); ok && errors.Is(err, kv.ErrDamaged) {
			f.Unreadable = true
		}
	}
	c.a.Add(f)
}

// over reports whether the step should end.
func (c *checker) over() bool { return time.Now().After(c.until) || c.ctx.Err() != nil }

// each walks the keys with a prefix from the position of the part.
func (c *checker) each(prefix []byte, f func(key, value []byte) error) (through bool, err error) {
	return c.between(prefix, after(prefix), f)
}

// between is each for the keys from one on up to another one.
func (c *checker) between(from, to []byte, f func(key, value []byte) error) (through bool, err error) {
	if c.a.Next != nil {
		from = c.a.Next
	}
	it := c.v.r.Iterate(from, to, false)
	for err == nil && it.Next() {
		if err = f(it.Key(), it.Value()); err == nil && c.over() {
			c.a.Next = append(bytes.Clone(it.Key()), 0)
			return false, ended(it, c.ctx.Err())
		}
	}
	return true, ended(it, err)
}

// newest is the newest commit in the view, which may be later than the audit.
func (c *checker) newest() (fhir.Seq, error) {
	h, err := c.v.head()
	return h.seq, err
}

// ResumeAudit is the audit that [DB.SaveAudit] has saved the last time; where that
// came to its end, a new one that has its findings as those before. It is new where
// there is none, and where the index was made anew since. It is of this engine
// alone: neither backups nor the digest have it.
func (db *DB) ResumeAudit() (*Audit, error) {
	snap, err := db.engine.Snapshot()
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	b, _, err := snap.Get(keyAudit)
	a := &Audit{}
	switch {
	case err != nil || json.Unmarshal(b, a) != nil || a.AsOf > db.Head() || a.Part < 0 || a.Part > len(parts) || a.Begun && a.Index != indexVersion:
		return &Audit{}, err
	case a.Done():
		return &Audit{Before: a.Findings}, nil
	}
	return a, nil
}

// SaveAudit saves an audit, so that it goes on after a restart.
func (db *DB) SaveAudit(a *Audit) error {
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if err := db.engine.Room(kv.Cost(keyAudit, b)); err != nil {
		return err
	}
	return db.engine.Write([]kv.Op{{Key: keyAudit, Value: b}})
}
