// Package store keeps every version of every FHIR resource: it commits
// transactions, reads, lists history, searches and gives out the change log.
//
// All writes go through one committer that gives each commit the next place in
// one totally ordered log, its sequence; all reads happen as of a sequence.
// Nothing that was committed is ever changed or removed, but that a purge erases
// the content of versions: purge.go. The layout of the
// keys is in docs/keys.md.
//
// Architecture: one file per verb. What a commit needs from the database is
// decided in prepare.go, outside the committer and again inside it where the
// database has moved on; committer.go holds the one goroutine that writes,
// apply.go what it writes.
package store

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/log"
)

// Options are what a database is opened with. The zero value works.
type Options struct {
	// Watch is told of each transaction that is to be committed, and calls what it returns
	// when it is known what came of it; nil for nobody.
	Watch func(tx *fhir.Transaction) func(*fhir.Commit, error)
	// Clock gives the time of commits that bring none; time.Now by default.
	Clock func() time.Time
	// NewID gives ids for created resources; random UUIDs by default. It is
	// called from many goroutines.
	NewID func() string
	// Random is where the salts of versions come from; crypto/rand by default. It
	// is read from many goroutines.
	Random io.Reader
	// Leaf and Checkpoint keep a Merkle log of all versions; nil for none.
	Leaf       Leaf
	Checkpoint Checkpoint
	// Commitment is what stays of the content of a version that is purged; nil for
	// nothing, where there is no Merkle log.
	Commitment Commitment
	// Purge decides which purges are made; nil for none.
	Purge fhir.PurgeGuard
	// References has the literal references of the types that the pharmacy owns
	// lead to resources that exist, and refuses to delete what they refer to.
	References bool
	// Origins are the origins under which the server is known, such as
	// "https://fhir.example.org": absolute references below them are to it.
	Origins []string
	// Guards may veto a commit, in this order.
	Guards []fhir.Guard
	// Narrow says, by type, which of the resources that the conditions of a
	// transaction find they may mean; all of them for a type without one.
	Narrow map[string]fhir.Narrow
	// Owners are the rules of who sees what: reads, histories, searches and commits
	// show the principal of their context no more than that. Without them everybody
	// sees everything. What State returns is whole, and so is the log.
	Owners Owners
	// Contents keeps what is large of what callers write: see [Contents]; nil has it kept
	// in the engine.
	Contents Contents
	// Inspect looks at the bytes that callers write, in a Binary or as base64 elsewhere,
	// before they are committed: a scanner of viruses. It may read less than all. nil for
	// none.
	Inspect func(ctx context.Context, r io.Reader) error
	// Shelved are beginnings of names on the shelf whose values backups have; the others are
	// of this database alone.
	Shelved []string
	// Program is the version of the program, which the database remembers, so that one that
	// cannot read it can say which can; "" leaves it as it is.
	Program string
	// Scratch makes an engine for what a check of a large database works out beside
	// it; Close is the end of it. Without it that is kept in memory.
	Scratch func() (kv.Engine, error)
	// Log is what several databases follow, each with an engine of its own: Open
	// begins to apply what it has, and [DB.Lead] to write. nil for a database by
	// itself, which leads from the beginning.
	Log log.Log
	// Begin is called when a term begins, before its first commit: what keeps
	// something of the log outside the database catches up. nil for nothing.
	Begin func(context.Context, *DB) error
	// Indexing is told of each step that failed of the work for stored SearchParameters, by
	// the one goroutine that writes; nil for nobody. See [DB.Indexes].
	Indexing func(Index)
	// ReadOnly says that the engine takes no writes: nothing is founded or
	// brought up to date.
	ReadOnly bool
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine kv.Engine
	opts   Options

	names search.Names  // of this server
	named atomic.Uint64 // the commit with which the last of them was learned

	pins    pins         // contents that are held
	copying sync.RWMutex // held for reading as long as contents are copied

	hot    hot      // versions, for all who decide
	lately *lately  // what is current; nil where others write the database too
	past   pastRows // over which searches leap
	posts  postings // among which they leap
	newest atomic.Pointer[moment]
	// parameters are the SearchParameters that are stored, as of the newest moment.
	parameters atomic.Pointer[parameters]
	stalls     stalls                // the work for them that is parked
	turn       sync.Mutex            // for who makes it
	moments    sync.WaitGroup        // those that are held
	head       atomic.Uint64         // the newest durable commit
	broken     atomic.Pointer[error] // why nothing can be written any more
	damaged    atomic.Uint64         // reads that met what cannot be read
	purges     atomic.Uint64         // since it was opened: see [DB.Purges]
	mu         sync.Mutex
	moved      chan struct{} // closed and replaced when head moves

	role     sync.Mutex // for who changes what follows
	figures  figures
	term     atomic.Pointer[term]    // of this database; nil where it follows
	unfollow func()                  // ends it, when it follows
	held     held                    // of the log
	holds    atomic.Pointer[applied] // the same, for whoever asks

	closing chan struct{}
	done    chan struct{} // closed when neither a term nor anything of the log is at work
	close   func() error
}

// Open opens the database in an engine, which it closes with [DB.Close]. It
// refuses a layout that it does not know, and brings the index up to date when
// it was made by another version of the extraction.
func Open(engine kv.Engine, opts Options) (*DB, error) {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Random == nil {
		opts.Random = rand.Reader
	}
	if opts.NewID == nil {
		opts.NewID = uuid.NewString
	}
	db := &DB{
		engine: engine, opts: opts, figures: newFigures(),
		moved: make(chan struct{}), closing: make(chan struct{}), done: make(chan struct{}), unfollow: func() {},
	}
	if opts.Log == nil {
		db.lately = &lately{}
	}
	db.parameters.Store(&parameters{Index: indexVersion})
	db.stalls.tell = opts.Indexing
	db.posts.db = db
	for _, origin := range opts.Origins {
		db.names.AddOrigin(origin)
	}
	h, err := db.start()
	if err == nil {
		err = db.advance(h.seq)
	}
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	db.head.Store(uint64(h.seq))
	db.close = sync.OnceValue(db.shut)
	if db.held.head = h; opts.Log == nil {
		db.serve(newTerm(0), h)
	} else {
		db.follow()
	}
	return db, nil
}

// start checks the layout, or founds a new database, and gives its head.
func (db *DB) start() (head, error) {
	snap, err := db.engine.Snapshot()
	if err != nil {
		return head{}, err
	}
	defer snap.Close()
	format, ok, err := snap.Get(keyFormat)
	if err != nil {
		return head{}, err
	}
	switch {
	case !ok && db.opts.ReadOnly:
		return head{}, errors.New("store: the folder holds no database: it was never opened for writing")
	case !ok && db.opts.Log != nil: // the first that leads founds it for all
		return head{}, nil
	case !ok:
		return head{}, db.engine.Write(db.foundation())
	}
	if v, err := decodeSeq(format); err != nil || v != formatVersion {
		return head{}, otherLayout(snap, uint64(v))
	}
	h, err := view{r: snap}.head()
	if err == nil {
		err = db.define(view{r: snap, at: h.seq})
	}
	if err != nil || db.opts.ReadOnly {
		return h, err
	}
	if err := db.introduce(snap); err != nil {
		return head{}, err
	}
	v := view{r: snap, at: h.seq}
	if err := db.recall(v); err != nil {
		return head{}, err
	}
	if err := db.remember(v); err != nil {
		return head{}, err
	}
	if err := db.renewIndex(v); err != nil {
		return h, err
	}
	return h, db.renewOwners(v)
}

// foundation is what a new database holds.
func (db *DB) foundation() []kv.Op {
	ops := []kv.Op{
		{Key: keyFormat, Value: encodeSeq(formatVersion)},
		{Key: keyIndex, Value: encodeSeq(indexVersion)},
		{Key: keyHead, Value: head{}.encode()},
	}
	if db.opts.Owners != nil {
		ops = append(ops, kv.Op{Key: keyOwners, Value: db.ownersVersion()})
	}
	if db.opts.Program != "" {
		ops = append(ops, kv.Op{Key: keyProgram, Value: []byte(db.opts.Program)})
	}
	return ops
}

// Close answers the commits under way, refuses further ones, waits for those
// who read and closes the engine.
func (db *DB) Close() error { return db.close() }

func (db *DB) shut() error {
	close(db.closing)
	db.role.Lock()
	defer db.role.Unlock()
	if t := db.term.Load(); t != nil {
		t.end()
		<-t.done
	}
	db.unfollow()
	close(db.done)
	db.end()
	return db.engine.Close()
}

func (db *DB) isClosing() bool {
	select {
	case <-db.closing:
		return true
	default:
		return false
	}
}

// Head is the newest commit, 0 before the first one.
func (db *DB) Head() fhir.Seq { return fhir.Seq(db.head.Load()) }

// Encrypted reports whether the database is, see [kv.Engine].
func (db *DB) Encrypted() bool { return db.engine.Encrypted() }

// Size is how many bytes the database takes, see [kv.Engine].
func (db *DB) Size() (int64, error) { return db.engine.Size() }

// show is look with what the principal of a context sees, who does with it what a
// letter means.
func (db *DB) show(ctx context.Context, op string, letter byte, at fhir.Seq, f func(v view) error) error {
	if err := db.reach(ctx, at); err != nil {
		return failed(op, err)
	}
	return db.look(op, at, func(v view) error {
		v.sight, v.letter = db.sightOf(ctx), letter
		return f(v)
	})
}

// look calls f with a view as of a sequence that the database holds, 0 for now.
func (db *DB) look(op string, at fhir.Seq, f func(v view) error) error {
	m := db.now()
	if m == nil {
		return failed(op, kv.ErrClosed)
	}
	defer m.release()
	switch {
	case at == 0:
		at = m.seq
	case at > m.seq:
		return notHeld()
	}
	err := f(view{r: m.snap, at: at, own: db.names.Own, now: db.opts.Clock(), past: &db.past, posts: &db.posts, learns: true, lately: db.lately, stored: m.parameters, seen: m.seq})
	if errors.Is(err, kv.ErrDamaged) {
		db.damaged.Add(1)
	}
	return failed(op, err)
}

// decide is look for those who decide on what is current: they read the same versions
// again and again.
func (db *DB) decide(ctx context.Context, op string, at fhir.Seq, f func(v view) error) error {
	if err := db.reach(ctx, at); err != nil {
		return failed(op, err)
	}
	return db.look(op, at, func(v view) error {
		return f(db.warmed(v))
	})
}

// warmed is a view that takes versions from those that are kept, and adds to them.
func (db *DB) warmed(v view) view {
	v.hot, v.warms = &db.hot, true
	return v
}

// DamagedReads is how many reads have met a resource or a part of the database
// that cannot be read.
func (db *DB) DamagedReads() uint64 { return db.damaged.Load() }

// failed wraps what is no [*fhir.Error] yet.
func failed(op string, err error) error {
	if _, known := asError(err); err == nil || known {
		return err
	}
	e := fhir.E(op, fhir.Exception, fhir.Issue{Message: "The database failed."})
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		e = fhir.E(op, fhir.Timeout, fhir.Issue{Message: "The time for the request ran out."})
	}
	if errors.Is(err, kv.ErrDamaged) {
		e = fhir.E(op, fhir.Exception, damageIssue(err))
		e.Damaged = true
	}
	e.Err = err
	return e
}
