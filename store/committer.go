package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/log"
)

// committer is the one goroutine that writes. It folds the transactions that
// wait into a group, which the engine writes at once: one sync serves them all.
type committer struct {
	db      *DB
	term    *term
	head    head                // of the group so far
	written head                // of what is durable
	floor   fhir.Seq            // the head when it began
	changed map[string]fhir.Seq // the newest commit of each type since then
	counts  map[string]uint64   // versions of each type that has changed
	moved   fhir.Seq            // the newest commit that gave resources other owners
	recent  recent
	params  *parameters // stored SearchParameters, with the group so far
	broken  error       // why nothing can be written any more
	ended   error       // why the term is over

	base    *moment
	over    *kv.Overlay // the group so far, on top of the base
	first   uint64      // the number of the first leaf of the group
	leaves  []byte      // of the group
	fresh   fresh       // versions of the group
	purged  []place     // that it purges
	records []numberedRecord
	granted int64 // bytes of the group for which the disk has room
	spent   bool  // a request of the group took all the time that one has
	waiters []*request
}

// A group is closed when it has so many transactions or bytes, so that the
// first of it need not wait for long and the engine can take it in one go.
const (
	maxGroup     = 512
	maxGroupSize = 512 << 10
)

func newCommitter(db *DB, h head) *committer {
	return &committer{db: db, head: h, written: h, floor: h.seq, params: db.parameters.Load(), changed: map[string]fhir.Seq{}, counts: map[string]uint64{}, recent: recent{since: h.seq}}
}

func (c *committer) run() {
	for c.ended == nil {
		if _, _, works := c.due(); works {
			select {
			case r := <-c.term.queue:
				c.group(r)
			case <-c.term.closing:
				c.rest()
				return
			default:
			}
			c.indexStep()
			continue
		}
		again, stop := c.again()
		select {
		case r := <-c.term.queue:
			c.group(r)
		case <-again:
		case <-c.term.closing:
			stop()
			c.rest()
			return
		}
		stop()
	}
}

// rest commits what still waits when the term is to end.
func (c *committer) rest() {
	for c.ended == nil {
		select {
		case r := <-c.term.queue:
			c.group(r)
		default:
			return
		}
	}
}

// group commits a request and those that wait behind it. Before it writes, it
// lets all others run for once: whoever is about to hand in a request does so
// meanwhile, and shares the sync. With nobody else about, this takes no time.
func (c *committer) group(r *request) {
	c.add(r)
	c.collect()
	runtime.Gosched()
	c.collect()
	c.flush()
}

// collect adds those who wait, as long as the group has room.
func (c *committer) collect() {
	for len(c.waiters) > 0 && !c.spent && len(c.waiters) < maxGroup && c.size() < maxGroupSize {
		select {
		case r := <-c.term.queue:
			c.add(r)
		default:
			return
		}
	}
}

// size is how many bytes the group has so far.
func (c *committer) size() int64 {
	if c.over == nil {
		return 0
	}
	_, size := c.over.Cost()
	return size
}

// add commits a request into the group. Its answer waits for the flush, since
// even a refusal may rest on what is not durable yet.
func (c *committer) add(r *request) {
	if !r.taken.CompareAndSwap(false, true) {
		return // its caller has given up
	}
	if r.slow {
		c.flush() // who waits already must not wait for it
	}
	if r.err = c.try(r); errors.Is(r.err, kv.ErrTooBig) {
		if len(c.waiters) > 0 { // alone it may fit
			c.flush()
			r.err = c.try(r)
		}
	}
	switch {
	case errors.Is(r.err, kv.ErrTooBig) && r.tx != nil:
		r.err = tooBig(r.tx)
	case errors.Is(r.err, errAgain):
		close(r.done) // nothing was decided, and the caller may begin at once
		c.spent = true
		return
	case errors.Is(r.err, kv.ErrNoSpace):
		r.err = noSpace(r.err)
	case r.err != nil:
		r.err = failed("commit", r.err)
	}
	c.waiters = append(c.waiters, r)
}

func tooBig(tx *fhir.Transaction) error {
	e := fhir.E("commit", fhir.TooCostly, fhir.Issue{
		Message: fmt.Sprintf("The transaction with its %d entries is too big to be committed at once.", len(tx.Changes)),
		Fix:     "Split it into several transactions; big attachments go into Binary resources of their own.",
	})
	e.Err = kv.ErrTooBig
	return e
}

func (c *committer) try(r *request) error {
	if c.broken != nil || c.ended != nil {
		return c.failure()
	}
	if r.ctx.Err() != nil {
		return late(r.ctx)
	}
	c.begin()
	if r.tx == nil {
		return c.shelve(r.shelf)
	}
	at := c.time(r.tx)
	p, err := c.renewed(context.WithoutCancel(r.ctx), r, at)
	if err != nil {
		return err
	}
	if p.repeated != nil {
		r.commit = p.repeated
		return nil
	}
	if p.denied != nil {
		return p.denied
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), insideTime+time.Duration(len(r.tx.Changes))*entryTime)
	defer cancel()
	return c.apply(ctx, r, p, at)
}

// time is that of the next commit: it never goes back.
func (c *committer) time(tx *fhir.Transaction) time.Time {
	at := tx.Time
	if at.IsZero() {
		at = c.db.opts.Clock()
	}
	return instant(max(c.head.millis, at.UnixMilli()))
}

// insideTime bounds how long the committer looks into one request, the guards
// included: all others wait meanwhile. A variable, so that tests can make it short.
var insideTime = 100 * time.Millisecond

// entryTime is what the guards have besides for each entry of a transaction: many
// entries take long in any case.
const entryTime = 250 * time.Microsecond

// errAgain says that the committer has no time for what a request asks of it: its
// caller is to plan it anew.
var errAgain = errors.New("store: the plan is to be made anew")

// renewed is the plan of a request as it is now, at the time of its commit. From
// here on nothing is decided by when its caller gives up.
func (c *committer) renewed(ctx context.Context, r *request, at time.Time) (*plan, error) {
	ctx = context.WithoutCancel(ctx)
	if r.plan.at != c.head.seq {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, insideTime)
		defer cancel()
	}
	v := view{r: c.over, at: c.head.seq, own: c.db.names.Own, now: at, hot: &c.db.hot, lately: c.db.lately, past: &c.db.past, fresh: []fresh{c.fresh}, sight: c.db.sightOf(r.ctx), stored: c.params}.of(r.tx)
	p := r.plan
	ok, err := (&recheck{ctx: ctx, v: v, p: p, references: c.db.opts.References, renamed: c.db.renamed(p), in: c}).holds()
	if err == nil && (!ok || p.stored.Key() != v.custom().Key()) {
		p, err = prepare(ctx, v, r.tx, r.ids, c.db.opts)
	}
	switch {
	case err == nil:
		return p, nil
	case ctx.Err() != nil:
		return nil, errAgain
	}
	return nil, failed("commit", err)
}

// apply puts a plan into the group, when it fits.
func (c *committer) apply(ctx context.Context, r *request, p *plan, at time.Time) error {
	c.over.Mark()
	a, err := apply(ctx, c.over, c.head, c.params, c.counts, at, p, r.salts, &c.db.opts, &c.db.hot, c.db.lately, &c.db.past, c.fresh)
	now := c.params
	if err == nil {
		now, err = c.params.after(a.versions)
	}
	if err == nil {
		if now != c.params {
			now.keptIn(c.over)
		}
		err = c.fits(len(a.log.leaves))
	}
	if err != nil {
		c.over.Rollback()
		return err
	}
	c.params = now
	if p.learned != "" {
		c.db.names.Add(p.learned)
		c.db.named.Store(uint64(a.head.seq))
	}
	if len(c.leaves) == 0 {
		c.first = a.last.total
	}
	c.leaves = append(c.leaves, a.log.leaves...)
	c.recent.note(p, c.head.seq, a.head.seq)
	if a.moved {
		c.moved = a.head.seq
	}
	maps.Copy(c.fresh, a.fresh)
	c.purged = append(c.purged, a.purged...)
	if a.head.seq != c.head.seq {
		c.records = append(c.records, numberedRecord{a.head.seq, a.log})
	}
	c.head, r.commit = a.head, a.commit
	for typ, n := range a.counts {
		c.changed[typ], c.counts[typ] = a.head.seq, n
	}
	return nil
}

// shelve puts what is for a shelf into the group.
func (c *committer) shelve(ops []kv.Op) error {
	c.over.Mark()
	err := error(nil)
	for _, op := range ops {
		if op.Value == nil && op.Key[0] == tableReceipt {
			var keep bool
			if keep, err = c.emptied(op.Key); err != nil {
				break
			} else if keep {
				continue
			}
		}
		c.over.Set(op.Key, op.Value)
	}
	if err == nil {
		err = c.fits(0)
	}
	if err != nil {
		c.over.Rollback()
	}
	return err
}

// emptied reports whether a receipt that is to be removed was purged since it was chosen: the
// table of purges has it then.
func (c *committer) emptied(key []byte) (bool, error) {
	b, ok, err := c.over.Get(key)
	if err != nil || !ok {
		return false, err
	}
	_, body, err := decodeReceipt(b)
	return bytes.Equal(body, fhir.PurgedReceipt), err
}

// fits reports whether the engine takes the group as it has become, with the
// tiles that are made of its leaves when it is written.
func (c *committer) fits(leaves int) error {
	maxOps, maxSize := c.db.engine.Limits()
	ops, size := c.over.Cost()
	if c.db.opts.Checkpoint != nil {
		tiles := (len(c.leaves)+leaves)/128 + 8 // one for 256 leaves, and one of each level that ends
		ops, size = ops+tiles, size+int64(tiles)*tileCost
	}
	if c.db.opts.Log != nil && ops > 0 {
		ops, size = ops+1, size+appliedCost
	}
	if ops > maxOps || size > maxSize {
		return kv.ErrTooBig
	}
	if ops == 0 || size <= c.granted {
		return nil
	}
	return c.ask(size)
}

// tileCost is what a tile takes in the engine: 256 hashes, its key and its name.
const tileCost = 256*32 + 64

// appliedCost is what the engine takes besides for how much of the log it holds.
const appliedCost = 128

// ask asks whether the disk has room for the group: for all that it may become,
// so that once is enough, else for what it is.
func (c *committer) ask(size int64) error {
	if whole := max(size, maxGroupSize); c.db.engine.Room(whole) == nil {
		c.granted = whole
		return nil
	}
	err := c.db.engine.Room(size)
	if err == nil || errors.Is(err, kv.ErrNoSpace) || errors.Is(err, kv.ErrClosed) {
		return err
	}
	return unreachable(err)
}

// begin opens a group on what is durable.
func (c *committer) begin() {
	if c.over == nil {
		c.base, c.granted, c.fresh, c.purged, c.records = c.db.now(), 0, fresh{}, nil, nil
		c.over = kv.NewOverlay(c.base.snap)
	}
}

// flush makes the group durable and answers those who wait for it.
func (c *committer) flush() {
	if c.over != nil {
		c.tiles()
		if ops := c.over.Ops(); len(ops) > 0 && c.broken == nil && c.ended == nil {
			c.write(group{before: c.written, after: c.head, ops: ops, origins: c.origins()})
		}
		c.base.release()
		c.base, c.over = nil, nil
	}
	for _, r := range c.waiters {
		close(r.done)
	}
	c.waiters, c.spent = c.waiters[:0], false
}

// origins are those of the waiters whose transactions are in the group, or rest on
// one that is.
func (c *committer) origins() []*request {
	var in []*request
	for _, r := range c.waiters {
		if r.err == nil {
			in = append(in, r)
		}
	}
	return in
}

// write makes a group durable. After a failure of the engine nobody can say what
// is on the disk, so nothing more is written until the database is opened anew;
// after one of the log the term is over.
func (c *committer) write(g group) {
	c.db.hot.forget(c.purged)
	err := c.db.figures.timed(len(g.origins), func() error { return c.db.put(c.term, g) })
	if errors.Is(err, kv.ErrTooBig) { // fits has said that it is not
		err = fmt.Errorf("store: the group was taken for one that the engine takes: %v", err) //nolint:errorlint // no request is too big for it
	}
	if err == nil && c.db.opts.Log == nil {
		c.db.parameters.Store(c.params)
		c.db.lately.add(g.after.seq, c.fresh, c.records, len(c.purged) > 0)
		if err = c.db.advance(g.after.seq); err == nil && g.after.seq != g.before.seq {
			c.db.publish(g.after.seq)
		}
	}
	overtaken := errors.Is(err, log.ErrOvertaken)
	switch {
	case err == nil:
		c.written = g.after
		if len(c.purged) > 0 {
			c.db.purges.Add(1)
		}
		for p, ver := range c.fresh {
			c.db.hot.add(p, ver)
		}
		return
	case overtaken || errors.Is(err, errUndecided):
		c.ended = err
	default:
		c.broken = err
		c.db.broken.Store(&err)
	}
	for _, r := range c.waiters {
		r.err = c.failure() // a refusal may rest on what was not written
	}
	for _, r := range g.origins {
		if r.commit = nil; !overtaken {
			r.err = unsure(fhir.NoStore, err)
		}
	}
}

// failure is the error of what was not written.
func (c *committer) failure() error {
	if c.ended != nil {
		return c.db.unled()
	}
	return unwritable(c.broken)
}
