package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server"
)

// names is a Patient with so many names, 15 bytes each.
func names(n int) string {
	return `{"resourceType":"Patient","name":[` + strings.Repeat(`{"family":"a"},`, n) + `{"family":"a"}]}`
}

func xmlNames(n int) string {
	return `<Patient xmlns="http://hl7.org/fhir">` + strings.Repeat(`<name><family value="a"/></name>`, n) + `</Patient>`
}

// gate is a validator that says how many it has at work and lets none go on
// until all are told to.
type gate struct {
	server.Validator
	entered, leave chan struct{}
}

func (g gate) Validate(ctx context.Context, r *fhir.Resource, profiles ...string) []fhir.Issue {
	g.entered <- struct{}{}
	<-g.leave
	return nil
}

// Small bodies that unpack to millions of values are refused before they are
// parsed, whatever their format, and whoever is at work already keeps working.
func TestValuesOfABodyAreBounded(t *testing.T) {
	h := newHandler(t, nil)
	for n, status := range map[int]int{1: 200, 1000: 200, 100_000: 200, 4_000_000: 413} {
		w := call(h, "POST", "/fhir/Patient/$validate", packed(names(n)), "Content-Encoding", "gzip")
		require.Equal(t, status, w.Code, "%d names", n)
		if status == 413 {
			require.Contains(t, w.Body.String(), "more values than the server takes")
			require.Contains(t, w.Body.String(), "at most about 5592405 values")
		}
	}
	w := call(h, "POST", "/fhir/Patient/$validate", packed(xmlNames(2_000_000)), "Content-Encoding", "gzip", "Content-Type", "application/fhir+xml")
	require.Equal(t, 413, w.Code)
	w = call(h, "PATCH", "/fhir/Patient/1", packed("["+strings.Repeat("{},", 20_000_000)+"{}]"), "Content-Encoding", "gzip", "Content-Type", "application/json-patch+json")
	require.Equal(t, 413, w.Code)
}

// What the requests in flight need together is bounded: one that needs more than
// there is of it now is turned away for a while, one that needs more than there
// will ever be is told so.
func TestMemoryOfRequestsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate{entered: make(chan struct{}, 64), leave: make(chan struct{})}
		h := newHandler(t, func(c *server.Config) { c.Memory, c.MaxHeavy, c.Validator = 8<<20, 64, g })
		send := func(from, body string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("POST", "/fhir/Patient/$validate", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/fhir+json")
			r.RemoteAddr = from + ":1000"
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w
		}
		w := send("192.0.2.1", names(100_000))
		require.Equal(t, 413, w.Code)
		require.Contains(t, w.Body.String(), "a request that needs at most 8 MB")

		var group sync.WaitGroup
		statuses := make(chan int, 8)
		for i := range 8 { // each needs about 2.9 MB
			group.Go(func() { statuses <- send(fmt.Sprintf("192.0.2.%d", i%2), names(10_000)).Code })
		}
		<-g.entered
		<-g.entered
		refused := 0
		for range 6 {
			require.Equal(t, 429, <-statuses)
			refused++
		}
		require.Equal(t, 6, refused, "one of each client is at work")
		close(g.leave)
		group.Wait()
		require.Equal(t, 200, <-statuses)
		require.Equal(t, 200, <-statuses)
		require.Equal(t, 200, send("192.0.2.1", names(10_000)).Code, "what was held is returned")
	})
}

// A burst of bodies that are refused costs their text and no more: a tree would
// take many times that.
func TestRefusalsTakeLittleMemory(t *testing.T) {
	h := newHandler(t, nil)
	text := names(4_000_000)
	body := packed(text)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			w := call(h, "POST", "/fhir/Patient/$validate", body, "Content-Encoding", "gzip")
			if w.Code != http.StatusRequestEntityTooLarge && w.Code != http.StatusTooManyRequests {
				t.Errorf("status %d", w.Code)
			}
		})
	}
	group.Wait()
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8*3*len(text)))
}

func TestEntriesAreBounded(t *testing.T) {
	h := newHandler(t, nil)
	w := call(h, "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[`+strings.Repeat("{},", 100_000)+`{}]}`)
	require.Equal(t, 413, w.Code, w.Body)
	require.Contains(t, w.Body.String(), "at most 100000")
}

// searches counts the searches of a repository.
type searches struct {
	server.Repository
	n *atomic.Int64
}

func (s searches) Search(ctx context.Context, q *search.Query) (*search.Result, error) {
	s.n.Add(1)
	return s.Repository.Search(ctx, q)
}

// However many reads a batch asks for, no more are done than its answer has room
// for, and the others are told so. What is parsed to be written has less room.
func TestReadsOfABatchAreBounded(t *testing.T) {
	var n atomic.Int64
	h := newHandler(t, func(c *server.Config) {
		c.MaxAnswers, c.Repository = 1<<20, searches{c.Repository, &n}
	})
	for i := range 20 {
		body := fmt.Sprintf(`{"resourceType":"Patient","name":[{"family":"%s%d"}]}`, strings.Repeat("a", 5000), i)
		require.Equal(t, 201, call(h, "POST", "/fhir/Patient", body).Code)
	}
	for _, c := range []struct{ entries, done, ok int }{{1, 1, 1}, {1000, 12, 10}, {10_000, 12, 10}} {
		for accept, share := range map[string]int{"application/fhir+json": 1, "application/fhir+xml": 5} {
			n.Store(0)
			body := `{"resourceType":"Bundle","type":"batch","entry":[` + strings.TrimSuffix(strings.Repeat(`{"request":{"method":"GET","url":"Patient"}},`, c.entries), ",") + `]}`
			w := call(h, "POST", "/fhir", body, "Accept", accept)
			require.Equal(t, 200, w.Code)
			require.LessOrEqual(t, int(n.Load()), c.done/min(c.done, share)+runtime.GOMAXPROCS(0), "%d entries", c.entries)
			ok := strings.Count(w.Body.String(), "200 OK")
			require.LessOrEqual(t, ok, max(1, c.ok/share))
			require.Positive(t, ok)
			require.Equal(t, c.entries-ok, strings.Count(w.Body.String(), `too-costly"`))
		}
	}
}
