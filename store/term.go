package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/log"
)

// term is a time in which this database leads: its committer decides, and all
// databases of the log write what it has decided. A database without a log leads
// from Open to Close.
type term struct {
	number  uint64
	leader  string // tells two terms of one number apart
	queue   chan *request
	end     func()        // asks the committer to end
	closing chan struct{} // closed by it
	done    chan struct{} // closed when the committer has ended
}

func newTerm(number uint64) *term {
	t := &term{number: number, leader: rand.Text(), queue: make(chan *request, 1024), closing: make(chan struct{}), done: make(chan struct{})}
	t.end = sync.OnceFunc(func() { close(t.closing) })
	return t
}

// ErrNotLeading says that another database leads, or none: nothing was written.
var ErrNotLeading = errors.New("store: this database does not lead")

// Lead begins a term, under a number that is larger than that of every term before,
// once all that the log has is applied. The channel is closed when the term has
// ended: by [DB.Resign], [DB.Close], or since another database has begun one, which
// the log tells at the next commit. It fails with [log.ErrOvertaken] where a term of
// that number or a larger one has begun; after any failure the database follows as
// before.
func (db *DB) Lead(ctx context.Context, number uint64) (ended <-chan struct{}, err error) {
	db.role.Lock()
	defer db.role.Unlock()
	switch {
	case db.opts.Log == nil || db.term.Load() != nil:
		return nil, errors.New("store: this database leads already")
	case db.isClosing():
		return nil, kv.ErrClosed
	}
	db.unfollow()
	t := newTerm(number)
	err = db.agrees(ctx)
	if err == nil {
		err = db.begin(ctx, t)
	}
	if err != nil {
		db.follow()
		return nil, err
	}
	db.serve(t, db.held.head)
	return t.done, nil
}

// Resign ends a term, if there is one, when what waits is committed. Who hands in
// something later is told that nothing was written.
func (db *DB) Resign() {
	db.role.Lock()
	defer db.role.Unlock()
	if t := db.term.Load(); t != nil && db.opts.Log != nil {
		t.end()
		<-t.done
		db.leave(t)
	}
}

// serve starts the committer of a term.
func (db *DB) serve(t *term, h head) {
	c := newCommitter(db, h)
	c.term = t
	db.term.Store(t)
	go func() {
		c.run()
		close(t.done)
		if db.opts.Log != nil {
			db.role.Lock()
			defer db.role.Unlock()
			db.leave(t)
		}
	}()
}

// leave follows again after a term, once.
func (db *DB) leave(t *term) {
	if db.term.CompareAndSwap(t, nil) {
		db.stalls.clear()
		db.follow()
	}
}

// agrees fails where the log is not the one of which the database holds a part, or has
// lost some of that.
func (db *DB) agrees(ctx context.Context) error {
	place := db.held.place
	if place == 0 {
		return nil
	}
	last, err := db.opts.Log.Last(ctx)
	if err != nil {
		return err
	}
	if last < place {
		return fmt.Errorf("store: the log ends at place %d and the database holds it up to place %d: the log was cut, or is another one", last, place)
	}
	b, err := db.opts.Log.Next(ctx, place-1)
	if errors.Is(err, log.ErrTrimmed) {
		return nil
	}
	if err != nil || sha256.Sum256(b) == db.held.chain {
		return err
	}
	if r, err := decodeGroup(b); err == nil && r.term < db.held.term {
		return nil // it was passed over
	}
	return fmt.Errorf("store: the record at place %d of the log is not the one that the database holds: the log is another one", place)
}

// begin makes the database hold all that the log has, and the first record of a
// term. Who leads until then goes on to write; after that record it no more can.
func (db *DB) begin(ctx context.Context, t *term) error {
	for {
		if err := db.catchUp(ctx); err != nil {
			return err
		}
		if t.number <= db.held.term {
			return fmt.Errorf("store: term %d is not after term %d, which has begun: %w", t.number, db.held.term, log.ErrOvertaken)
		}
		g := group{before: db.held.head, after: db.held.head}
		if db.held.place == 0 && db.held.head == (head{}) {
			g.ops = db.foundation() // others may have nothing yet
		}
		switch err := db.append(ctx, t, g, true); {
		case err == nil && db.opts.Begin != nil:
			return db.opts.Begin(ctx, db)
		case !errors.Is(err, log.ErrOvertaken):
			return err
		}
	}
}

// appendTime bounds how long the log may take for a record, and settleTime how long
// it is asked what became of one. Variables for tests.
var (
	appendTime = 10 * time.Second
	settleTime = 5 * time.Second
)

// errUndecided says that nobody can say whether the log has a record.
var errUndecided = errors.New("store: it is not known whether the log has the record")

// put makes a group durable: by the log, where there is one, and in the engine.
func (db *DB) put(t *term, g group) error {
	if db.opts.Log == nil {
		err := db.engine.Write(g.ops)
		if err == nil {
			db.posts.wrote(g.before.seq, g.after.seq, g.ops)
		}
		return err
	}
	return db.append(context.Background(), t, g, false)
}

// append adds a group to the log and, once it is there, writes it.
func (db *DB) append(ctx context.Context, t *term, g group, begins bool) error {
	r := groupRecord{term: t.number, leader: t.leader, begins: begins, previous: db.held.chain, group: g}
	b := r.encode()
	ctx, cancel := context.WithTimeout(ctx, appendTime)
	defer cancel()
	err := db.opts.Log.Append(ctx, db.held.place, b)
	if err != nil && !errors.Is(err, log.ErrOvertaken) {
		err = db.settle(b, err)
	}
	if err != nil {
		return err
	}
	return db.hold(r, b)
}

// settle finds out what became of a record whose Append has failed.
func (db *DB) settle(b []byte, cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	there, err := db.opts.Log.Next(ctx, db.held.place)
	switch {
	case err != nil:
		return errors.Join(errUndecided, cause, err)
	case string(there) == string(b):
		return nil
	}
	return fmt.Errorf("%w: %w", log.ErrOvertaken, cause)
}

// unled is the error of a commit for which there is no committer: it was not looked at.
func (db *DB) unled() error {
	if db.isClosing() {
		return closed()
	}
	e := fhir.E("commit", fhir.NoStore, fhir.Issue{
		Message: "This server takes no writes now, as it follows another one. Nothing was written; reads and searches go on.",
		Fix:     "Send the request again in a moment, to the server that takes writes.",
	})
	e.Err = ErrNotLeading
	return e
}
