package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
)

// BenchmarkVerification creates patients from 8 clients while another one reads,
// without a verification and beside one that never waits for commits and begins
// again at once: go test ./cmd/pestle -run xxx -bench Verification -benchtime 20000x
func BenchmarkVerification(b *testing.B) {
	for _, percent := range []int{0, 10, 100} {
		b.Run(fmt.Sprintf("percent=%d", percent), func(b *testing.B) {
			engine, err := badger.Open(b.TempDir(), nil)
			require.NoError(b, err)
			db, err := store.Open(engine, store.Options{})
			require.NoError(b, err)
			defer func() { require.NoError(b, db.Close()) }()
			var n atomic.Int64
			create := func() {
				id := fmt.Sprintf("p%d", n.Add(1))
				r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","id":"%s","identifier":[{"system":"urn:n","value":"%s"}],"active":true,"gender":"female","birthDate":"1970-01-01","name":[{"family":"%s","given":["Ann","Bea"]}]}`, id, id, id))
				if err == nil {
					_, err = db.Commit(context.Background(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Patient", ID: id, Resource: r}}})
				}
				if err != nil {
					b.Error(err)
				}
			}
			for range 5000 {
				create()
			}
			ctx, stop := context.WithCancel(context.Background())
			var took []time.Duration
			passes := 0
			ended := make(chan struct{}, 2)
			go func() {
				defer func() { ended <- struct{}{} }()
				for ctx.Err() == nil {
					start := time.Now()
					if _, err := db.Read(ctx, "Patient", "p77"); err != nil {
						b.Error(err)
					}
					took = append(took, time.Since(start))
					time.Sleep(time.Millisecond)
				}
			}()
			go func() {
				defer func() { ended <- struct{}{} }()
				v := &verification{db: db, every: 1, share: float64(percent) / 100, log: slog.New(slog.DiscardHandler)}
				for ; percent > 0 && ctx.Err() == nil; passes++ {
					v.pass(ctx)
				}
			}()
			b.ResetTimer()
			b.SetParallelism(4)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					create()
				}
			})
			b.StopTimer()
			stop()
			<-ended
			<-ended
			slices.Sort(took)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "read-p99-µs")
			b.ReportMetric(float64(passes), "passes")
		})
	}
}
