package store_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// Pages of large resources end before their count is reached, and the next page
// goes on behind them, in every order that a page may be in.
func TestPagesEndByTheirBytes(t *testing.T) {
	defer store.SetPageBytes(2500)()
	both(t, func(t *testing.T, db *store.DB) {
		for i := range 9 {
			commit(t, db, fhir.Change{Method: fhir.Create, Type: "Patient",
				Resource: patient(t, fmt.Sprint(i), fmt.Sprintf("A%d%s", i%4, strings.Repeat("a", 1000)))})
		}
		for _, query := range []string{"", "family=a", "_sort=family", "_sort=-family,_id", "gender:missing=true&_sort=_lastUpdated"} {
			values, err := url.ParseQuery(query)
			require.NoError(t, err)
			q, _, err := search.Parse("Patient", values, search.Options{DefaultCount: 50})
			require.NoError(t, err)
			found := map[string]bool{}
			pages := 0
			for more := true; more; pages++ {
				r, err := db.Search(ctx, q)
				require.NoError(t, err)
				require.LessOrEqual(t, len(r.Matches), 3)
				for _, v := range r.Matches {
					found[v.ID] = true
				}
				if more = r.Next != nil; more {
					q.Page = *r.Next
				}
			}
			require.Len(t, found, 9, query)
			require.Equal(t, 3, pages, query)
		}

		q := fhir.HistoryQuery{Type: "Patient", Count: 50}
		for _, want := range []int{3, 3, 3} {
			h, err := db.History(ctx, q)
			require.NoError(t, err)
			require.Len(t, h.Versions, want)
			require.Equal(t, 9, h.Total)
			q.AsOf, q.Before = h.AsOf, h.Next
		}
		require.Zero(t, q.Before)
	})
}

// A page that was begun by a walk and is then sorted in memory begins anew, with
// all the bytes that it may hold.
func TestPagesSortedInMemoryEndByTheirBytes(t *testing.T) {
	defer store.SetPageBytes(2500)()
	defer store.SetSortLimits(3, 1000)()
	both(t, func(t *testing.T, db *store.DB) {
		for i := range 9 {
			commit(t, db, post(patient(t, fmt.Sprint(i), fmt.Sprintf("A%d%s", i, strings.Repeat("a", 1000)))))
		}
		q, _, err := search.Parse("Patient", url.Values{"_sort": {"family"}}, search.Options{DefaultCount: 50})
		require.NoError(t, err)
		found := 0
		for more := true; more; {
			r, err := db.Search(ctx, q)
			require.NoError(t, err)
			found += len(r.Matches)
			if more = r.Next != nil; more {
				require.Len(t, r.Matches, 3)
				q.Page = *r.Next
			}
		}
		require.Equal(t, 9, found)
	})
}

// What a page includes is bounded by its bytes too.
func TestIncludedEndByTheirBytes(t *testing.T) {
	db := openDB(t, mem.New(), store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	commit(t, db, put("a", patient(t, "1", "Ames")))
	for range 3 {
		commit(t, db, post(parse(t, `{'resourceType':'Basic','code':{'text':'%s'},'subject':{'reference':'Patient/a'}}`, strings.Repeat("b", 1000))))
	}
	q, _, err := search.Parse("Patient", url.Values{"_revinclude": {"Basic:subject"}}, search.Options{})
	require.NoError(t, err)
	r, err := db.Search(ctx, q)
	require.NoError(t, err)
	require.Len(t, r.Included, 3)
	defer store.SetPageBytes(2500)()
	_, err = db.Search(ctx, q)
	var e *fhir.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, fhir.TooCostly, e.Kind)
}

// The way back leads over the same pages as the way on, whatever is written
// meanwhile, and the last page is where it ends.
func TestPagesLeadBack(t *testing.T) {
	for _, walked := range []int{2000, 3} { // by walks, and in memory
		func() {
			defer store.SetSortLimits(walked, 1000)()
			both(t, func(t *testing.T, db *store.DB) {
				const count, all = 3, 14
				for i := range all {
					commit(t, db, post(patient(t, fmt.Sprint(i), fmt.Sprintf("A%d", i%4))))
				}
				for _, query := range []string{"", "family=a", "_sort=family", "_sort=-family", "_sort=_id", "_sort=-_lastUpdated", "_total=accurate&family=a", "_sort=-family,_id"} {
					leadsBack(t, db, query, count)
				}
			})
		}()
	}
}

func leadsBack(t *testing.T, db *store.DB, query string, count int) {
	t.Helper()
	values, err := url.ParseQuery(query)
	require.NoError(t, err)
	q, _, err := search.Parse("Patient", values, search.Options{DefaultCount: count})
	require.NoError(t, err)
	var pages [][]*fhir.Version
	var last *search.Result
	for {
		last, err = db.Search(ctx, q)
		require.NoError(t, err)
		pages = append(pages, last.Matches)
		require.Equal(t, len(pages) == 1, last.Previous == nil, query)
		if last.Next == nil {
			break
		}
		q.Page = *last.Next
		commit(t, db, post(patient(t, "later", "A")))
	}
	require.Len(t, pages[0], count, query)
	if last.Last != nil {
		end := *q
		end.Page = *last.Last
		r, err := db.Search(ctx, &end)
		require.NoError(t, err)
		require.Equal(t, pages[len(pages)-1], r.Matches, query)
		require.Nil(t, r.Next, query)
	}
	for n := len(pages) - 2; n >= 0; n-- {
		q.Page = *last.Previous
		last, err = db.Search(ctx, q)
		require.NoError(t, err)
		require.Equal(t, pages[n], last.Matches, "%s: page %d", query, n)
		next := *q
		next.Page = *last.Next
		r, err := db.Search(ctx, &next)
		require.NoError(t, err)
		require.Equal(t, pages[n+1], r.Matches, "%s: on from page %d", query, n)
	}
	require.Nil(t, last.Previous)
}

// TestPagesMakeRoomForWhatTheyBring: a page ends where what goes with its matches is as
// much as one brings; one match that brings too much is refused.
func TestPagesMakeRoomForWhatTheyBring(t *testing.T) {
	defer store.SetIncludeLimit(10)()
	both(t, func(t *testing.T, db *store.DB) {
		var changes []fhir.Change
		bring := []int{4, 4, 4, 9, 2, 0, 10, 1, 1, 1}
		for i, n := range bring {
			changes = append(changes, put(fmt.Sprint("p", i), parse(t, `{'resourceType':'Patient','id':'p%d'}`, i)))
			for k := range n {
				changes = append(changes, put(fmt.Sprintf("b%d-%d", i, k), parse(t, `{'resourceType':'Basic','id':'b%d-%d','code':{'text':'x'},'subject':{'reference':'Patient/p%d'}}`, i, k, i)))
			}
		}
		commit(t, db, changes...)
		for _, sort := range []string{"", "&_sort=-_id", "&_sort=_lastUpdated,-_id"} {
			values, err := url.ParseQuery("_revinclude=Basic:subject&_count=8" + sort)
			require.NoError(t, err)
			q, _, err := search.Parse("Patient", values, search.Options{})
			require.NoError(t, err)
			var pages []string
			for {
				r, err := db.Search(ctx, q)
				require.NoError(t, err)
				require.LessOrEqual(t, len(r.Included), 10)
				page := ""
				for _, m := range r.Matches {
					page += m.ID
				}
				pages = append(pages, fmt.Sprint(page, "+", len(r.Included)))
				if r.Next == nil {
					break
				}
				q.Page = *r.Next
			}
			want := []string{"p0p1+8", "p2+4", "p3+9", "p4p5+2", "p6+10", "p7p8p9+3"}
			if sort != "" {
				want = []string{"p9p8p7+3", "p6p5+10", "p4+2", "p3+9", "p2p1+8", "p0+4"}
			}
			require.Equal(t, want, pages, sort)
		}
		commit(t, db, put("more", parse(t, `{'resourceType':'Basic','id':'more','code':{'text':'x'},'subject':{'reference':'Patient/p6'}}`)))
		require.Contains(t, answer(db, "Patient?_revinclude=Basic:subject&_id=p6"), "One match would bring more than 10")
	})
}
