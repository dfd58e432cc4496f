//go:build linux

package badger

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
)

// BenchmarkFlushes creates resources from 1 and from 16 clients, and counts how
// often the disk is flushed for a commit. Tables, which the engine writes later,
// do not count.
func BenchmarkFlushes(b *testing.B) {
	for _, clients := range []int{1, 16} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			e, err := Open(b.TempDir(), nil)
			require.NoError(b, err)
			db, err := store.Open(e, store.Options{})
			require.NoError(b, err)
			defer func() { require.NoError(b, db.Close()) }()
			var flushes, commits atomic.Int64
			e.logs.flush = func(f *os.File) error {
				flushes.Add(1)
				return flush(f)
			}
			for b.Loop() {
				var all sync.WaitGroup
				for range clients {
					all.Go(func() {
						for range 200 {
							r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","active":true,"name":[{"family":"F%d"}]}`, commits.Add(1)))
							if err == nil {
								_, err = db.Commit(context.Background(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "Patient", Resource: r}}})
							}
							if err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				all.Wait()
			}
			b.ReportMetric(float64(flushes.Load())/float64(commits.Load()), "flushes/commit")
		})
	}
}
