package main

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/processor"
	"github.com/pestle-fhir/pestle/server"
)

// BenchmarkAuditedRead compares reads over HTTP by 64 clients with and without the
// audit log, in turns: reads/s, what the log adds to the 99th percentile, and the
// processor time of both, client included, which does not depend on what else the
// machine does.
func BenchmarkAuditedRead(b *testing.B) {
	app, err := openApp(appConfig{Data: b.TempDir()}, slog.New(slog.DiscardHandler))
	require.NoError(b, err)
	defer func() { require.NoError(b, app.close()) }()
	serve := func(accesses server.Audit) string {
		s, err := server.New(server.Config{Repository: app.repository, Validator: app.validator, Audit: accesses})
		require.NoError(b, err)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(b, err)
		h := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: time.Minute}
		go func() { _ = h.Serve(l) }()
		b.Cleanup(func() { _ = h.Close() })
		return "http://" + l.Addr().String() + "/fhir/Patient/a"
	}
	plain, audited := serve(nil), serve(app.audit)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
	r, err := http.NewRequest("PUT", plain, strings.NewReader(`{"resourceType":"Patient","id":"a","name":[{"family":"Bell"}],"gender":"female","birthDate":"1980-01-01"}`))
	require.NoError(b, err)
	r.Header.Set("Content-Type", "application/fhir+json")
	res, err := client.Do(r)
	require.NoError(b, err)
	require.Equal(b, 201, res.StatusCode)
	_ = res.Body.Close()
	round := func(url string) (took time.Duration, each []time.Duration) {
		var mu sync.Mutex
		var wait sync.WaitGroup
		start := time.Now()
		for range 64 {
			wait.Go(func() {
				var own []time.Duration
				for range 100 {
					from := time.Now()
					res, err := client.Get(url)
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
					own = append(own, time.Since(from))
				}
				mu.Lock()
				defer mu.Unlock()
				each = append(each, own...)
			})
		}
		wait.Wait()
		return time.Since(start), each
	}
	p99 := func(list []time.Duration) float64 {
		slices.Sort(list)
		return float64(list[len(list)*99/100].Microseconds()) / 1000
	}
	round(plain)
	round(audited)
	var ratios []float64
	var off, on []time.Duration
	var took, cpuOff, cpuOn time.Duration
	for b.Loop() {
		begin := processor.Time()
		without, list := round(plain)
		off = append(off, list...)
		middle := processor.Time()
		with, more := round(audited)
		cpuOff, cpuOn = cpuOff+middle-begin, cpuOn+processor.Time()-middle
		on, took = append(on, more...), took+with
		ratios = append(ratios, without.Seconds()/with.Seconds())
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "of-plain")
	b.ReportMetric(float64(cpuOff)/float64(cpuOn), "cpu-of-plain")
	b.ReportMetric(float64(cpuOn.Nanoseconds())/float64(len(on)), "cpu-ns/read")
	b.ReportMetric(float64(len(on))/took.Seconds(), "reads/s")
	b.ReportMetric(p99(on)-p99(off), "p99-added-ms")
}
