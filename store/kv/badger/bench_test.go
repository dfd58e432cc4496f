//go:build linux

package badger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
)

// BenchmarkOneFlush writes what a commit of one client writes to two databases in
// turns: one with the flush that a batch takes, and one that flushes the value
// log too, as the engine does by itself.
func BenchmarkOneFlush(b *testing.B) {
	one, err := Open(b.TempDir(), nil)
	require.NoError(b, err)
	two, err := Open(b.TempDir(), nil)
	require.NoError(b, err)
	values, err := os.OpenFile(filepath.Join(two.dir, fmt.Sprintf("%06d%s", two.logs.values, valueExt)), os.O_RDWR, 0)
	require.NoError(b, err)
	two.logs.flush = func(f *os.File) error { return errors.Join(flush(values), flush(f)) }
	value := noise(1500)
	var took [2][]time.Duration
	for n := 0; b.Loop(); n++ {
		ops := []kv.Op{{Key: fmt.Appendf(nil, "resource/%08d", n), Value: value}}
		for i := range 32 {
			ops = append(ops, kv.Op{Key: fmt.Appendf(nil, "index/%03d/%08d", i, n), Value: []byte{}})
		}
		for i, e := range []*Engine{one, two} {
			start := time.Now()
			require.NoError(b, e.Write(ops))
			took[i] = append(took[i], time.Since(start))
		}
	}
	median := func(d []time.Duration) float64 {
		slices.Sort(d)
		return float64(d[len(d)/2].Microseconds())
	}
	b.ReportMetric(median(took[0]), "p50-one-µs")
	b.ReportMetric(median(took[1]), "p50-two-µs")
	b.ReportMetric(median(took[1])/median(took[0]), "ratio")
	require.NoError(b, errors.Join(one.Close(), two.Close(), values.Close()))
}
