package store

import (
	"context"
	"slices"
)

// firstReach is how many of the numbers given last newest looks at first.
const firstReach = 64

// newest returns the ids of the n resources created last of those that a query
// finds, the last of all first. It looks at the numbers given last, and goes
// back in steps that grow, so that what a resource has behind those n costs
// nothing.
func (v view) newest(ctx context.Context, typ, query string, n int) (ids []string, err error) {
	q, err := v.condition(typ, query)
	if err != nil {
		return nil, err
	}
	s, err := v.selection(ctx, q.Type, q.Clauses)
	if err != nil {
		return nil, err
	}
	rids, err := s.lastOf(n)
	for i := 0; err == nil && i < len(rids); i++ {
		var id string
		id, err = s.id(rids[i], i < fewFound)
		ids = append(ids, id)
	}
	return ids, closeAll([]stream{s}, err)
}

// lastOf returns the n highest numbers that are selected, descending.
func (s *selection) lastOf(n int) (found []rid, err error) {
	head, err := s.v.head()
	if err != nil {
		return nil, err
	}
	first, _, err := approach(s.must[0], 1) // there is none before it
	if err != nil || first == 0 {
		return nil, err
	}
	end, reach := maxRid+1, rid(firstReach)
	for begin := max(head.rid, first); end > first && len(found) < n; reach *= 4 {
		begin -= min(begin-first, reach)
		var here []rid
		for r, err := s.seek(begin); r != 0 && r < end || err != nil; r, err = s.seek(r + 1) {
			if err != nil {
				return nil, err
			}
			here = append(here, r)
		}
		slices.Reverse(here)
		found, end = append(found, here...), begin
	}
	return found[:min(n, len(found))], nil
}
