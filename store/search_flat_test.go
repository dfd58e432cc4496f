package store

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// flatQueries are searches whose page of 20 costs the same whatever there is
// besides. Their resources are those of [observed], of a size n.
var flatQueries = []string{
	"Observation?date=ge2012-01-01&date=lt2014-01-01&_sort=-date",
	"Observation?date=ge2012-01-01&date=lt2014-01-01&_sort=date",
	"Observation?date=ge2012-01-01&date=lt2014-01-01",
	"Observation?date=ge2012-01-01&status=final&_sort=-date",
	"Observation?date=lt2012-01-01&_sort=-date",
	"Observation?_sort=-date,status",
	"Observation?_sort=status,-date",
	"Observation?_sort=-status,code,date",
	"Observation?status=final&_sort=code,-date",
	"Observation?patient.family=a&_id=o1",
	"Observation?patient.family=a&identifier=urn:o|1",
	"Observation?_id=o1&date=ge2012-01-01",
	"Patient?_has:Observation:patient:date=ge2012-01-01",
	"Patient?_has:Observation:patient:date=ge2012-01-01&gender=male",
	"Patient?_has:Observation:patient:status=final",
	"Observation?patient.family=a",
	"Observation?patient.gender=male",
	"Observation?patient.gender=male&date=ge2012-01-01",
	"Observation?patient._has:Observation:patient:status=final",
}

// pageQueries are what [BenchmarkFlatPage] measures: these, and pages with what they
// refer to, and counts.
var pageQueries = append(slices.Clone(flatQueries),
	"Observation?status=final",
	"Observation?status=final&_include=Observation:subject",
	"Observation?date=ge2012-01-01&date=lt2012-03-01&_summary=count",
)

// observed is a database with n Observations, spread over 20 years,
// of n/10 Patients.
func observed(t testing.TB, e kv.Engine, n int) *DB {
	db, err := Open(e, Options{})
	require.NoError(t, err)
	var tx *fhir.Transaction
	put := func(format string, args ...any) {
		r, err := fhir.Parse(fmt.Appendf(nil, format, args...))
		require.NoError(t, err)
		tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r})
	}
	day := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for from := 0; from < n; from += 500 {
		tx = &fhir.Transaction{}
		for i := from; i < min(from+500, n); i++ {
			if i%10 == 0 {
				put(`{"resourceType":"Patient","id":"p%d","name":[{"family":"%s"}],"gender":"%s"}`, i/10, []string{"Adams", "Brown"}[i/10%2], []string{"male", "female"}[i/10%2])
			}
			put(`{"resourceType":"Observation","id":"o%d","identifier":[{"system":"urn:o","value":"%d"}],"status":"%s","code":{"coding":[{"system":"urn:c","code":"%d"}]},"subject":{"reference":"Patient/p%d"},"effectiveDateTime":"%s"}`,
				i, i, []string{"final", "amended"}[i%2], i%7, i/10, day.AddDate(0, 0, i*7300/n).Format("2006-01-02"))
		}
		_, err := db.Commit(t.Context(), tx)
		require.NoError(t, err)
	}
	return db
}

// movesOf counts the iterator moves of two pages of a query, and what they find.
func movesOf(t testing.TB, db *DB, query string) (moves [2]int, found int) {
	u, err := url.Parse(query)
	require.NoError(t, err)
	q, _, err := search.Parse(u.Path, u.Query(), search.Options{})
	require.NoError(t, err)
	for i := range moves {
		snap, err := db.engine.Snapshot()
		require.NoError(t, err)
		v := view{r: counting{snap, &moves[i]}, at: db.Head()}
		out, err := v.search(t.Context(), q)
		require.NoError(t, err)
		snap.Close()
		found += len(out.Matches)
		if out.Next == nil {
			break
		}
		q.Page = *out.Next
	}
	return moves, found
}

// TestSearchIsFlat compares the iterator moves of a first and of a second page
// in databases of which one has ten times as many resources.
func TestSearchIsFlat(t *testing.T) {
	defer SetSearchLimits(16, 100, 16, 100, 20)()
	defer SetGroupSize(20)()
	small, large := observed(t, mem.New(), 2000), observed(t, mem.New(), 20_000)
	for _, query := range flatQueries {
		before, _ := movesOf(t, small, query)
		after, found := movesOf(t, large, query)
		t.Logf("%-70s %v -> %v of %d", query, before, after, found)
		for i := range before {
			if after[i] > 2*before[i]+20 {
				t.Errorf("%s: page %d takes %d moves among 20,000, %d among 2,000", query, i+1, after[i], before[i])
			}
		}
	}
	require.NoError(t, small.Close())
	require.NoError(t, large.Close())
}

// TestCountOfRange: a count of a range costs a row for each match and reads no resource,
// also where there are few values with many resources each.
func TestCountOfRange(t *testing.T) {
	db := observed(t, mem.New(), 10_000)
	for query, most := range map[string]int{
		"Observation?date=ge2012-01-01&_summary=count":                      4_700,
		"Observation?date=ge2012-01-01&date=lt2012-03-01&_summary=count":    800,
		"Observation?_lastUpdated=ge2000-01-01&_summary=count":              10_700,
		"Observation?date=ge2012-01-01&_total=accurate&_count=1&_sort=date": 4_700,
	} {
		moves, _ := movesOf(t, db, query)
		t.Log(query, moves[0])
		require.LessOrEqual(t, moves[0], most, query)
	}
	require.NoError(t, db.Close())
}

// BenchmarkFlatPage compares first pages of the same searches, with what they include
// and counts, among 100 thousand Observations with the same among 10 thousand: medians of
// searches in turn, and their ratio, in databases that were closed and opened again.
// go test ./store -run xxx -bench FlatPage -benchtime 20x
func BenchmarkFlatPage(b *testing.B) {
	var dbs [2]*DB
	for i, n := range []int{10_000, 100_000} {
		dir := b.TempDir()
		open := func() kv.Engine {
			e, err := badger.Open(dir, nil)
			require.NoError(b, err)
			return e
		}
		require.NoError(b, observed(b, open(), n).Close())
		db, err := Open(open(), Options{})
		require.NoError(b, err)
		defer func() { _ = db.Close() }()
		dbs[i] = db
	}
	for _, query := range pageQueries {
		b.Run(query, func(b *testing.B) { comparePages(b, dbs, query) })
	}
}

func benchPage(b *testing.B, db *DB, query string) {
	u, err := url.Parse(query)
	require.NoError(b, err)
	q, _, err := search.Parse(u.Path, u.Query(), search.Options{})
	require.NoError(b, err)
	for b.Loop() {
		_, err := db.Search(b.Context(), q)
		require.NoError(b, err)
	}
}
