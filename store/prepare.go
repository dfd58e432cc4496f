package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// plan is a transaction with everything decided that depends on the database:
// which resource each change is about, what becomes of it, and which index
// rows come and go. Making one is most of the work of a commit, so it is done
// outside the committer, as of a sequence; the committer then only asks whether
// it still holds, and makes it anew where it does not.
type plan struct {
	tx      *fhir.Transaction
	at      fhir.Seq
	own     search.Own // which absolute references are to this server
	stored  *search.Custom
	learned string   // a name of the server; see learn
	ids     []string // ids for new resources, by change; the same in every plan of a transaction
	steps   []step   // by change
	order   []int    // the changes as they are applied: DELETE, POST, PUT
	lookups map[lookup]looked
	rests   map[rest]bool // whether resources that are referred to stand
	narrow  map[string]fhir.Narrow
	owners  Owners  // nil for none
	emptied []kv.Op // receipts that a purge empties
	// repeated is the answer to a transaction that has been committed before.
	repeated *fhir.Commit
	// denied is why the transaction is refused; steps are then decided in part. The
	// committer says so, in the order of the log, where it is so still.
	denied error
	shaken bool // denied for what a condition ran into: nothing tells whether that holds
}

// lookup is a condition that was looked up, and where it matters.
type lookup struct{ typ, query string }

// looked is what a condition asks, and what it found.
type looked struct {
	query *search.Query
	found []string
}

// step is one change of a plan.
type step struct {
	typ, id  string
	applied  fhir.Applied
	now      identity       // the resource's numbers; zero for a new one
	before   *fhir.Version  // the version that stands; nil for none
	was      *fhir.Resource // its content; nil where it was not asked for
	same     int            // with applied Matched: the change that creates the resource, or -1
	pinned   bool           // another resource refers to the version that it makes
	resource *fhir.Resource
	come     []search.Entry // entries that begin
	gone     []search.Entry // entries that end
	from     []fhir.Seq     // when the rows of gone began
	said     fhir.Ownership // whose the resource is
	erased   []erasure      // versions that a purge empties
	rows     [][]byte       // of the index, which it removes
	hidden   bool           // there is a resource under this id, and the requester does not see it
}

// writes reports whether the step makes a version.
func (s *step) writes() bool {
	return s.applied == fhir.Created || s.applied == fhir.Updated || s.applied == fhir.Removed
}

func (s *step) ref() string { return s.typ + "/" + s.id }

// requestID is the id of the request that a change follows from.
func (p *plan) requestID(change int) string {
	return cmp.Or(p.tx.Changes[change].RequestID, p.tx.RequestID)
}

// writesTo reports whether the plan writes a resource.
func (p *plan) writesTo(ref string) bool {
	return slices.ContainsFunc(p.steps, func(s step) bool { return s.writes() && s.ref() == ref })
}

// planner makes one plan.
type planner struct {
	*plan
	ctx        context.Context
	v          view
	targets    map[string]int // the change that writes a resource, by reference
	references bool           // references are enforced
	commitment Commitment     // nil for none
	claims     map[string]int // the first change that is about a resource, by reference
	created    map[lookup]int // the change that creates what a condition did not find
	links      map[string]int // the change that a full URL names
	refused    refusal
}

// prepare makes the plan of a transaction as of a view, one that denies it where
// it is to be refused. ids are those that an earlier plan of it has used.
func prepare(ctx context.Context, v view, tx *fhir.Transaction, ids []string, opts Options) (*plan, error) {
	v = v.of(tx)
	p := &planner{
		commitment: opts.Commitment,
		plan:       &plan{tx: tx, at: v.at, own: v.own, stored: v.custom(), ids: ids, steps: make([]step, len(tx.Changes)), lookups: map[lookup]looked{}, rests: map[rest]bool{}, narrow: opts.Narrow, owners: opts.Owners},
		ctx:        ctx, v: v, references: opts.References, targets: map[string]int{}, claims: map[string]int{}, created: map[lookup]int{}, links: map[string]int{},
	}
	err := p.receipt()
	if err == nil && p.repeated == nil {
		err = p.make()
	}
	if _, refused := asError(err); refused {
		p.denied, err = err, nil
	}
	return p.plan, err
}

// make decides everything, or fails with an [*fhir.Error] where the transaction
// is to be refused.
func (p *planner) make() error {
	p.sort()
	for _, i := range p.order {
		err := p.decide(i)
		if err == nil {
			err = p.ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	if err := p.refused.err(p.tx.Changes); err != nil {
		return err
	}
	if err := p.keepSent(); err != nil {
		return err
	}
	if err := p.resolve(); err != nil {
		return err
	}
	if err := p.outside(); err != nil {
		return err
	}
	if err := p.enforce(); err != nil {
		return err
	}
	for i := range p.steps {
		s := &p.steps[i]
		err := p.keep(s)
		if err == nil {
			err = p.index(s)
		}
		if err != nil {
			return err
		}
	}
	return p.purge()
}

// receipt finds out whether the transaction has been committed already.
func (p *planner) receipt() error {
	if p.tx.Receipt.Key == "" {
		return nil
	}
	seq, body, ok, err := p.v.receipt(p.tx.Receipt.Key)
	if !ok || err != nil {
		return err
	}
	first := fhir.Receipt{Key: p.tx.Receipt.Key, Body: body}
	if another(first, p.tx.Receipt) {
		if p.tx.Receipt.Plain {
			return nil
		}
		return fhir.Reused("commit")
	}
	repeated := &fhir.Commit{Seq: seq, Receipt: first, Repeated: true}
	if p.tx.Receipt.Plain {
		if repeated.Results, err = p.v.results(body); err != nil {
			return err
		}
	}
	p.repeated = repeated
	return nil
}

// another reports whether a request is not the one of which the receipt under its key is.
func another(first, r fhir.Receipt) bool {
	was, now := fhir.RequestOf(first), fhir.RequestOf(r)
	return was != "" && now != "" && was != now
}

// sort orders the changes as https://hl7.org/fhir/R4/http.html#trules asks.
func (p *planner) sort() {
	rank := map[fhir.Method]int{fhir.Delete: 0, fhir.Create: 1, fhir.Update: 2}
	p.order = make([]int, len(p.tx.Changes))
	for i := range p.order {
		p.order[i] = i
	}
	slices.SortStableFunc(p.order, func(a, b int) int {
		return rank[p.tx.Changes[a].Method] - rank[p.tx.Changes[b].Method]
	})
}

// keepSent finds updates that change nothing as they were sent, before others
// refer to the version that they would make: those then refer to the version
// that is current.
func (p *planner) keepSent() error {
	if len(p.links) == 0 {
		return nil
	}
	for i := range p.steps {
		if err := p.keep(&p.steps[i]); err != nil {
			return err
		}
	}
	return nil
}

// keep finds out that an update changes nothing: no version is made of it. One
// that changes nothing only once its links are resolved, and that others refer to
// by its version, is made all the same.
func (p *planner) keep(s *step) (err error) {
	if s.applied != fhir.Updated {
		return nil
	}
	if s.was == nil {
		s.was, err = contentOf(s.before)
	}
	if err == nil && !s.pinned && fhir.SameContent(s.was, s.resource) {
		s.applied = fhir.Kept
	}
	return err
}

// index works out which index rows a step ends and begins. The entry for the
// time of the version is added when the time is known.
func (p *planner) index(s *step) error {
	if !s.writes() {
		return nil
	}
	if p.owners != nil {
		s.said = p.owners.Of(&fhir.Version{Type: s.typ, ID: s.id, Requester: p.tx.Requester}, s.resource)
	}
	var before, now []search.Entry
	var err error
	if s.resource != nil {
		if now, err = entriesOf(p.ctx, p.stored, s.resource); err != nil {
			return err
		}
		p.learn(s.typ, now)
	}
	if s.was == nil {
		s.was, err = contentOf(s.before)
	}
	if err == nil && s.was != nil {
		before, err = entriesOf(p.ctx, p.stored, s.was)
	}
	if err != nil {
		return err
	}
	s.gone, s.come = diff(before, now)
	if before != nil {
		s.gone = append(s.gone, updatedEntry(s.before))
	}
	s.from, err = p.v.begun(s.typ, s.now.rid, s.gone)
	return err
}
