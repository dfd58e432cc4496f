package server_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server"
)

// manyBasics is a repository with so many resources of type Basic.
type manyBasics struct {
	server.Repository
	n        int
	searches atomic.Int64
}

func (m *manyBasics) Search(_ context.Context, q *search.Query) (*search.Result, error) {
	m.searches.Add(1)
	at := 0
	if q.Page.After != nil {
		at = int(binary.BigEndian.Uint64(q.Page.After))
	}
	r := &search.Result{Total: -1, AsOf: 1}
	for ; at < m.n && len(r.Matches) < q.Count; at++ {
		id := fmt.Sprint("b", at)
		r.Matches = append(r.Matches, &fhir.Version{Type: "Basic", ID: id, VersionID: "1", Seq: 1,
			JSON: fmt.Appendf(nil, `{"resourceType":"Basic","id":"%s","code":{"text":"x"}}`, id)})
	}
	if at < m.n {
		r.Next = &search.Page{AsOf: 1, After: binary.BigEndian.AppendUint64(nil, uint64(at))}
	}
	return r, nil
}

// sink counts the lines of an answer and keeps the first.
type sink struct {
	header         http.Header
	status         int
	first          []byte
	lines, largest int // largest is how many lines were written at once
}

func (s *sink) Header() http.Header    { return s.header }
func (s *sink) WriteHeader(status int) { s.status = status }
func (s *sink) Write(b []byte) (int, error) {
	if s.first == nil {
		line, _, _ := bytes.Cut(b, []byte("\n"))
		s.first = bytes.Clone(line)
	}
	n := bytes.Count(b, []byte("\n"))
	s.lines, s.largest = s.lines+n, max(s.largest, n)
	return len(b), nil
}

// TestExportOfManySizes: an export of 250,000 resources is of files of 100,000, each of
// which begins where the one before it ends; it is found, and a file of it sent, by as
// many searches as there are pages of 200, and no more of it is in memory than a page.
func TestExportOfManySizes(t *testing.T) {
	for n, files := range map[int][]int{0: {}, 1: {1}, 200: {200}, 201: {201}, 100_000: {100_000}, 100_001: {100_000, 1}, 250_000: {100_000, 100_000, 50_000}} {
		many := &manyBasics{n: n}
		h := newHandler(t, func(c *server.Config) { many.Repository, c.Repository = c.Repository, many })
		begun := call(h, "GET", "/fhir/$export?_type=Basic", "")
		require.Equal(t, 202, begun.Code, begun.Body)
		var m struct {
			Output []struct {
				URL   string
				Count int
			}
		}
		require.Eventually(t, func() bool {
			w := call(h, "GET", begun.Header().Get("Content-Location"), "")
			return w.Code == 200 && json.Unmarshal(w.Body.Bytes(), &m) == nil
		}, time.Minute, 5*time.Millisecond)
		pages := max((n+199)/200, 1)
		assert.EqualValues(t, pages, many.searches.Load(), "%d resources", n)
		require.Len(t, m.Output, len(files), "%d resources", n)
		first := 0
		for i, want := range files {
			assert.Equal(t, want, m.Output[i].Count)
			many.searches.Store(0)
			out := &sink{header: http.Header{}}
			h.ServeHTTP(out, httptest.NewRequest("GET", m.Output[i].URL, nil))
			assert.Equal(t, 200, out.status)
			assert.Equal(t, want, out.lines)
			assert.Equal(t, fmt.Sprintf(`{"resourceType":"Basic","id":"b%d","code":{"text":"x"}}`, first), string(out.first))
			assert.EqualValues(t, (want+199)/200, many.searches.Load())
			assert.LessOrEqual(t, out.largest, 200, "a page at a time")
			first += want
		}
	}
}
