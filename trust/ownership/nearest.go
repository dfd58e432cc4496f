package ownership

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// Nearest returns the [fhir.Narrow] of each directory: what a condition of a caller
// means of the entries that it finds. That is those which were first written for
// their organisation; where none was, the oldest one that others may rely on. So
// nobody stops the messages of others by a second entry of the same number, and
// nobody gets a sight of them by an entry made in the place of theirs.
func (r *Rules) Nearest() map[string]fhir.Narrow {
	list := map[string]fhir.Narrow{}
	for typ, rule := range table {
		if !rule.public || rule.open {
			continue
		}
		list[typ] = func(state fhir.State, who fhir.Principal, ids []string) ([]string, error) {
			if !who.Bound() {
				return ids, nil
			}
			return r.nearest(state, typ, who, ids)
		}
	}
	return list
}

func (r *Rules) nearest(state fhir.State, typ string, who fhir.Principal, ids []string) (own []string, err error) {
	oldest, since := []string(nil), fhir.Seq(0)
	for _, id := range ids {
		first, err := state.First(typ, id)
		if err != nil {
			return nil, err
		}
		if first == nil {
			continue
		}
		if r.actsForOne(who, writtenBy(first.Requester).Writers) {
			own = append(own, id)
			continue
		}
		if relied, err := relied(state, typ, id, first); err != nil {
			return nil, err
		} else if relied && (oldest == nil || first.Seq < since) {
			oldest, since = []string{id}, first.Seq
		}
	}
	if len(own) == 0 {
		own = oldest
	}
	return own, nil
}

// relied reports whether others may rely on an entry: one of the operator, and one by
// whose ODS code an organisation itself says who it is, and names no other. Who
// prescribes, and in what role, each organisation says for itself.
func relied(state fhir.State, typ, id string, first *fhir.Version) (bool, error) {
	by := writtenBy(first.Requester)
	if by.Server || slices.Contains(by.Writers, Site) {
		return true, nil
	}
	v, err := state.Current(typ, id)
	if err != nil || v == nil || v.Deleted() {
		return false, err
	}
	content, err := v.Resource()
	if err != nil {
		return false, err
	}
	itself := false
	for n := range content.Get("identifier").Items() {
		itself = itself || odsCode(n) != ""
	}
	names, err := resolved(state, (*Rules)(nil).Of(v, content), maxThrough)
	others := slices.ContainsFunc(names, func(code string) bool { return !slices.Contains(by.Writers, code) })
	return itself && !others, err
}
