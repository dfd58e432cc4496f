package store

import (
	"context"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// news are the resources that were written behind a commit, as a condition sees
// them: whether a condition still finds what it found costs a look at those, and
// not at all that there are.
type news struct {
	ctx    context.Context
	v      view
	since  fhir.Seq
	byType map[string]*written
	// changed reports whether anything of a type may have been written.
	changed func(typ string) bool
}

// written are the resources of one type.
type written struct {
	ids      map[string]bool
	members  members         // that are not deleted
	versions []*fhir.Version // theirs
	before   []met           // what they were as of the plan, once recalled
	recalled bool
}

// touches reports whether any of the news was found by a condition or meets it,
// or may have changed what a chain leads to.
func (n *news) touches(q *search.Query, found []string) (bool, error) {
	w, err := n.of(q.Type)
	if err != nil || slices.ContainsFunc(found, func(id string) bool { return w.ids[id] }) {
		return err == nil, err
	}
	for _, k := range w.members.candidates(q) {
		if ok, err := n.meets(n.v, q.Clauses, met{w.members.list[k], w.versions[k]}); ok || err != nil {
			return ok, err
		}
	}
	for i := range q.Clauses {
		if ok, err := n.reached(&q.Clauses[i]); ok || err != nil {
			return ok, err
		}
	}
	return false, n.ctx.Err()
}

// of reads the news of a type, once.
func (n *news) of(typ string) (*written, error) {
	if w, ok := n.byType[typ]; ok {
		return w, nil
	}
	w := &written{ids: map[string]bool{}, members: members{byKey: map[entryKey][]int{}}}
	if n.changed != nil && !n.changed(typ) {
		return w, nil
	}
	err := ofType(typ).walk(n.v, span{first: n.since + 1, last: n.v.at}, func(p place, _ fhir.LogPlace) (bool, error) {
		ver, err := n.v.version(typ, p.rid, p.vno)
		if err != nil || w.ids[ver.ID] { // an older version
			return true, err
		}
		w.ids[ver.ID] = true
		if ver.Deleted() {
			return true, n.ctx.Err()
		}
		m, err := n.memberOf(ver)
		w.members.add(m.id, m.entries)
		w.versions = append(w.versions, ver)
		return true, err
	})
	if err != nil {
		return nil, err
	}
	if n.byType == nil {
		n.byType = map[string]*written{}
	}
	n.byType[typ] = w
	return w, nil
}
