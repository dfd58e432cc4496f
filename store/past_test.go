package store

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestPastRows runs random histories of a status that comes and goes, and asks for who
// has it now, at any time before, beside other clauses, and in a commit.
func TestPastRows(t *testing.T) {
	defer SetStretches(2, 2, 6, 12, 3)()
	durable, err := badger.Open(t.TempDir(), nil)
	require.NoError(t, err)
	for name, engine := range map[string]kv.Engine{"mem": kvtest.Poisoned{Engine: mem.New()}, "badger": durable} {
		t.Run(name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(3, 9))
			db, err := Open(engine, Options{Guards: []fhir.Guard{func(_ context.Context, state fhir.State, tx *fhir.Transaction, _, after *fhir.Version) error {
				list, err := state.Find("Task", "status=requested")
				if err == nil && tx.RequestID == "refused" {
					err = fmt.Errorf("refused with %d", len(list))
				}
				return err
			}}})
			require.NoError(t, err)
			const n, steps = 60, 400
			status := map[int]string{}
			var past []map[int]string // at each sequence
			past = append(past, map[int]string{})
			for range steps {
				i := rnd.IntN(n)
				if rnd.IntN(4) > 0 {
					i = len(status) % n // most go in order, so that stretches form
				}
				s := []string{"requested", "completed", "completed", "completed"}[rnd.IntN(4)]
				put := func(i int, s, request string) error {
					r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Task","id":"t%d","status":"%s","intent":"order","for":{"reference":"Patient/p%d"}}`, i, s, i%7))
					require.NoError(t, err)
					_, err = db.Commit(t.Context(), &fhir.Transaction{RequestID: request, Changes: []fhir.Change{{Method: fhir.Update, Type: "Task", ID: fmt.Sprint("t", i), Resource: r}}})
					return err
				}
				if rnd.IntN(5) == 0 {
					require.Error(t, put(rnd.IntN(n), "requested", "refused"))
				}
				if status[i] == "" {
					require.NoError(t, put(i, "requested", ""))
					past = append(past, with1(status, i, "requested"))
				}
				if status[i] != s {
					require.NoError(t, put(i, s, ""))
					past = append(past, with1(status, i, s))
				}
				require.Equal(t, len(past)-1, int(db.Head()))
				at := fhir.Seq(len(past) - 1)
				if rnd.IntN(2) == 0 {
					at = fhir.Seq(1 + rnd.IntN(len(past)-1))
				}
				query, holds := "Task?status=requested", func(int) bool { return true }
				if rnd.IntN(3) == 0 {
					p := rnd.IntN(7)
					query, holds = fmt.Sprintf("Task?status=requested&patient=Patient/p%d", p), func(i int) bool { return i%7 == p }
				}
				want := map[string]bool{}
				for i, s := range past[at] {
					if s == "requested" && holds(i) {
						want[fmt.Sprint("t", i)] = true
					}
				}
				require.Equal(t, want, foundAt(t, db, at, query), "%s at %d of %d", query, at, len(past)-1)
			}
			require.NotEmpty(t, db.past.keys, "stretches were kept")
			require.NoError(t, db.Close())
		})
	}
}

// TestPastRowsMeanwhile: while others write, what is found by leaps, now and at any time
// before, is what a walk over all rows finds.
func TestPastRowsMeanwhile(t *testing.T) {
	defer SetStretches(2, 3, 20, 200, 4)()
	db, err := Open(mem.New(), Options{})
	require.NoError(t, err)
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for w := range uint64(4) {
		writers.Go(func() {
			rnd := rand.New(rand.NewPCG(w, 1))
			for i := range 500 {
				status := []string{"requested", "completed", "completed", "completed"}[rnd.IntN(4)]
				id := fmt.Sprint("t", rnd.IntN(50+i))
				r := fhir.Obj("resourceType", "Task", "id", id, "status", status, "intent", "order").Resource()
				_, err := db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Task", ID: id, Resource: r}}})
				assert.NoError(t, err)
			}
		})
	}
	q := parsedQuery(t, "Task?status=requested")
	compared := 0
	readers.Go(func() {
		rnd := rand.New(rand.NewPCG(9, 1))
		for at := db.Head(); ; at = db.Head() {
			select {
			case <-done:
				return
			default:
			}
			if at > 0 && rnd.IntN(3) == 0 {
				at = 1 + fhir.Seq(rnd.IntN(int(at)))
			}
			assert.NoError(t, db.look("test", at, func(v view) error {
				leaping, err := v.findBy(t.Context(), q, 1<<20)
				if err != nil {
					return err
				}
				v.past, v.learns = nil, false
				walking, err := v.findBy(t.Context(), q, 1<<20)
				assert.Equal(t, walking, leaping, "at %d", at)
				compared++
				return err
			}))
		}
	})
	writers.Wait()
	close(done)
	readers.Wait()
	require.Positive(t, compared)
	require.NoError(t, db.Close())
}

// with1 changes a map and returns a copy of it.
func with1(m map[int]string, i int, s string) map[int]string {
	m[i] = s
	return maps.Clone(m)
}

func foundAt(t testing.TB, db *DB, at fhir.Seq, query string) map[string]bool {
	out := map[string]bool{}
	require.NoError(t, db.look("test", at, func(v view) error {
		q := parsedQuery(t, query)
		for {
			found, err := v.search(t.Context(), q)
			if err != nil {
				return err
			}
			for _, m := range found.Matches {
				out[m.ID] = true
			}
			if found.Next == nil {
				return nil
			}
			q.Page = *found.Next
		}
	}))
	return out
}

func parsedQuery(t testing.TB, query string) *search.Query {
	u, err := url.Parse(query)
	require.NoError(t, err)
	q, _, err := search.Parse(u.Path, u.Query(), search.Options{})
	require.NoError(t, err)
	return q
}

// TestDoneWorkIsFlat: a list of what is to be done costs what is on it, however much
// was on it once: by a second clause at once, and by itself when it has been walked.
func TestDoneWorkIsFlat(t *testing.T) {
	moves := map[string][2]int{}
	queries := []string{"Task?status=requested&patient=Patient/p7", "Task?status=requested", "Task?status=requested&code=c", "Task?status=requested,ready&code=c&_sort=-authored-on"}
	for size, n := range []int{2000, 20_000} {
		db := worked(t, mem.New(), n)
		for _, query := range queries {
			q := parsedQuery(t, query)
			count := 0
			for range 2 {
				count = 0
				m := db.now()
				v := view{r: counting{m.snap, &count}, at: m.seq, past: &db.past, learns: true}
				found, err := v.search(t.Context(), q)
				require.NoError(t, err)
				require.NotEmpty(t, found.Matches)
				m.release()
				if size == 1 && q.Clauses[0].Param == "patient" {
					break // without a walk before
				}
			}
			m := moves[query]
			m[size] = count
			moves[query] = m
		}
		require.NoError(t, db.Close())
	}
	for query, m := range moves {
		t.Logf("%-70s %d -> %d", query, m[0], m[1])
		require.LessOrEqual(t, m[1], 2*m[0]+20, query)
	}
}

// worked is a database with n Tasks of which all but twelve are done.
func worked(t testing.TB, e kv.Engine, n int) *DB {
	db, err := Open(e, Options{})
	require.NoError(t, err)
	for _, status := range []string{"requested", "completed"} {
		for from := 0; from < n; from += 500 {
			tx := &fhir.Transaction{}
			for i := from; i < from+500; i++ {
				if status == "completed" && (i%(n/10) == 7 || i >= n-2) {
					continue
				}
				r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Task","id":"t%d","status":"%s","intent":"order","code":{"coding":[{"code":"c"}]},"for":{"reference":"Patient/p%d"},"authoredOn":"2026-01-%02dT10:00:00Z"}`, i, status, i%(n/20), 1+i*28/n))
				require.NoError(t, err)
				tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Update, Type: "Task", ID: fmt.Sprint("t", i), Resource: r})
			}
			_, err := db.Commit(t.Context(), tx)
			require.NoError(t, err)
		}
	}
	return db
}

// BenchmarkDoneWork measures the lists of TestDoneWorkIsFlat:
// go test ./store -run xxx -bench DoneWork -benchtime 50x
func BenchmarkDoneWork(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		e, err := badger.Open(b.TempDir(), nil)
		require.NoError(b, err)
		db := worked(b, e, n)
		for _, query := range []string{"Task?status=requested&patient=Patient/p7", "Task?status=requested", "Task?status=requested,ready&code=c&_sort=-authored-on"} {
			b.Run(fmt.Sprintf("%d/%s", n, query), func(b *testing.B) { benchPage(b, db, query) })
		}
		require.NoError(b, db.Close())
	}
}
