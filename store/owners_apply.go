package store

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// Whose a resource is follows from what its versions say and from what refers to
// it. It is kept as counts: of an owner, how many reasons there are for it. So a
// commit looks at what it writes and at what that refers to, and never at all
// that belongs to a patient. Three things are a reason:
//
//   - the resource was written on behalf of the owner, or names it;
//   - it inherits: one of the resources that it is a consequence of has the owner;
//   - another resource, which was written on behalf of the owner or names it, shares
//     it.
//
// What is inherited or shared is not shared on, and the types that inherit from
// each other have no cycle, so no owner is its own reason.

// owning applies the ownership of one commit.
type owning struct {
	v       view // with the commit in it
	out     *kv.Overlay
	rules   Owners
	renews  bool // what was taken once is taken again, however much it is
	derived bool // the server's business decided on the links
	head    rid  // the newest resource before the commit: of later ones nothing is stored
	touched map[target]*holding
	order   []target // as they were touched first: what is written does not depend on a map
	moved   bool     // the owners of a resource changed that was there before
}

// holding is a resource that the commit looks at.
type holding struct {
	ownership
	known   bool // there before the commit
	changed bool
	was     bool     // deleted, before the commit
	before  []string // the owners that it had
}

// told is a version of the commit with what it says.
type told struct {
	target
	ver  *fhir.Version
	said fhir.Ownership
}

// maxHeirs is how many resources inherit from one at most: a commit that changes its
// owners changes those of all. The consequences of a prescription are a few. The
// last ones are for the server's business: no caller takes its links.
const (
	maxHeirs       = 1000
	maxCallerHeirs = maxHeirs - 100
)

// own writes the owners of the versions of a commit.
func (o *owning) own(list []told) error {
	o.touched = map[target]*holding{}
	for i := range list {
		if err := o.itself(&list[i]); err != nil {
			return err
		}
	}
	var wait []edge
	for i := range list {
		more, err := o.edges(&list[i])
		if err != nil {
			return err
		}
		wait = append(wait, more...)
	}
	if err := o.link(wait); err != nil {
		return err
	}
	return o.write()
}

// at reads a resource, once.
func (o *owning) at(t target) (*holding, error) {
	if h, ok := o.touched[t]; ok {
		return h, nil
	}
	var own ownership
	var ok bool
	if t.rid <= o.head || o.renews {
		var err error
		if own, ok, err = o.v.owned(t); err != nil {
			return nil, err
		}
	}
	h := &holding{ownership: own, known: ok, was: own.deleted, before: own.all()}
	o.touched[t], o.order = h, append(o.order, t)
	return h, nil
}

// itself applies what a version says about itself, to what it shares with too.
func (o *owning) itself(w *told) error {
	h, err := o.at(w.target)
	if err != nil {
		return err
	}
	before, deleted := h.own(), h.deleted
	h.deleted = w.ver.Done() == fhir.Delete
	writers, named := joined(h.writers, w.said.Writers), h.named
	if !h.deleted {
		if named, err = o.names(w.said); err != nil {
			return err
		}
	}
	if slices.Equal(writers, h.writers) && slices.Equal(named, h.named) && deleted == h.deleted && h.known {
		return nil
	}
	h.writers, h.named, h.changed = writers, named, true
	after := h.own()
	gone, come := less(before, after), less(after, before)
	for _, t := range h.shares {
		if err := o.give(t, gone, come); err != nil {
			return err
		}
	}
	return o.give(w.target, gone, come)
}

// names are the organisations that a version names, in order.
func (o *owning) names(said fhir.Ownership) ([]string, error) {
	named := said.Named
	for _, ref := range said.Through {
		codes, err := o.codes(ref, maxThrough)
		if err != nil {
			return nil, err
		}
		named = joined(named, codes)
	}
	return named, nil
}

// maxThrough is how many references lead to an organisation at most.
const maxThrough = 3

// codes are the organisations that a resource of a directory represents.
func (o *owning) codes(ref string, depth int) ([]string, error) {
	typ, id := localEnd(ref)
	if typ == "" || depth == 0 || !o.rules.Public(typ) {
		return nil, nil
	}
	ver, err := o.v.current(typ, id)
	if err != nil || ver == nil || ver.Deleted() {
		return nil, err
	}
	r, err := contentOf(ver)
	if err != nil {
		return nil, err
	}
	said := o.rules.Of(ver, r)
	named := said.Named
	for _, next := range said.Through {
		more, err := o.codes(next, depth-1)
		if err != nil {
			return nil, err
		}
		named = joined(named, more)
	}
	return named, nil
}

// less is the list without what is in the other; both are in order.
func less(a, b []string) (out []string) {
	for _, s := range a {
		if _, ok := slices.BinarySearch(b, s); !ok {
			out = append(out, s)
		}
	}
	return out
}

// give takes reasons for owners from a resource and adds others.
func (o *owning) give(t target, gone, come []string) error {
	h, err := o.at(t)
	if err != nil {
		return err
	}
	for _, owner := range come {
		if err := o.count(t, h, owner, 1); err != nil {
			return err
		}
	}
	for _, owner := range gone {
		if err := o.count(t, h, owner, -1); err != nil {
			return err
		}
	}
	return nil
}

// count adds or takes one reason. Where that makes or ends an owner, so it does
// for the heirs.
func (o *owning) count(t target, h *holding, owner string, by int) error {
	i, ok := h.place(owner)
	if !ok {
		h.owners = slices.Insert(h.owners, i, share{owner: owner})
	}
	was := h.owners[i].reasons
	if by < 0 && was == 0 {
		return fmt.Errorf("%w: the owners of %s number %d do not add up", errCorrupt, t.typ, t.rid)
	}
	h.owners[i].reasons, h.changed = was+uint64(by), true
	if now := h.owners[i].reasons; (was == 0) == (now == 0) {
		return nil
	}
	heirs, err := o.heirs(t, h)
	for i := 0; i < len(heirs) && err == nil; i++ {
		var to *holding
		if to, err = o.at(heirs[i]); err == nil {
			err = o.count(heirs[i], to, owner, by)
		}
	}
	return err
}

// heirs are the resources that inherit from one.
func (o *owning) heirs(t target, h *holding) (list []target, err error) {
	if h.heirs == 0 {
		return nil, nil
	}
	prefix := keyHeirs(t)
	it := o.out.Iterate(prefix, after(prefix), false)
	for it.Next() {
		list = append(list, splitHeir(it.Key(), len(prefix)))
	}
	return list, ended(it, nil)
}

// write writes what has changed, and the rows that begin and end.
func (o *owning) write() error {
	for _, t := range o.order {
		h := o.touched[t]
		if !h.changed {
			continue
		}
		before, now := h.before, h.all()
		if !slices.Equal(before, now) || h.was != h.deleted || !h.known {
			h.since = o.v.at
			o.moved = o.moved || h.known
		}
		o.out.Set(keyOwned(t), h.encode())
		if h.was { // its rows have ended
			before = nil
		}
		if h.deleted {
			now = nil
		}
		gone, come := less(before, now), less(now, before)
		for _, owner := range come {
			o.out.Set(keyOwnerRow(t.typ, owner, t.rid, o.v.at), holds)
		}
		for _, owner := range gone {
			if err := o.end(t, owner); err != nil {
				return err
			}
		}
	}
	return nil
}

// end ends the newest row of an owner.
func (o *owning) end(t target, owner string) error {
	prefix := appendRid(keyOwner(t.typ, owner), t.rid)
	it := o.out.Iterate(prefix, after(prefix), false)
	var row []byte
	if it.Next() && len(it.Value()) == 0 {
		row = bytes.Clone(it.Key())
	}
	if err := ended(it, nil); err != nil || row == nil {
		return err // no write must fail for a lost row
	}
	o.out.Set(row, until(o.v.at))
	return nil
}
