package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// applier writes one plan that holds into an overlay. What it writes is a
// function of the state below, the plan, the sequence and the time.
type applier struct {
	out      *kv.Overlay
	p        *plan
	head     head              // after the commit
	before   rid               // the newest resource before it
	known    map[string]uint64 // versions by type before the commit, where known
	counts   map[string]uint64 // and after it
	last     commitRecord      // of the commit before
	rids     []rid             // of what the steps have written
	moved    bool              // resources that were there have other owners
	log      commitRecord
	sums     []sum  // of the records of the versions
	salts    []byte // by change, see [salted]
	leaf     Leaf   // nil for none
	hot      *hot   // for the guards
	lately   *lately
	stored   *parameters // before the commit
	past     *pastRows
	group    fresh           // versions of the group before it
	fresh    fresh           // versions that it makes, and those that it purges
	purged   []place         // versions that it purges
	versions []*fhir.Version // the same, by change
	commit   *fhir.Commit
}

// apply writes a plan on top of an overlay, which is to be rolled back when it
// fails. h is the head before it, at its time, which is not before that of h; known are numbers of
// versions by type that need not be read.
func apply(ctx context.Context, out *kv.Overlay, h head, stored *parameters, known map[string]uint64, at time.Time, p *plan, salts []byte, o *Options, hot *hot, lately *lately, past *pastRows, group fresh) (*applier, error) {
	a := &applier{out: out, p: p, stored: stored, head: h, before: h.rid, known: known, salts: salts, leaf: o.Leaf, hot: hot, lately: lately, past: past, group: group, fresh: fresh{}, versions: make([]*fhir.Version, len(p.steps)), counts: map[string]uint64{}, rids: make([]rid, len(p.steps))}
	a.head.millis = at.UnixMilli()
	if a.changes() {
		a.head.seq++
	}
	a.commit = &fhir.Commit{
		Seq: a.head.seq, Time: instant(a.head.millis),
		Results: make([]fhir.Result, len(p.steps)), Receipt: p.tx.Receipt,
	}
	if a.head.seq > h.seq && h.seq > 0 {
		var err error
		if a.last, err = (view{r: out, lately: lately}).record(h.seq); err != nil {
			return nil, err
		}
	}
	if err := a.mayPurge(ctx, o.Purge, h.seq); err != nil {
		return nil, err
	}
	for _, i := range p.order {
		if err := a.step(i); err != nil {
			return nil, err
		}
	}
	if err := a.purge(); err != nil {
		return nil, err
	}
	a.settle()
	if err := a.own(); err != nil {
		return nil, err
	}
	if err := a.finish(); err != nil {
		return nil, err
	}
	return a, a.guard(ctx, o.Guards)
}

// changes reports whether the plan makes any version. Only then does it take a
// place in the log: a follower that moves its cursor must not wake followers.
func (a *applier) changes() bool {
	for i := range a.p.steps {
		if a.p.steps[i].writes() {
			return true
		}
	}
	return false
}

func (a *applier) step(i int) error {
	s := &a.p.steps[i]
	a.commit.Results[i] = fhir.Result{Applied: s.applied, Version: s.before.Bare()}
	if !s.writes() {
		return nil
	}
	now := s.now
	if now.rid == 0 {
		a.head.rid++
		now.rid = a.head.rid
	}
	now.vno++
	now.seq = a.head.seq
	now.deleted = s.applied == fhir.Removed
	a.rids[i] = now.rid
	if now.rid > maxRid || now.seq > maxSeq || now.vno == 0 {
		return fhir.E("commit", fhir.TooCostly, fhir.Issue{Message: "The database is full: it has no numbers left."})
	}
	ver := a.version(i, now)
	a.commit.Results[i].Version = ver.Bare()
	a.versions[i] = ver
	a.fresh[place{s.typ, now.rid, now.vno}] = ver
	salts := salted(a.salts, i)
	record := encodeVersion(ver, salts)
	a.sums = append(a.sums, sha256.Sum256(record))
	a.leafOf(ver, salts)
	a.out.Set(keyVersion(s.typ, now.rid, now.vno), record)
	a.out.Set(keyIdentity(s.typ, s.id), now.encode())
	if !a.p.tx.Changes[i].Purge { // which leaves no rows
		if err := a.rows(s, ver, now.rid); err != nil {
			return err
		}
	}
	return a.record(s.typ, now)
}

func (a *applier) version(i int, now identity) *fhir.Version {
	s := &a.p.steps[i]
	ver := &fhir.Version{
		Type: s.typ, ID: s.id, VersionID: now.vno.String(), Seq: now.seq,
		LastUpdated: a.commit.Time, Method: a.p.tx.Changes[i].Method,
		Requester: a.p.tx.Requester, RequestID: a.p.requestID(i),
	}
	if !now.deleted {
		ver.JSON = s.resource.Stamp(s.id, ver.VersionID, ver.LastUpdated)
	}
	ver.Keep()
	return ver
}

// rows ends and begins the index rows of a step. The time of the version is
// an entry too; where two versions have the same, its row goes on.
func (a *applier) rows(s *step, ver *fhir.Version, r rid) error {
	updated := updatedEntry(ver)
	same := !ver.Deleted() && s.before != nil && !s.before.Deleted() && s.before.LastUpdated.Equal(ver.LastUpdated)
	if err := a.begunMeanwhile(s, r); err != nil {
		return err
	}
	for k, e := range s.gone {
		if same && e.Param == search.LastUpdated || s.from[k] == 0 {
			continue // it goes on, or never was: no write must fail for a lost row
		}
		a.out.Set(keyRow(s.typ, e.Param, e.Key, r, s.from[k]), until(ver.Seq))
	}
	for _, key := range keyRows(s.typ, s.come, r, ver.Seq) {
		if s.now.rid != 0 { // a new number is behind all of them
			a.past.begins(key[:len(key)-ridLen-seqLen], r, ver.Seq)
		}
		a.out.Set(key, holds)
	}
	if !ver.Deleted() && !same {
		a.out.Set(keyRow(s.typ, updated.Param, updated.Key, r, ver.Seq), holds)
	}
	return nil
}

// begunMeanwhile looks up again when the rows of stored SearchParameters began that a step
// ends: they are made beside commits, which does not shake a plan.
func (a *applier) begunMeanwhile(s *step, r rid) error {
	for k, e := range s.gone {
		if !search.IsCustom(e.Param) {
			continue
		}
		from, err := a.view().begun(s.typ, r, s.gone[k:k+1])
		if err != nil {
			return err
		}
		s.from[k] = from[0]
	}
	return nil
}

// own writes the owners of what the steps have written.
func (a *applier) own() error {
	if a.p.owners == nil || !a.changes() {
		return nil
	}
	var list []told
	for _, i := range a.p.order {
		if s := &a.p.steps[i]; s.writes() && !a.p.owners.Public(s.typ) {
			list = append(list, told{target{s.typ, a.rids[i]}, a.versions[i], s.said})
		}
	}
	o := &owning{v: a.view(), out: a.out, rules: a.p.owners, derived: a.p.tx.Derived, head: a.before}
	err := o.own(list)
	a.moved = o.moved
	return err
}

// view is the database with the commit in it.
func (a *applier) view() view {
	return view{r: a.out, at: a.head.seq, own: a.p.own, now: a.commit.Time, hot: a.hot, lately: a.lately, past: a.past, stored: a.stored, fresh: []fresh{a.fresh, a.group}}
}

// errSlow says that the guards have no time for a transaction.
var errSlow = fmt.Errorf("%w: the guards take too long", errAgain)

// guard asks the guards about each version, in the state with the whole
// transaction in it. An update that changes nothing is judged like any other.
func (a *applier) guard(ctx context.Context, guards []fhir.Guard) error {
	if a.p.tx.Derived && !slices.ContainsFunc(a.p.tx.Changes, func(c fhir.Change) bool { return c.Message }) {
		ctx = context.WithoutCancel(ctx) // the server's own work, which it has bounded itself
	}
	s := state{ctx, a.view(), &finds{}}
	for _, i := range a.p.order {
		step := &a.p.steps[i]
		if a.p.tx.Changes[i].Purge {
			continue // the guard of purges has been asked
		}
		after := a.versions[i]
		if step.applied == fhir.Kept { // asked for all the same, by this requester
			asked := *step.before
			asked.Requester, asked.RequestID = a.p.tx.Requester, a.p.requestID(i)
			after = &asked
		} else if !step.writes() {
			continue
		}
		before := step.before
		if before != nil && before.Deleted() {
			before = nil
		}
		for _, g := range guards {
			err := ask(ctx, g, s, a.p.tx, before, after)
			if ctx.Err() != nil { // what it says may rest on what it was not told
				return errSlow
			}
			if err != nil {
				return vetoed(err, a.p.tx.Changes[i].Expression)
			}
		}
	}
	return nil
}

// ask asks a guard. One that panics refuses its transaction and no more: the
// committer serves all.
func ask(ctx context.Context, g fhir.Guard, s fhir.State, tx *fhir.Transaction, before, after *fhir.Version) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("store: a guard panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return g(ctx, s, tx, before, after)
}

// vetoed says at which change a guard objected, where it did not.
func vetoed(err error, expression string) error {
	e, ok := asError(err)
	if !ok {
		return failed("commit", err)
	}
	said := *e
	said.Issues = slices.Clone(e.Issues)
	for i := range said.Issues {
		if said.Issues[i].Expression == "" {
			said.Issues[i].Expression = expression
		}
	}
	return &said
}
