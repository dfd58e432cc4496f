package store

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// What a chained condition finds changes with a write only where the resource
// meets the condition itself, or where it meets the inner condition, or met it
// before the write. So the news alone tell whether it is to be looked up again,
// not the types that it leads over.

// met is a resource as an inner condition sees it.
type met struct {
	member
	version *fhir.Version
}

// meets reports whether a resource meets all clauses.
func (n *news) meets(v view, clauses []search.Clause, m met) (bool, error) {
	for i := range clauses {
		ok, err := n.holds(v, &clauses[i], m)
		if !ok || err != nil {
			return false, err
		}
	}
	return true, n.ctx.Err()
}

// holds tries one clause, as of a view.
func (n *news) holds(v view, c *search.Clause, m met) (bool, error) {
	if len(c.Chain)+len(c.Has) == 0 {
		return c.Holds(m.id, m.entries), nil
	}
	s, err := v.trial(n.ctx, m.version.Type, c)
	if err != nil {
		return false, err
	}
	ok, err := s.holds(c, m.version, m.entries)
	return ok, closeAll([]stream{s}, err)
}

// reached reports whether any of the news meets, or met, an inner condition of a
// clause.
func (n *news) reached(c *search.Clause) (bool, error) {
	for i := range c.Chain {
		if ok, err := n.inside(c.Chain[i].Type, &c.Chain[i].Clause); ok || err != nil {
			return ok, err
		}
	}
	for i := range c.Has {
		if ok, err := n.inside(c.Has[i].Type, &c.Has[i].Clause); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (n *news) inside(typ string, c *search.Clause) (bool, error) {
	w, err := n.of(typ)
	if err != nil {
		return false, err
	}
	for k := range w.members.list {
		if ok, err := n.meets(n.v, []search.Clause{*c}, met{w.members.list[k], w.versions[k]}); ok || err != nil {
			return ok, err
		}
	}
	if err := n.recall(typ, w); err != nil {
		return false, err
	}
	for k := range w.before {
		if ok, err := n.meets(n.then(), []search.Clause{*c}, w.before[k]); ok || err != nil {
			return ok, err
		}
	}
	return n.reached(c)
}

// then is the view of the plan.
func (n *news) then() view {
	v := n.v
	v.at = n.since
	return v
}

// recall reads, once, what the resources of a type were before.
func (n *news) recall(typ string, w *written) error {
	if w.recalled {
		return nil
	}
	w.recalled = true
	for id := range w.ids {
		ver, err := n.then().current(typ, id)
		if err == nil && ver != nil && !ver.Deleted() {
			var m met
			m, err = n.memberOf(ver)
			w.before = append(w.before, m)
		}
		if err == nil {
			err = n.ctx.Err()
		}
		if err != nil {
			w.recalled = false
			return err
		}
	}
	return nil
}

func (n *news) memberOf(ver *fhir.Version) (met, error) {
	entries, err := entriesBefore(n.ctx, n.v.custom(), ver)
	return met{member{ver.ID, append(entries, updatedEntry(ver))}, ver}, err
}
