package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// BenchmarkStart starts `pestle serve` on a database of many resources
// (PESTLE_LONG makes them a million), whose followers have read the log, and
// gives the time from the start of the process to the first answer over HTTP,
// what the process holds in memory then, and the most that it held while its
// followers caught up.
func BenchmarkStart(b *testing.B) {
	n := 50_000
	if os.Getenv("PESTLE_LONG") != "" {
		n = 1_000_000
	}
	dir := b.TempDir()
	fillApp(b, dir, n)
	var ms, mb, peak float64
	for b.Loop() {
		took, resident, most := startOnce(b, dir)
		ms += float64(took.Microseconds()) / 1000
		mb += resident
		peak = max(peak, most)
	}
	b.ReportMetric(ms/float64(b.N), "ms-to-answer")
	b.ReportMetric(mb/float64(b.N), "MB-resident")
	b.ReportMetric(peak, "MB-peak")
	b.ReportMetric(float64(n), "resources")
}

// settling is how long followers have to read what they may have read before.
const settling = 3 * time.Second

// fillApp makes a database of n Patients that followers have seen.
func fillApp(b *testing.B, dir string, n int) {
	app, err := openApp(appConfig{Data: dir}, slog.New(slog.DiscardHandler))
	require.NoError(b, err)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for first := 0; first < n; first += 1000 {
		tx := &fhir.Transaction{}
		for i := first; i < min(first+1000, n); i++ {
			r, err := fhir.Parse(benchResource(int64(i)))
			require.NoError(b, err)
			tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Update, Type: "Patient", ID: fmt.Sprintf("p%d", i), Resource: r})
		}
		_, err := app.db.Commit(ctx, tx)
		require.NoError(b, err)
	}
	stopped := app.follow(ctx)
	for last := fhir.Seq(0); ; { // followers move their cursors in leaps, so wait until they rest
		time.Sleep(time.Second)
		sum := fhir.Seq(0)
		for _, f := range app.followers() {
			at, err := app.db.CursorAt(ctx, f.Name())
			require.NoError(b, err)
			sum += at
		}
		if sum == last {
			break
		}
		last = sum
	}
	stop()
	<-stopped
	require.NoError(b, app.close())
}

// startOnce starts a server, waits for its answer and ends it.
func startOnce(b *testing.B, dir string) (took time.Duration, residentMB, peakMB float64) {
	began := time.Now()
	server, _ := serveFolder(b, dir)
	took = time.Since(began)
	residentMB = resident(b, server.Process.Pid, "VmRSS:")
	time.Sleep(settling)
	peakMB = resident(b, server.Process.Pid, "VmHWM:")
	require.NoError(b, server.Process.Signal(syscall.SIGTERM))
	_ = server.Wait()
	return took, residentMB, peakMB
}

// freeAddr is an address of this machine that nobody listens on.
func freeAddr(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// resident is a figure in kB of the memory of a process, in MB.
func resident(b *testing.B, pid int, figure string) (mb float64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(b, err)
	_, rest, _ := strings.Cut(string(status), figure)
	_, err = fmt.Sscan(rest, &mb)
	require.NoError(b, err)
	return mb / 1024
}
