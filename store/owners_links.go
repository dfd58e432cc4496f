package store

import (
	"fmt"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// edge is a link of a resource to another one that may be made.
type edge struct {
	from    target
	to      target
	said    *fhir.Ownership
	inherit bool // else it shares
}

// edges ends the links of a resource that its version has no more, and returns
// those that it would begin.
func (o *owning) edges(w *told) (wait []edge, err error) {
	h, err := o.at(w.target)
	if err != nil {
		return nil, err
	}
	if w.ver.Done() == fhir.Delete { // what it shared goes; what it inherits decides who sees that it is deleted
		return nil, o.unlink(w.target, h, h.shares, false)
	}
	for _, kind := range []struct {
		refs    []string
		has     []target
		inherit bool
	}{{w.said.Inherits, h.inherits, true}, {w.said.Shares, h.shares, false}} {
		want, err := o.targets(w.target, kind.refs)
		if err != nil {
			return nil, err
		}
		old := slices.DeleteFunc(slices.Clone(kind.has), func(t target) bool { return slices.Contains(want, t) })
		if err := o.unlink(w.target, h, old, kind.inherit); err != nil {
			return nil, err
		}
		for _, t := range want {
			if !slices.Contains(kind.has, t) {
				wait = append(wait, edge{w.target, t, &w.said, kind.inherit})
			}
		}
	}
	return wait, nil
}

// targets are the resources that references lead to, of those that have owners.
// An absolute address counts as one of this server: the names of the server may
// change, and the log must say the same.
func (o *owning) targets(from target, refs []string) (list []target, err error) {
	for _, ref := range refs {
		typ, id := localEnd(ref)
		if typ == "" || o.rules.Public(typ) {
			continue
		}
		ver, r, err := o.v.numberedCurrent(typ, id)
		if err != nil {
			return nil, err
		}
		to := target{typ, r}
		if ver != nil && ver.Done() != fhir.Delete && to != from && !slices.Contains(list, to) {
			list = append(list, to)
		}
	}
	return list, nil
}

// unlink ends links.
func (o *owning) unlink(from target, h *holding, to []target, inherit bool) error {
	for _, t := range slices.Clone(to) {
		h.changed = true
		if !inherit {
			h.shares = slices.DeleteFunc(h.shares, func(s target) bool { return s == t })
			if err := o.give(t, h.own(), nil); err != nil {
				return err
			}
			continue
		}
		h.inherits = slices.DeleteFunc(h.inherits, func(s target) bool { return s == t })
		o.out.Delete(keyHeir(t, from))
		giver, err := o.at(t)
		if err != nil {
			return err
		}
		giver.heirs, giver.changed = giver.heirs-1, true
		if err := o.give(from, giver.all(), nil); err != nil {
			return err
		}
	}
	return nil
}

// link begins the links that may be: those to what is the writer's already. One link
// may make way for another: a Task makes the prescription the pharmacy's, by which the
// supply that is written with it is linked.
func (o *owning) link(wait []edge) error {
	for again := true; again; {
		again = false
		rest := wait[:0]
		for _, e := range wait {
			to, err := o.at(e.to)
			if err != nil {
				return err
			}
			may, err := o.may(e, to)
			switch {
			case err != nil:
				return err
			case !may:
				rest = append(rest, e)
				continue
			}
			if err := o.begin(e, to); err != nil {
				return err
			}
			again = true
		}
		wait = rest
	}
	return nil
}

// may reports whether a link may be. What a follower writes is a consequence of what
// others wrote, and links to what is theirs.
func (o *owning) may(e edge, to *holding) (bool, error) {
	if !e.said.Server || e.inherit {
		return e.said.Server || to.now(e.said.Writers), nil
	}
	from, err := o.at(e.from)
	for i := 0; err == nil && i < len(from.inherits); i++ {
		var giver *holding
		if giver, err = o.at(from.inherits[i]); err == nil && to.now(giver.writers) {
			return true, nil
		}
	}
	return false, err
}

// room refuses one link more than a resource may have: none of what is there is
// ever too much for a later change.
func (o *owning) room(e edge, to *holding) error {
	most := uint64(maxCallerHeirs)
	if o.derived || e.said.Server {
		most = maxHeirs
	}
	if to.heirs < most || o.renews {
		return nil
	}
	return fhir.E("commit", fhir.BusinessRule, fhir.Issue{Expression: e.from.typ, Rule: "links",
		Message: fmt.Sprintf("The %s that this %s refers to has as many resources that follow from it as one may have.", e.to.typ, e.from.typ),
		Found:   fmt.Sprint(to.heirs + 1), Expected: fmt.Sprintf("at most %d", most),
		Fix: "Put what they say into fewer resources, or delete some that are not needed."})
}

func (o *owning) begin(e edge, to *holding) error {
	from, err := o.at(e.from)
	if err != nil {
		return err
	}
	from.changed = true
	if !e.inherit {
		from.shares = append(from.shares, e.to)
		return o.give(e.to, nil, from.own())
	}
	if err := o.room(e, to); err != nil {
		return err
	}
	from.inherits = append(from.inherits, e.to)
	to.heirs, to.changed = to.heirs+1, true
	o.out.Set(keyHeir(e.to, e.from), holds)
	return o.give(e.from, nil, to.all())
}
