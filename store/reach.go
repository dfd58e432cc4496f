package store

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// reachTime bounds how long a reader waits for a commit that the database does not
// hold yet. A variable for tests.
var reachTime = 2 * time.Second

// Position returns that of a commit which the database holds.
func (db *DB) Position(ctx context.Context, seq fhir.Seq) (p fhir.LogPosition, err error) {
	err = db.look("sequence", 0, func(v view) error {
		p, err = v.position(seq)
		return err
	})
	return p, err
}

func (v view) position(seq fhir.Seq) (fhir.LogPosition, error) {
	p := fhir.LogPosition{Seq: seq}
	if seq == 0 {
		return p, nil
	}
	c, err := v.record(seq)
	p.Chain = binary.BigEndian.Uint64(c.chain[:])
	return p, err
}

// Reach returns when the database holds a commit. It waits for one that a database
// which follows another one does not hold yet, up to 2 s, then fails with Timeout. A
// commit of another history, such as one that was lost with the newest part of a
// database, is a Conflict.
func (db *DB) Reach(ctx context.Context, p fhir.LogPosition) error {
	if err := db.reach(ctx, p.Seq); err != nil {
		return failed("sequence", err)
	}
	return db.look("sequence", 0, func(v view) error {
		now, err := v.position(p.Seq)
		if err == nil && now != p {
			err = notHeld()
		}
		return err
	})
}

// reach waits for a commit by its sequence.
func (db *DB) reach(ctx context.Context, seq fhir.Seq) error {
	if seq <= db.Head() {
		return nil
	}
	if db.opts.Log == nil { // it holds all that there is
		return notHeld()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, reachTime, errBehind)
	defer cancel()
	err := db.Wait(ctx, seq-1)
	if err != nil && errors.Is(context.Cause(ctx), errBehind) {
		return errBehind
	}
	return err
}

// errBehind says that a commit did not come in time.
var errBehind = behindHead()

func behindHead() *fhir.Error {
	return fhir.E("sequence", fhir.Timeout, fhir.Issue{
		Message: "This server does not hold the write yet that is asked for: it is behind the one that took it. Nothing was read or written.",
		Fix:     "Send the request again in a moment.",
	})
}

// notHeld is the error of a commit that a database cannot come to hold.
func notHeld() error {
	return fhir.E("sequence", fhir.Conflict, fhir.Issue{
		Message:  "The database does not hold the state that is asked for: it was restored from a backup that is older, or is another one.",
		Expected: "a state of this database",
		Fix:      "Begin again with a request without it: read what is stored now, and send again what is missing.",
	})
}
