package server_test

import (
	"compress/bzip2"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// BenchmarkTransaction posts bundles of some 750 resources each to a store in
// memory, validated; it needs the shared data.
func BenchmarkTransaction(b *testing.B) {
	files, err := filepath.Glob(filepath.Join(oracle.Dir(b), "load", "synthea", "*.bz2"))
	require.NoError(b, err)
	require.NotEmpty(b, files)
	var bundles []string
	var resources, size []int
	for _, file := range files[:6] {
		f, err := os.Open(file)
		require.NoError(b, err)
		text, err := io.ReadAll(bzip2.NewReader(f))
		require.NoError(b, err)
		require.NoError(b, f.Close())
		r, err := fhir.Parse(text)
		require.NoError(b, err)
		bundles, resources, size = append(bundles, string(text)), append(resources, r.Get("entry").Len()), append(size, len(text))
	}
	h := newHandler(b, nil)
	count, bytes, i := 0, 0, 0
	b.ReportAllocs()
	for b.Loop() {
		w := call(h, "POST", "/fhir", bundles[i%len(bundles)])
		require.Equal(b, 200, w.Code, "%s: %.2000s", files[i%len(bundles)], w.Body)
		count += resources[i%len(bundles)]
		bytes += size[i%len(bundles)]
		i++
	}
	b.ReportMetric(float64(count)/b.Elapsed().Seconds(), "resources/s")
	b.ReportMetric(float64(bytes)/1e6/b.Elapsed().Seconds(), "MB/s")
}
