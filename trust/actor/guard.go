package actor

import (
	"bytes"
	"context"

	"github.com/pestle-fhir/pestle/fhir"
)

// Guard vetoes what a caller writes in the name of somebody else: an organisation
// that they do not act for, or a person who does not work for one that they act
// for. It is called in the commit, where every way of writing meets; what the
// server's own business writes has been decided by it.
func (t *Table) Guard(_ context.Context, state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	elements := t.types[after.Type]
	if len(elements) == 0 || tx.Derived || !tx.Requester.Bound() || after.Deleted() {
		return nil
	}
	is, err := after.Resource()
	if err != nil {
		return err
	}
	j := &judge{state: state, who: tx.Requester, own: t.Own.Or(tx.Base), resource: is}
	if before != nil && !before.Deleted() {
		was, err := before.Resource()
		if err != nil {
			return err
		}
		j.was = was
	}
	var issues []fhir.Issue
	named := false // an actor is the caller's, beside whom another may be named
	for _, e := range elements {
		for _, n := range nodes(is.Root(), e.path) {
			if e.party && named {
				continue
			}
			whose, found, err := j.judge(n)
			if err != nil {
				return err
			}
			named = named || whose == own
			if (whose == foreign || whose == unknown && e.party) && !j.stood(e, n) {
				issues = append(issues, *j.refused(n, found))
			}
		}
	}
	if len(issues) == 0 {
		return nil
	}
	return &fhir.Error{Op: "guard", Kind: fhir.Forbidden, Issues: issues}
}

// nodes are the values at a path below a node, items by themselves.
func nodes(n fhir.Node, path []string) (out []fhir.Node) {
	if n.Kind() == fhir.Array {
		for item := range n.Items() {
			out = append(out, nodes(item, path)...)
		}
		return out
	}
	if len(path) == 0 {
		if n.Exists() {
			return []fhir.Node{n}
		}
		return nil
	}
	return nodes(n.Get(path[0]), path[1:])
}

// stood reports whether the version before named the same at the element.
func (j *judge) stood(e element, n fhir.Node) bool {
	if j.was == nil {
		return false
	}
	for _, old := range nodes(j.was.Root(), e.path) {
		if bytes.Equal(old.Raw(), n.Raw()) && !local(n) {
			return true
		}
	}
	return false
}
