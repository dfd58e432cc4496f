package store

import (
	"context"
	"sync/atomic"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// Commit writes a transaction, durably and as a whole, or fails with an
// [*fhir.Error] and writes nothing: Conflict (with Precondition where a
// condition did not hold), MultipleMatches, Invalid and what guards return.
// When ctx ends first the error is Timeout and nothing is written either.
func (db *DB) Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error) {
	ids := make([]string, len(tx.Changes))
	for i, c := range tx.Changes {
		if c.ID == "" && c.Method != fhir.Delete {
			ids[i] = db.opts.NewID()
		}
	}
	r := &request{ctx: ctx, tx: tx, ids: ids, done: make(chan struct{})}
	err := db.look("commit", 0, func(v view) (err error) {
		r.plan, err = prepare(ctx, v, tx, ids, db.opts.Narrow, db.opts.References)
		return err
	})
	if err != nil {
		return nil, err
	}
	if r.plan.repeated != nil {
		return r.plan.repeated, nil
	}
	return db.submit(r)
}

// request is a transaction on its way through the committer.
type request struct {
	ctx    context.Context
	tx     *fhir.Transaction
	ids    []string
	plan   *plan
	taken  atomic.Bool   // by the committer, or by the caller who gives up
	done   chan struct{} // closed when commit or err is set
	commit *fhir.Commit
	err    error
}

// submit hands a request to the committer and waits for the answer.
func (db *DB) submit(r *request) (*fhir.Commit, error) {
	select {
	case db.queue <- r:
	case <-r.ctx.Done():
		return nil, late(r.ctx)
	case <-db.closing:
		return nil, closed()
	}
	select {
	case <-r.done:
	case <-r.ctx.Done():
		if r.taken.CompareAndSwap(false, true) {
			return nil, late(r.ctx)
		}
		<-r.done // too late to withdraw
	case <-db.done:
		if r.taken.CompareAndSwap(false, true) {
			return nil, closed()
		}
		<-r.done
	}
	return r.commit, r.err
}

func late(ctx context.Context) error {
	e := fhir.E("commit", fhir.Timeout, fhir.Issue{Message: "The time for the request ran out before it was committed. Nothing was written."})
	e.Err = context.Cause(ctx)
	return e
}

func closed() error {
	e := fhir.E("commit", fhir.Exception, fhir.Issue{Message: "The server is shutting down. Nothing was written.", Fix: "Send the request again in a moment."})
	e.Err = kv.ErrClosed
	return e
}
