package tracing

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// collector takes traces as OTLP has it.
type collector struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	header http.Header
	answer func(n int, w http.ResponseWriter)
}

func newCollector(t *testing.T, answer func(n int, w http.ResponseWriter)) *collector {
	c := &collector{answer: answer}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.bodies, c.header = append(c.bodies, string(text)), r.Header
		if c.answer != nil {
			c.answer(len(c.bodies), w)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func exporterTo(c *collector) *Exporter {
	e := &Exporter{Client: http.DefaultClient, Address: c.URL + Path, Header: http.Header{"Authorization": {"Bearer x"}}, Version: "v1"}
	e.Start()
	return e
}

func runOut(e *Exporter) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	e.Run(ctx, slog.New(slog.DiscardHandler))
}

// TestForm: what is sent has the form of OTLP's JSON, with nothing beside.
func TestForm(t *testing.T) {
	c := newCollector(t, func(_ int, w http.ResponseWriter) {
		_, _ = io.WriteString(w, `{"partialSuccess":{"rejectedSpans":"1"}}`)
	})
	e := exporterTo(c)
	parent, _ := Parse(example)
	s := Span{Context: parent, Parent: [8]byte{1}, Name: "create Patient", Kind: Server, Begin: time.Unix(1, 5), End: time.Unix(2, 0), Failed: true, Attributes: []Attribute{Text("a", "b"), Text("empty", ""), Status(0)}}
	e.Take(s)
	s.Parent, s.Failed, s.Attributes = [8]byte{}, false, nil
	e.Take(s)
	runOut(e)
	require.Len(t, c.bodies, 1)
	require.JSONEq(t, `{"resourceSpans":[{"resource":{"attributes":[
  {"key":"service.name","value":{"stringValue":"pestle"}},{"key":"service.version","value":{"stringValue":"v1"}}]},
 "scopeSpans":[{"scope":{"name":"pestle"},"spans":[
  {"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","parentSpanId":"0100000000000000","flags":1,"name":"create Patient","kind":2,
   "startTimeUnixNano":"1000000005","endTimeUnixNano":"2000000000","attributes":[{"key":"a","value":{"stringValue":"b"}},{"key":"http.response.status_code","value":{"intValue":"0"}}],"status":{"code":2}},
  {"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","flags":1,"name":"create Patient","kind":2,"startTimeUnixNano":"1000000005","endTimeUnixNano":"2000000000","status":{}}]}]}]}`, c.bodies[0])
	require.Equal(t, "Bearer x", c.header.Get("Authorization"))
	require.Equal(t, "application/json", c.header.Get("Content-Type"))
	require.InDelta(t, 1, e.Sent(), 0)
	require.InDelta(t, 1, e.Dropped(), 0, "what the collector rejects is counted")
}

// TestRefused: what the collector may take later is sent again, what it refuses is not,
// and a queue that is full waits for nobody.
func TestRefused(t *testing.T) {
	busy := newCollector(t, func(n int, w http.ResponseWriter) {
		if n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	e := exporterTo(busy)
	e.Take(Span{Name: "a"})
	runOut(e)
	require.Len(t, busy.bodies, 2)
	require.InDelta(t, 1, e.Sent(), 0)

	wrong := newCollector(t, func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusBadRequest) })
	e = exporterTo(wrong)
	for range waiting + 3 {
		e.Take(Span{Name: "a"})
	}
	require.InDelta(t, 3, e.Dropped(), 0)
	runOut(e)
	require.Len(t, wrong.bodies, 1)
	require.InDelta(t, waiting+3, e.Dropped(), 0)
	require.Zero(t, e.Sent())
	require.True(t, json.Valid([]byte(wrong.bodies[0])))
}

func TestParseHeaders(t *testing.T) {
	h, err := ParseHeaders("# of the collector\nAuthorization: Bearer a:b\n\nX-Scope-OrgID:  pharmacy \n")
	require.NoError(t, err)
	require.Equal(t, http.Header{"Authorization": {"Bearer a:b"}, "X-Scope-Orgid": {"pharmacy"}}, h)
	for _, wrong := range []string{"Bearer x", ": x", "two words: x"} {
		_, err := ParseHeaders(wrong)
		require.ErrorContains(t, err, "line 1 is not a header", wrong)
		require.False(t, strings.Contains(err.Error(), "x"), "what may be a secret is not printed")
	}
}
