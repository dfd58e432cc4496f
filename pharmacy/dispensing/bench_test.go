package dispensing

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/processor"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// BenchmarkOrder receives prescriptions of two items from many clients at once.
func BenchmarkOrder(b *testing.B) {
	db, err := store.Open(mem.New(), store.Options{Guards: []fhir.Guard{Guard(Options{})}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	s := New(db, Options{Site: testSite})
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			message := epstest.Acute(int(n.Add(1))).Message()
			if _, err := s.processMessage(b.Context(), &fhir.Call{Body: message, Time: today, Base: "http://localhost/fhir"}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkStep makes the Task of a prescription.
func BenchmarkStep(b *testing.B) {
	db, err := store.Open(mem.New(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	s := New(db, Options{Site: testSite})
	sent := epstest.Acute(1).Message()
	if _, err := s.processMessage(b.Context(), &fhir.Call{Body: sent, Time: today}); err != nil {
		b.Fatal(err)
	}
	script := epstest.Acute(1)
	v, err := db.State(b.Context()).Current("MedicationRequest", message.OrderID(script.Order, script.Items[0].Number))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Followers()[0].Step(b.Context(), db.State(b.Context()), v); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFollow has the follower make the Tasks of prescriptions that wait, on
// the durable engine: prescriptions a second.
func BenchmarkFollow(b *testing.B) {
	engine, err := badger.Open(b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	db, err := store.Open(engine, store.Options{Guards: []fhir.Guard{Guard(Options{})}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	s := New(db, Options{Site: testSite})
	var n atomic.Int64
	var cpu time.Duration
	const orders = 1000
	for b.Loop() {
		b.StopTimer()
		var clients sync.WaitGroup
		for range 16 {
			clients.Go(func() {
				for range orders / 16 {
					if _, err := s.processMessage(b.Context(), &fhir.Call{Body: epstest.Acute(int(n.Add(1))).Message(), Time: today, Base: "http://localhost/fhir"}); err != nil {
						b.Error(err)
					}
				}
			})
		}
		clients.Wait()
		end := db.Head()
		loop := &pharmacy.Loop{DB: db, Follower: s.Followers()[0], Logger: slog.New(slog.DiscardHandler)}
		ctx, stop := context.WithCancel(b.Context())
		done := make(chan struct{})
		before := processor.Time()
		b.StartTimer()
		go func() { _ = loop.Run(ctx); close(done) }()
		for loop.At() < end {
			time.Sleep(time.Millisecond)
		}
		b.StopTimer()
		cpu += processor.Time() - before
		stop()
		<-done
		b.StartTimer()
	}
	b.ReportMetric(float64(n.Load())/b.Elapsed().Seconds(), "prescriptions/s")
	b.ReportMetric(float64(cpu.Microseconds())/float64(n.Load()), "cpu-µs/prescription")
}
