package store_test

import (
	"bytes"
	"compress/bzip2"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
)

// bundleTransaction makes a transaction of a Bundle's entries.
func bundleTransaction(t testing.TB, data []byte) *fhir.Transaction {
	t.Helper()
	r, err := fhir.Parse(data)
	require.NoError(t, err)
	tx := &fhir.Transaction{}
	for e := range r.Get("entry").Items() {
		request := e.Get("request")
		c := fhir.Change{
			Method: fhir.Method(request.Get("method").Text()), FullURL: e.Get("fullUrl").Text(),
			Condition: request.Get("ifNoneExist").Text(), Expression: e.Expression(),
		}
		c.Type, c.ID, _ = strings.Cut(request.Get("url").Text(), "/")
		if n := e.Get("resource"); n.Exists() {
			c.Resource = r.Sub(n)
		}
		tx.Changes = append(tx.Changes, c)
	}
	return tx
}

// synthea gives the shared Synthea bundles, those of hospitals and
// practitioners first, unpacked.
func synthea(t testing.TB, limit int) [][]byte {
	files, err := filepath.Glob(filepath.Join(oracle.Dir(t), "load", "synthea", "*.bz2"))
	require.NoError(t, err)
	var out [][]byte
	for _, name := range files[:min(limit, len(files))] {
		packed, err := os.ReadFile(name)
		require.NoError(t, err)
		data, err := io.ReadAll(bzip2.NewReader(bytes.NewReader(packed)))
		require.NoError(t, err)
		out = append(out, data)
	}
	return out
}

// BenchmarkLoad commits all Synthea bundles to a durable database, two at a
// time, and opens it again.
func BenchmarkLoad(b *testing.B) {
	bundles := synthea(b, 1000)
	for b.Loop() {
		dir := b.TempDir()
		e, err := badger.Open(dir, nil)
		require.NoError(b, err)
		db := openDB(b, e, store.Options{})
		began := time.Now()
		count, size := 0, 0
		var mu sync.Mutex
		next := make(chan []byte)
		var all sync.WaitGroup
		work := func() {
			for data := range next {
				tx := bundleTransaction(b, data)
				_, err := db.Commit(ctx, tx)
				if err != nil {
					b.Error(err)
				}
				mu.Lock()
				count, size = count+len(tx.Changes), size+len(data)
				mu.Unlock()
			}
		}
		for i, data := range bundles {
			if i == 2 { // the others refer to the first two
				close(next)
				all.Wait()
				next = make(chan []byte)
			}
			if i == 0 || i == 2 {
				for range min(2, i+1) {
					all.Go(work)
				}
			}
			next <- data
		}
		close(next)
		all.Wait()
		b.ReportMetric(float64(count)/time.Since(began).Seconds(), "resources/s")
		require.NoError(b, db.Close())
		e, err = badger.Open(dir, nil)
		require.NoError(b, err)
		disk, err := e.Size()
		require.NoError(b, err)
		b.ReportMetric(float64(disk)/float64(size), "disk/input")
		require.NoError(b, e.Close())
	}
}
