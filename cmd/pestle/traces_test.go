package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/tracing"
)

// collectedSpan is what a collector got.
type collectedSpan struct {
	TraceID, SpanID, ParentSpanID, Name string
	Kind                                int
}

// TestTraces follows a prescription from the request of a clinic, with the clinic's trace,
// over its commit to the followers and to a notification, at a collector.
func TestTraces(t *testing.T) {
	var mu sync.Mutex
	var spans []collectedSpan
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		var body struct {
			ResourceSpans []struct {
				ScopeSpans []struct{ Spans []collectedSpan }
			}
		}
		mu.Lock()
		defer mu.Unlock()
		if json.Unmarshal(text, &body) == nil && r.URL.Path == "/v1/traces" {
			spans = append(spans, body.ResourceSpans[0].ScopeSpans[0].Spans...)
		}
	}))
	defer collector.Close()
	host, _ := sandboxIn(t, t.TempDir(), func(c *serveCommand) {
		e := &tracing.Exporter{Client: http.DefaultClient, Address: collector.URL + tracing.Path, Version: version()}
		e.Start()
		c.Traces.exporter = e
	})
	ask := func(method, path, body string, header ...string) *fhir.Resource {
		req, err := http.NewRequestWithContext(t.Context(), method, host+"/fhir"+path, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/fhir+json")
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Less(t, resp.StatusCode, 300, string(text))
		r, err := fhir.Parse(text)
		require.NoError(t, err)
		return r
	}
	hook := newReceiver(t)
	made := ask("POST", "/Subscription", `{"resourceType":"Subscription","status":"requested","reason":"x","criteria":"Task?code=prescription-order","channel":{"type":"rest-hook","endpoint":"`+hook.http.URL+`","payload":"application/fhir+json"}}`)
	require.Eventually(t, func() bool {
		return ask("GET", "/Subscription/"+made.ID(), "").Get("status").Text() == "active"
	}, 20*time.Second, 20*time.Millisecond)
	shaken := len(hook.got(0))

	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	ask("POST", "/$process-message", string(demoOrder(t, nil).JSON()), "X-Request-ID", uuid.NewString(), "Traceparent", "00-"+trace+"-00f067aa0ba902b7-01")
	calls := hook.got(shaken + 1)
	require.Contains(t, calls[shaken].header.Get("Traceparent"), trace, "a notification belongs to the trace")

	named := func(name string) (found collectedSpan) {
		t.Helper()
		require.Eventually(t, func() bool {
			mu.Lock()
			defer mu.Unlock()
			i := slices.IndexFunc(spans, func(s collectedSpan) bool { return s.Name == name && s.TraceID == trace })
			if i >= 0 {
				found = spans[i]
			}
			return i >= 0
		}, 20*time.Second, 10*time.Millisecond, name)
		return found
	}
	request, commit, follower := named("$process-message"), named("commit"), named("follower dispensing")
	require.Equal(t, "00f067aa0ba902b7", request.ParentSpanID)
	require.Equal(t, request.SpanID, commit.ParentSpanID)
	require.Equal(t, commit.SpanID, follower.ParentSpanID)
	require.Equal(t, []int{2, 1, 1}, []int{request.Kind, commit.Kind, follower.Kind})
	call := named("PUT")
	require.Equal(t, commit.SpanID, call.ParentSpanID)
	require.Equal(t, 3, call.Kind)
	mu.Lock()
	defer mu.Unlock()
	for _, s := range spans {
		require.Equal(t, trace, s.TraceID, "nothing else is traced at 0 percent")
	}
}

// TestTracesAreConfigured: half a configuration is refused.
func TestTracesAreConfigured(t *testing.T) {
	for want, o := range map[string]traceOptions{
		"--otlp: https is expected":                {OTLP: "ftp://collector.example"},
		"--otlp: http is for this machine alone":   {OTLP: "http://collector.example:4318"},
		"--otlp-header-file is for --otlp":         {HeaderFile: "x"},
		"--trace-percent 101: expected 0 to 100":   {OTLP: "https://collector.example", Percent: 101},
		"--otlp-header-file: stat /does-not-exist": {OTLP: "https://collector.example", HeaderFile: "/does-not-exist"},
	} {
		require.ErrorContains(t, o.complete(), want)
	}
	o := traceOptions{OTLP: "https://collector.example/otlp/"}
	if err := o.complete(); err != nil {
		require.ErrorContains(t, err, "built without", "by default")
		return
	}
	require.Equal(t, "https://collector.example/otlp/v1/traces", o.exporter.(*tracing.Exporter).Address)
}
