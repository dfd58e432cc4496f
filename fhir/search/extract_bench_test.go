package search

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// examples gives the official R4 examples.
func examples(t testing.TB) []*fhir.Resource {
	files, err := filepath.Glob(filepath.Join(oracle.Dir(t), "examples", "r4", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out []*fhir.Resource
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := fhir.Parse(data)
		if err != nil {
			t.Fatal(file, err)
		}
		out = append(out, r)
	}
	return out
}

func BenchmarkExtract(b *testing.B) {
	resources := examples(b)
	size, entries := 0, 0
	for _, r := range resources {
		size += len(r.JSON())
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, r := range resources {
			out, err := Extract(context.Background(), r)
			if err != nil {
				b.Fatal(err)
			}
			entries += len(out)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(len(resources)), "µs/resource")
	b.ReportMetric(float64(entries)/float64(b.N)/float64(len(resources)), "entries/resource")
}
