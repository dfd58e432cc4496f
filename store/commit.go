package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// Commit writes a transaction, durably and as a whole, or fails with an
// [*fhir.Error] and writes nothing: Conflict (with Precondition where a
// condition did not hold), MultipleMatches, Invalid and what guards return.
// When ctx ends first the error is Throttled or Timeout and nothing is written either. An error
// that is [ErrUnknown] alone leaves open whether it was written.
func (db *DB) Commit(ctx context.Context, tx *fhir.Transaction) (done *fhir.Commit, err error) {
	if db.opts.Watch != nil {
		ended := db.opts.Watch(tx)
		defer func() { ended(done, err) }()
	}
	tx, settle, err := db.withContents(ctx, tx)
	if err != nil {
		return nil, err
	}
	done, err = db.commit(ctx, tx)
	settle(err)
	if err == nil {
		done.Tell(ctx)
	}
	return done, err
}

func (db *DB) commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error) {
	ids := make([]string, len(tx.Changes))
	for i, c := range tx.Changes {
		if c.ID == "" && c.Method != fhir.Delete {
			ids[i] = db.opts.NewID()
		}
	}
	salts := make([]byte, saltsLen*len(tx.Changes))
	if _, err := io.ReadFull(db.opts.Random, salts); err != nil {
		return nil, failed("commit", err)
	}
	var p *plan
	slow, guarded := false, 0
	for try := 1; ; try++ {
		var err error
		if p, err = db.plan(ctx, tx, ids, p); err == nil && db.behind(p) {
			p, err = db.plan(ctx, tx, ids, p)
		}
		if err != nil {
			return nil, err
		}
		if p.repeated != nil {
			return p.repeated, nil
		}
		commit, err := db.submit(&request{ctx: ctx, tx: tx, ids: ids, salts: salts, plan: p, slow: slow, done: make(chan struct{})})
		if slow = errors.Is(err, errSlow); slow {
			guarded++
		}
		switch {
		case !errors.Is(err, errAgain):
			return commit, err
		case slow && guarded >= maxGuarded:
			return nil, tooSlow(tx)
		case try < maxTries:
		case p.denied != nil:
			return nil, p.denied // it was so at one time during the request
		default:
			return nil, overtaken(tx)
		}
	}
}

// behind reports whether so much was written while a plan with conditions was
// made that it is to be brought up to date before the committer looks at it.
func (db *DB) behind(p *plan) bool {
	const much = 32 // commits
	return len(p.lookups) > 0 && db.Head() > p.at+much
}

// maxTries is how often a transaction is planned anew whose conditions take the
// committer longer than it has.
const maxTries = 8

// maxGuarded is how often the guards are asked about a transaction for which they
// have no time: what delays them may be the machine.
const maxGuarded = 3

func tooSlow(tx *fhir.Transaction) error {
	return fhir.E("commit", fhir.Throttled, fhir.Issue{
		Message: fmt.Sprintf("The transaction with its %d entries takes longer to be judged by the rules of the pharmacy than one may hold up all others. Nothing was written.", len(tx.Changes)),
		Fix:     "Send it again later or in several transactions.",
	})
}

// plan makes the plan of a transaction, or brings an earlier one up to date.
func (db *DB) plan(ctx context.Context, tx *fhir.Transaction, ids []string, earlier *plan) (p *plan, err error) {
	err = db.show(ctx, "plan", toRefer, 0, func(v view) error {
		v = db.warmed(v)
		v.now = cmp.Or(tx.Time, v.now)
		if earlier != nil {
			v := v.of(tx)
			ok, err := (&recheck{ctx: ctx, v: v, p: earlier, references: db.opts.References, renamed: db.renamed(earlier)}).holds()
			if err != nil {
				return err
			}
			if ok {
				renewed := *earlier
				renewed.at = v.at
				p = &renewed
				return nil
			}
		}
		p, err = prepare(ctx, v, tx, ids, db.opts)
		return err
	})
	return p, err
}

func overtaken(tx *fhir.Transaction) error {
	return fhir.E("commit", fhir.Throttled, fhir.Issue{
		Message: fmt.Sprintf("Others have written so much meanwhile that the conditions of the transaction with its %d entries could not be decided. Nothing was written.", len(tx.Changes)),
		Fix:     "Send it again later or in several transactions, with conditions that name an identifier.",
	})
}

// request is a transaction on its way through the committer.
type request struct {
	ctx    context.Context
	tx     *fhir.Transaction
	ids    []string // for the changes that bring none; with the salts and the time
	salts  []byte   // drawn before, so that the commit follows from its arguments
	plan   *plan
	shelf  []kv.Op       // what is written in the place of a transaction, beside the log
	slow   bool          // the guards had no time for it before
	taken  atomic.Bool   // by the committer, or by the caller who gives up
	done   chan struct{} // closed when commit or err is set
	commit *fhir.Commit
	err    error
}

// submit hands a request to the committer and waits for the answer.
func (db *DB) submit(r *request) (*fhir.Commit, error) {
	t := db.term.Load()
	if t == nil {
		return nil, db.unled()
	}
	select {
	case t.queue <- r:
	case <-r.ctx.Done():
		return nil, late(r.ctx)
	case <-t.closing:
		return nil, db.unled()
	case <-t.done:
		return nil, db.unled()
	}
	return r.wait(t.done, db.unled)
}

// wait returns the answer of the committer. A caller who gives up after it has
// taken the request waits a little longer for an answer that is known.
func (r *request) wait(ended <-chan struct{}, unled func() error) (*fhir.Commit, error) {
	select {
	case <-r.done:
	case <-r.ctx.Done():
		if r.taken.CompareAndSwap(false, true) {
			return nil, late(r.ctx)
		}
		select {
		case <-r.done:
		case <-time.After(grace):
			return nil, unsure(fhir.Timeout, context.Cause(r.ctx))
		}
	case <-ended:
		if r.taken.CompareAndSwap(false, true) {
			return nil, unled()
		}
		<-r.done
	}
	return r.commit, r.err
}

// grace is how long a caller who has given up waits for a commit that is being
// written. A variable for tests.
var grace = 2 * time.Second

// late is the error of a request that was given up while others were written:
// Throttled where its time ran out, Timeout where nobody waits for it any more.
func late(ctx context.Context) error {
	kind := fhir.Timeout
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		kind = fhir.Throttled
	}
	e := fhir.E("commit", kind, fhir.Issue{Code: fhir.Timeout, Message: "The time for the request ran out before it was committed: the writes of others came first. Nothing was written.",
		Fix: "Send it again."})
	e.Err = context.Cause(ctx)
	return e
}

// unsure is the answer where nobody can say whether a transaction was written: it
// was handed to the disk, which has not answered or has failed.
func unsure(kind fhir.Code, cause error) error {
	e := fhir.E("commit", kind, fhir.Issue{
		Message: "It is not known whether this was written: the disk has not answered, or with an error.",
		Fix:     "Send it again with the same X-Request-ID, which makes it happen once; or read the resource first."})
	e.Err = errors.Join(ErrUnknown, cause)
	return e
}

// ErrUnknown says that a transaction may or may not have been written.
var ErrUnknown = errors.New("store: the outcome of the commit is not known")

func closed() error {
	e := fhir.E("commit", fhir.Exception, fhir.Issue{Message: "The server is shutting down. Nothing was written.", Fix: "Send the request again in a moment."})
	e.Err = kv.ErrClosed
	return e
}
