package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound"
	"github.com/pestle-fhir/pestle/internal/tracing"
	"github.com/pestle-fhir/pestle/server"
)

// traceOptions say to which collector of OpenTelemetry traces are sent.
type traceOptions struct {
	OTLP       string `env:"PESTLE_OTLP" name:"otlp" placeholder:"URL" help:"Address of an OpenTelemetry collector that takes OTLP by HTTP, such as http://127.0.0.1:4318: https, or http on this machine. Traces of requests, of their commits and of what follows are sent there (docs/monitoring.md)."`
	HeaderFile string `env:"PESTLE_OTLP_HEADER_FILE" name:"otlp-header-file" placeholder:"FILE" help:"With --otlp: file with headers of each call, such as Authorization: Bearer …, a line each."`
	Percent    int    `env:"PESTLE_TRACE_PERCENT" name:"trace-percent" default:"100" help:"With --otlp: percent of the requests that are traced, 0 to 100, where the caller's traceparent does not decide."`

	exporter exporter // nil without a collector
}

// exporter sends spans to a collector: a [tracing.Exporter].
type exporter interface {
	Take(tracing.Span)
	Run(ctx context.Context, log *slog.Logger)
	Sent() float64
	Dropped() float64
}

// complete makes the exporter.
func (o *traceOptions) complete() error {
	if o.OTLP == "" {
		if o.HeaderFile != "" {
			return errors.New("--otlp-header-file is for --otlp, which is not set")
		}
		return nil
	}
	to := outbound.Options{Private: true, Loopback: true, Timeout: 10 * time.Second}
	address := strings.TrimSuffix(strings.TrimSuffix(o.OTLP, "/"), tracing.Path) + tracing.Path
	if err := to.Check(address); err != nil {
		return fmt.Errorf("--otlp: %w", err)
	}
	if o.Percent < 0 || o.Percent > 100 {
		return fmt.Errorf("--trace-percent %d: expected 0 to 100", o.Percent)
	}
	headers := http.Header{}
	if o.HeaderFile != "" {
		text, err := readPrivate("--otlp-header-file", o.HeaderFile)
		if err != nil {
			return err
		}
		if headers, err = tracing.ParseHeaders(text); err != nil {
			return fmt.Errorf("--otlp-header-file: %w", err)
		}
	}
	var err error
	o.exporter, err = newExporter(outbound.New(to), address, headers)
	return err
}

// tracer passes on what callers bring, and records where there is a collector.
func (o *traceOptions) tracer() *tracing.Tracer {
	t := &tracing.Tracer{Share: float64(o.Percent) / 100}
	if o.exporter != nil {
		t.Send = o.exporter.Take
	}
	return t
}

// export sends spans until ctx ends; the channel is closed when the last is sent.
func (o *traceOptions) export(ctx context.Context, log *slog.Logger) <-chan struct{} {
	done := make(chan struct{})
	if o.exporter == nil {
		close(done)
		return done
	}
	go func() { o.exporter.Run(ctx, log); close(done) }()
	return done
}

// counters are the figures of the exporter.
func (o *traceOptions) counters() []server.Counter {
	if o.exporter == nil {
		return nil
	}
	return []server.Counter{
		{Name: "pestle_spans_sent_total", Help: "Spans of traces that the collector has taken.", Value: o.exporter.Sent},
		{Name: "pestle_spans_dropped_total", Help: "Spans of traces that the collector did not take, or not in time.", Value: o.exporter.Dropped},
	}
}

// watching records the commits of requests; nil where nothing is recorded.
func watching(t *tracing.Tracer) func(*fhir.Transaction) func(*fhir.Commit, error) {
	if t.Send == nil {
		return nil
	}
	return func(tx *fhir.Transaction) func(*fhir.Commit, error) {
		id := tx.RequestID
		if id == "" && len(tx.Changes) > 0 {
			id = tx.Changes[0].RequestID
		}
		if tx.Cursor.Name != "" || id == "" { // what followers write is in their own spans
			return func(*fhir.Commit, error) {}
		}
		begun := time.Now()
		return func(_ *fhir.Commit, err error) {
			t.Committed(id, begun, time.Now(), err != nil, tracing.Number("pestle.changes", len(tx.Changes)))
		}
	}
}
