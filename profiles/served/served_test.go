package served

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// library has value sets in the place of those that are built in.
func library(t *testing.T) *profiles.Library {
	t.Helper()
	set := definition.NewSet()
	for i := range 63 {
		id := fmt.Sprintf("built%d", i)
		_, err := set.Add(fhir.Obj("resourceType", "ValueSet", "id", id, "url", "https://standard.example/"+id, "name", fmt.Sprintf("%cSet%d", 'A'+i%26, i), "status", "active").Resource(), "test")
		require.NoError(t, err)
	}
	return profiles.NewLibrary(set, terminology.New(terminology.Config{Definitions: set}))
}

// opened is a database in memory with some value sets of its own.
func opened(t *testing.T, own int) *Definitions {
	t.Helper()
	db, err := store.Open(mem.New(), store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	tx := &fhir.Transaction{}
	for i := range own {
		tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Update, Type: "ValueSet", ID: fmt.Sprintf("own%d", i), Resource: fhir.Obj("resourceType", "ValueSet", "id", fmt.Sprintf("own%d", i),
			"url", fmt.Sprintf("https://clinic.example/own%d", i), "name", fmt.Sprintf("MOwn%d", i), "status", "active").Resource()})
	}
	d := New(db, library(t), time.Now().Add(-time.Hour), slog.New(slog.DiscardHandler))
	if own > 0 {
		_, err = d.Commit(context.Background(), tx)
		require.NoError(t, err)
	}
	return d
}

func asked(t *testing.T, query string) *search.Query {
	t.Helper()
	values, err := url.ParseQuery(query)
	require.NoError(t, err)
	q, issues, err := search.Parse("ValueSet", values, search.Options{})
	require.NoError(t, err)
	require.False(t, fhir.HasErrors(issues), "%v", issues)
	return q
}

// TestEveryPageHasTheTotal walks each search by its next links: every definition is
// on one page, and the total is the same on every page, is that of _summary=count,
// and is how many there were.
func TestEveryPageHasTheTotal(t *testing.T) {
	for _, own := range []int{0, 7, 25} {
		d := opened(t, own)
		for _, query := range []string{"_count=10", "_count=7&_sort=name", "_count=7&_sort=-url,name", "_count=10&status=active", "_count=10&url=https://clinic.example/own0", "_count=1000", "_count=10&name=nobody"} {
			query := query + "&_total=accurate"
			counted, err := d.Search(t.Context(), asked(t, query+"&_summary=count"))
			require.NoError(t, err)
			require.Empty(t, counted.Matches)
			require.Nil(t, counted.Next)
			q, seen, pages := asked(t, query), map[string]bool{}, 0
			for pages = 1; ; pages++ {
				found, err := d.Search(t.Context(), q)
				require.NoError(t, err)
				require.Equal(t, counted.Total, found.Total, "%s with %d own, page %d", query, own, pages)
				require.LessOrEqual(t, len(found.Matches), q.Count)
				for _, v := range found.Matches {
					require.False(t, seen[v.ID], "%s is there twice", v.ID)
					seen[v.ID] = true
				}
				if found.Next == nil {
					break
				}
				require.Len(t, found.Matches, q.Count, "a page before the last is full")
				q.Page = *found.Next
			}
			require.Len(t, seen, counted.Total, query)
		}
		_, err := d.Read(t.Context(), "ValueSet", "built5")
		require.NoError(t, err)
	}
}

// TestThereAndBack follows previous links from the last page of an order.
func TestThereAndBack(t *testing.T) {
	d := opened(t, 5)
	for _, query := range []string{"_count=20&_sort=name&status=active", "_count=20&status=active"} {
		q := asked(t, query)
		var there []string
		var last *search.Result
		for {
			found, err := d.Search(t.Context(), q)
			require.NoError(t, err)
			if last = found; found.Next == nil {
				break
			}
			there = append(there, found.Matches[0].ID)
			q.Page = *found.Next
		}
		for i := len(there) - 1; last.Previous != nil; i-- {
			q.Page = *last.Previous
			found, err := d.Search(t.Context(), q)
			require.NoError(t, err)
			require.Contains(t, there, found.Matches[0].ID)
			require.Len(t, found.Matches, q.Count)
			last = found
		}
	}
}

// TestPlaces reads what it wrote, and nothing of the store's.
func TestPlaces(t *testing.T) {
	for _, p := range []place{{0, -1}, {3, 0}, {1 << 30, 1 << 40}} {
		back, ok := readPlace(p.page(7).After)
		require.True(t, ok)
		require.Equal(t, p, back)
	}
	for _, after := range []string{"", "x", "\x00\x01", placeMark, placeMark + "x", placeMark + "1", placeMark + "-1 2"} {
		_, ok := readPlace([]byte(after))
		require.False(t, ok, "%q", after)
	}
}

// TestHistoryOfABuiltInOne is its one version.
func TestHistoryOfABuiltInOne(t *testing.T) {
	d := opened(t, 1)
	ask := func(q fhir.HistoryQuery) *fhir.History {
		q.Type, q.Count = "ValueSet", 10
		h, err := d.History(t.Context(), q)
		require.NoError(t, err)
		require.Len(t, h.Versions, h.Total)
		return h
	}
	require.Equal(t, "1", ask(fhir.HistoryQuery{ID: "built5"}).Versions[0].VersionID)
	require.Zero(t, ask(fhir.HistoryQuery{ID: "built5", Since: time.Now()}).Total)
	require.Zero(t, ask(fhir.HistoryQuery{ID: "built5", At: time.Now().Add(-2 * time.Hour)}).Total)
	require.Equal(t, 1, ask(fhir.HistoryQuery{}).Total, "the history of the type is what was written")
	_, err := d.History(t.Context(), fhir.HistoryQuery{Type: "ValueSet", ID: "nobody", Count: 1})
	require.Equal(t, fhir.NotFound, fhir.KindOf(err))
	v, err := d.VRead(t.Context(), "ValueSet", "built5", "1")
	require.NoError(t, err)
	require.Equal(t, "1", v.VersionID)
	_, err = d.VRead(t.Context(), "ValueSet", "built5", "2")
	require.Equal(t, fhir.NotFound, fhir.KindOf(err))
}
