package tracing

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Exporter sends spans to a collector by OTLP over HTTP, in JSON
// (https://opentelemetry.io/docs/specs/otlp/). What the collector does not take in time is
// dropped and counted: requests never wait for it.
type Exporter struct {
	Client  *http.Client
	Address string      // with the path: https://collector.example/v1/traces
	Header  http.Header // of each call, such as Authorization
	Version string      // of this program

	queue         chan Span
	sent, dropped atomic.Uint64
	failing       bool // the last call
}

// Path is what follows the address of a collector.
const Path = "/v1/traces"

const (
	waiting   = 4096 // spans that wait to be sent
	atOnce    = 512  // spans of a call
	every     = time.Second
	attempts  = 4
	mostPause = 30 * time.Second
	last      = 2 * time.Second // what is left at the end is sent within
)

// Start makes the exporter ready for [Exporter.Take].
func (e *Exporter) Start() { e.queue = make(chan Span, waiting) }

// Take queues a span.
func (e *Exporter) Take(s Span) {
	select {
	case e.queue <- s:
	default:
		e.dropped.Add(1)
	}
}

// Sent and Dropped count spans since the start.
func (e *Exporter) Sent() float64    { return float64(e.sent.Load()) }
func (e *Exporter) Dropped() float64 { return float64(e.dropped.Load()) }

// Run sends spans until ctx ends, and then what is left. The log is told once when the
// collector takes none.
func (e *Exporter) Run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var list []Span
	for {
		select {
		case s := <-e.queue:
			if list = append(list, s); len(list) < atOnce {
				continue
			}
		case <-tick.C:
		case <-ctx.Done():
			for len(e.queue) > 0 {
				list = append(list, <-e.queue)
			}
			rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), last)
			defer cancel()
			e.deliver(rest, list, log)
			return
		}
		e.deliver(ctx, list, log)
		list = list[:0]
	}
}

// deliver sends spans, several times where the collector asks for that.
func (e *Exporter) deliver(ctx context.Context, list []Span, log *slog.Logger) {
	if len(list) == 0 {
		return
	}
	body := e.encode(list)
	var err error
	for try := range attempts {
		var pause time.Duration
		var again bool
		var refused uint64
		if refused, again, pause, err = e.call(ctx, body); err == nil {
			e.dropped.Add(refused)
			e.sent.Add(uint64(len(list)) - min(refused, uint64(len(list))))
			e.failing = false
			return
		}
		if !again || try == attempts-1 || !sleep(ctx, max(pause, every<<try)) {
			break
		}
	}
	e.dropped.Add(uint64(len(list)))
	if !e.failing { // once, not for each call
		log.Warn("the collector does not take traces: they are dropped until it does", "error", err)
	}
	e.failing = true
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(min(d, mostPause)):
		return true
	}
}

// call makes one call. Whether and after which pause it is worth another one is as the
// specification of OTLP has it: 429, 502, 503, 504, or no answer.
func (e *Exporter) call(ctx context.Context, body []byte) (refused uint64, again bool, pause time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.Address, bytes.NewReader(body))
	if err != nil {
		return 0, false, 0, err
	}
	for name, values := range e.Header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Pestle/"+e.Version)
	answer, err := e.Client.Do(r)
	if err != nil {
		return 0, true, 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if answer.StatusCode < 300 {
		var said struct {
			PartialSuccess struct {
				RejectedSpans json.Number `json:"rejectedSpans"` // a text or a number
			} `json:"partialSuccess"`
		}
		if json.Unmarshal(text, &said) == nil {
			refused, _ = strconv.ParseUint(said.PartialSuccess.RejectedSpans.String(), 10, 64)
		}
		return refused, false, 0, nil
	}
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
	}
	seconds, _ := strconv.ParseUint(answer.Header.Get("Retry-After"), 10, 16)
	return 0, again, time.Duration(seconds) * time.Second, fmt.Errorf("it answers %s", answer.Status) //nolint:gosec // as bounded
}

// The form of OTLP's JSON: ids in hexadecimal digits, numbers of 64 bits as text.
type (
	otlpValue struct {
		Text   string `json:"stringValue,omitempty"`
		Number string `json:"intValue,omitempty"`
	}
	otlpAttribute struct {
		Key   string    `json:"key"`
		Value otlpValue `json:"value"`
	}
	otlpStatus struct {
		Code int `json:"code,omitempty"` // 2 is an error
	}
	otlpSpan struct {
		TraceID    string          `json:"traceId"`
		SpanID     string          `json:"spanId"`
		ParentID   string          `json:"parentSpanId,omitempty"`
		Flags      int             `json:"flags"`
		Name       string          `json:"name"`
		Kind       int             `json:"kind"`
		Begin      string          `json:"startTimeUnixNano"`
		End        string          `json:"endTimeUnixNano"`
		Attributes []otlpAttribute `json:"attributes,omitempty"`
		Status     otlpStatus      `json:"status"`
	}
	otlpScope struct {
		Scope struct {
			Name string `json:"name"`
		} `json:"scope"`
		Spans []otlpSpan `json:"spans"`
	}
	otlpResource struct {
		Resource struct {
			Attributes []otlpAttribute `json:"attributes"`
		} `json:"resource"`
		Scopes []otlpScope `json:"scopeSpans"`
	}
	otlpRequest struct {
		Resources []otlpResource `json:"resourceSpans"`
	}
)

func attributesOf(list []Attribute) (out []otlpAttribute) {
	for _, a := range list {
		switch {
		case a.number:
			out = append(out, otlpAttribute{a.Name, otlpValue{Number: decimal(a.Number)}})
		case a.Text != "":
			out = append(out, otlpAttribute{a.Name, otlpValue{Text: a.Text}})
		}
	}
	return out
}

func (e *Exporter) encode(list []Span) []byte {
	var scope otlpScope
	scope.Scope.Name = "pestle"
	for _, s := range list {
		o := otlpSpan{TraceID: s.TraceID(), SpanID: hex.EncodeToString(s.Span[:]), Flags: 1, Name: s.Name, Kind: s.Kind, Begin: decimal(s.Begin.UnixNano()), End: decimal(s.End.UnixNano()), Attributes: attributesOf(s.Attributes)}
		if s.Parent != [8]byte{} {
			o.ParentID = hex.EncodeToString(s.Parent[:])
		}
		if s.Failed {
			o.Status.Code = 2
		}
		scope.Spans = append(scope.Spans, o)
	}
	var resource otlpResource
	resource.Resource.Attributes = attributesOf([]Attribute{Text("service.name", "pestle"), Text("service.version", e.Version)})
	resource.Scopes = []otlpScope{scope}
	body, err := json.Marshal(otlpRequest{[]otlpResource{resource}})
	if err != nil {
		panic(err) // of texts and numbers
	}
	return body
}

// ParseHeaders reads headers of calls, a line each: "Authorization: Bearer …". Lines that
// are empty or begin with # are left out.
func ParseHeaders(text string) (http.Header, error) {
	h := http.Header{}
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, fmt.Errorf("line %d is not a header: name, colon, value", i+1)
		}
		h.Add(name, strings.TrimSpace(value))
	}
	return h, nil
}
