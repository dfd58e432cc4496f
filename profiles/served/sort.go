package served

import (
	"bytes"
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/profiles"
)

// sorted answers a search for definitions that has an order: stored and
// built-in ones together, which are few enough to be sorted in memory.
func (d *Definitions) sorted(ctx context.Context, q *search.Query) (*search.Result, error) {
	list, out, err := d.stand(ctx, q)
	if err != nil {
		return nil, err
	}
	out.Total = len(list)
	if q.Total == search.TotalNone {
		out.Total = -1
	}
	if q.Count == 0 || q.Summary == search.SummaryCount {
		return out, nil
	}
	sorting.Stably(list, func(a, b sortable) int { return compareSortables(q, a, b) })
	at, _ := readPlace(q.Page.After)
	from := at.from
	for _, s := range list[min(from, len(list)):min(from+q.Count, len(list))] {
		if s.version == nil {
			if s.version, err = d.version(s.entry); err != nil {
				return nil, err
			}
		}
		out.Matches = append(out.Matches, s.version)
	}
	if from+q.Count < len(list) {
		out.Next = place{from + q.Count, out.Total}.page(out.AsOf)
	}
	if from > 0 {
		out.Previous = place{from - q.Count, out.Total}.page(out.AsOf)
	}
	return out, nil
}

// sortable is a definition with what it is sorted by.
type sortable struct {
	id      string
	version *fhir.Version   // of a stored one
	entry   *profiles.Entry // of a built-in one, which is read when it is on the page
	keys    []search.Entry
}

// stand lists every definition that meets a query, stored ones first.
func (d *Definitions) stand(ctx context.Context, q *search.Query) ([]sortable, *search.Result, error) {
	stored := *q
	stored.Sort, stored.Count, stored.Summary, stored.Page = nil, 1000, "", search.Page{AsOf: q.Page.AsOf}
	var list []sortable
	out := &search.Result{}
	for {
		found, err := d.store.Search(ctx, &stored)
		if err != nil {
			return nil, nil, err
		}
		out.AsOf = found.AsOf
		for _, v := range found.Matches {
			s := sortable{id: v.ID, version: v}
			if v.Damage == "" { // what cannot be read has no values, and is behind the others
				if s.keys, err = extracted(ctx, v); err != nil {
					return nil, nil, err
				}
			}
			list = append(list, s)
		}
		if found.Next == nil {
			break
		}
		stored.Page = *found.Next
	}
	entries, err := d.builtin(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		keys, err := d.head(ctx, e)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, sortable{id: e.ID, entry: e, keys: keys})
	}
	return list, out, nil
}

// extracted is what a stored definition is sorted by.
func extracted(ctx context.Context, v *fhir.Version) ([]search.Entry, error) {
	resource, err := v.Resource()
	if err != nil {
		return nil, err
	}
	keys, err := search.Extract(ctx, resource)
	return append(keys, search.Entry{Param: search.LastUpdated, Key: search.InstantKey(v.LastUpdated)}), err
}

// compareSortables goes by the sort parameters in turn; what has no value is
// last in both directions.
func compareSortables(q *search.Query, a, b sortable) int {
	for _, by := range q.Sort {
		x, y := a.key(q.Type, by), b.key(q.Type, by)
		c := bytes.Compare(x, y)
		switch {
		case x == nil && y == nil:
			continue
		case x == nil:
			return 1
		case y == nil:
			return -1
		case by.Descending:
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// key is the least value upwards and the greatest downwards, nil for none.
func (s *sortable) key(typ string, by search.Sort) (out []byte) {
	if by.Param == search.ID {
		return []byte(s.id)
	}
	for _, e := range s.keys {
		if e.Param != by.Param {
			continue
		}
		if k := search.SortKey(typ, by, e.Key); out == nil || bytes.Compare(k, out) < 0 != by.Descending {
			out = k
		}
	}
	return out
}
