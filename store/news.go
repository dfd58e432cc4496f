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
}

// written are the resources of one type.
type written struct {
	ids     map[string]bool
	members members // that are not deleted
}

// touches reports whether any of the news was found by a condition or meets it.
// It knows nothing of chains.
func (n *news) touches(q *search.Query, found []string) (bool, error) {
	w, err := n.of(q.Type)
	if err != nil || len(w.ids) == 0 {
		return false, err
	}
	if slices.ContainsFunc(found, func(id string) bool { return w.ids[id] }) {
		return true, nil
	}
	for _, k := range w.members.candidates(q) {
		m := &w.members.list[k]
		if !slices.ContainsFunc(q.Clauses, func(c search.Clause) bool { return !c.Holds(m.id, m.entries) }) {
			return true, nil
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
	err := ofType(typ).walk(n.v, span{first: n.since + 1, last: n.v.at}, func(p place, _ fhir.LogPlace) (bool, error) {
		ver, err := n.v.version(typ, p.rid, p.vno)
		if err != nil || w.ids[ver.ID] { // an older version
			return true, err
		}
		w.ids[ver.ID] = true
		if ver.Deleted() {
			return true, n.ctx.Err()
		}
		entries, err := entriesBefore(n.ctx, ver)
		w.members.add(ver.ID, append(entries, updatedEntry(ver)))
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
