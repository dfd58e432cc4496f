package store_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
)

// BenchmarkOpen starts a process on a database of many resources (PESTLE_LONG
// makes them a million) and gives the time to its first answer and what it
// holds in memory then.
func BenchmarkOpen(b *testing.B) {
	n := 50_000
	if os.Getenv("PESTLE_LONG") != "" {
		n = 1_000_000
	}
	dir := b.TempDir()
	db, _ := filledDB(b, dir, n)
	require.NoError(b, db.Close())
	self, err := os.Executable()
	require.NoError(b, err)
	for b.Loop() {
		child := exec.Command(self)
		child.Env = append(os.Environ(), "PESTLE_OPEN_DIR="+dir)
		out, err := child.Output()
		require.NoError(b, err)
		f := bytes.Fields(out)
		ms, _ := strconv.ParseFloat(string(f[0]), 64)
		kb, _ := strconv.ParseFloat(string(f[1]), 64)
		b.ReportMetric(ms, "ms-to-read")
		b.ReportMetric(kb/1024, "MB-resident")
		b.ReportMetric(float64(n), "resources")
	}
}

// opened is the child of BenchmarkOpen.
func opened(dir string) {
	began := time.Now()
	e, err := badger.Open(dir, nil)
	if err != nil {
		panic(err)
	}
	db, err := store.Open(e, store.Options{})
	if err != nil {
		panic(err)
	}
	if _, err := db.Read(ctx, "Patient", "p1"); err != nil {
		panic(err)
	}
	fmt.Println(float64(time.Since(began).Microseconds())/1000, resident())
	os.Exit(0)
}

// resident is the resident memory of this process in kB.
func resident() int {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	n := 0
	_, _ = fmt.Sscan(rest, &n)
	return n
}
