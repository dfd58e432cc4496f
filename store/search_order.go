package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// maxSorted is how many matches are sorted in memory. A variable, so that tests
// can make it small.
var maxSorted = 10_000

// ranked is a match with its sort keys, nil for those that it has no value for.
type ranked struct {
	ver  *fhir.Version
	rid  rid
	keys [][]byte
}

// sortedMatches gives all matches in the order of the query, in memory.
// complete is false where they are too many.
func (v view) sortedMatches(ctx context.Context, q *search.Query, s *selection) (out []ranked, complete bool, err error) {
	for r, err := s.seek(1); r != 0 || err != nil; r, err = s.seek(r + 1) {
		if err != nil {
			return nil, false, err
		}
		if len(out) == maxSorted {
			return nil, false, nil
		}
		ver, err := s.get(r)
		if err != nil {
			return nil, false, err
		}
		keys, err := sortKeys(ctx, q, ver)
		if err != nil {
			return nil, false, err
		}
		out = append(out, ranked{ver, r, keys})
	}
	slices.SortFunc(out, func(a, b ranked) int {
		for i, by := range q.Sort {
			if c := compareKeys(a.keys[i], b.keys[i], by.Descending); c != 0 {
				return c
			}
		}
		if a.rid < b.rid {
			return -1
		}
		return 1
	})
	return out, true, nil
}

// compareKeys puts what has no value last, whatever the direction.
func compareKeys(a, b []byte, descending bool) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	c := bytes.Compare(a, b)
	if descending {
		return -c
	}
	return c
}

// sortKeys gives for each sort parameter the value that counts: the least one
// upwards, the greatest one downwards.
func sortKeys(ctx context.Context, q *search.Query, ver *fhir.Version) ([][]byte, error) {
	var entries []search.Entry
	var err error
	keys := make([][]byte, len(q.Sort))
	for i, by := range q.Sort {
		switch by.Param {
		case search.ID:
			keys[i] = []byte(ver.ID)
			continue
		case search.LastUpdated:
			keys[i] = search.SortKey(ver.Type, by, updatedEntry(ver).Key)
			continue
		}
		if entries == nil {
			if entries, err = entriesBefore(ctx, ver); err != nil {
				return nil, err
			}
		}
		for _, e := range entries {
			if e.Param != by.Param {
				continue
			}
			if k := search.SortKey(ver.Type, by, e.Key); keys[i] == nil || compareKeys(k, keys[i], by.Descending) < 0 {
				keys[i] = k
			}
		}
	}
	return keys, nil
}

// ordering walks resources in an order that the database has by itself.
type ordering interface {
	// next goes to the next resource. place is where a later walk goes on
	// behind it.
	next() (r rid, place []byte, ok bool)
	close() error
}

// ordering gives the walk for a sort order, behind a place; nil where there is
// none but in memory.
func (v view) ordering(q *search.Query, place []byte) ordering {
	if len(q.Sort) != 1 {
		return nil
	}
	switch by := q.Sort[0]; by.Param {
	case search.LastUpdated:
		return v.byTime(q.Type, by.Descending, place)
	case search.ID:
		return v.byID(q.Type, by.Descending, place)
	}
	return nil
}

// timeWalk is the order of _lastUpdated; its place is a key and a number.
type timeWalk struct {
	*rows
	first func() bool
}

func (v view) byTime(typ string, reverse bool, place []byte) ordering {
	w := &timeWalk{rows: v.rows(typ, search.LastUpdated, search.Range{}, reverse)}
	w.first = w.rows.next
	if len(place) > ridLen {
		key, r := place[:len(place)-ridLen], rid(getUint(place[len(place)-ridLen:]))
		w.first = func() bool {
			ok := w.seek(key, r)
			if ok && w.rid == r && bytes.Equal(w.key, key) {
				return w.rows.next()
			}
			return ok
		}
	}
	return w
}

func (w *timeWalk) next() (rid, []byte, bool) {
	step := w.rows.next
	if w.first != nil {
		step, w.first = w.first, nil
	}
	if !step() {
		return 0, nil, false
	}
	return w.rid, appendRid(bytes.Clone(w.key), w.rid), true
}

// tooManyToSort is the answer to a sort order that memory would have to hold.
func tooManyToSort(q *search.Query) error {
	var names []string
	for _, by := range q.Sort {
		names = append(names, by.Param)
	}
	return fhir.E("search", fhir.TooCostly, fhir.Issue{Expression: "_sort",
		Message:  fmt.Sprintf("More than %d resources would have to be sorted.", maxSorted),
		Expected: "a narrower search, or _sort by _lastUpdated or _id alone", Found: strings.Join(names, ","),
		Fix: "Add search parameters that leave fewer matches."})
}
