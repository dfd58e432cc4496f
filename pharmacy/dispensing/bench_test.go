package dispensing

import (
	"sync/atomic"
	"testing"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
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
			message := acute(int(n.Add(1))).message()
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
	message := acute(1).message()
	if _, err := s.processMessage(b.Context(), &fhir.Call{Body: message, Time: today}); err != nil {
		b.Fatal(err)
	}
	script := acute(1)
	v, err := db.State(b.Context()).Current("MedicationRequest", OrderID(script.order, script.items[0].number))
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
