package reimbursement

import (
	"bytes"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// largeEdition is Part VIIIA with so many packs.
func largeEdition(packs int) []byte {
	var b bytes.Buffer
	b.WriteString("November 2026 Drug Tariff Part VIIIA,,,,,,\r\n,,,,,,\r\nMedicine,Pack size,,VMP Snomed Code,VMPP Snomed Code,Drug Tariff Category,Basic Price\r\n")
	for i := range packs {
		fmt.Fprintf(&b, "\"Medicine number %d, 500mg modified-release tablets\",%d,tablet,%s,%s,Part VIIIA Category %c,%d\r\n", i/2, 28+28*(i%2), checkedID(10000000+i/2), checkedID(90000000+i), "ACM"[i%3], 100+i%5000)
	}
	return b.Bytes()
}

// checkedID is a number with the check digit of SNOMED CT: Verhoeff, by its tables.
func checkedID(n int) string {
	c := 0
	for i, m := 0, n; m > 0; i, m = i+1, m/10 {
		c = verhoeff.d[c][verhoeff.p[(i+1)%8][m%10]]
	}
	return fmt.Sprintf("%d%d", n, verhoeff.inv[c])
}

var verhoeff = func() (v struct {
	d   [10][10]int
	p   [8][10]int
	inv [10]int
}) {
	for a := range 10 { // the dihedral group of the pentagon
		for b := range 10 {
			switch {
			case a < 5 && b < 5:
				v.d[a][b] = (a + b) % 5
			case a < 5:
				v.d[a][b] = (a+b-5)%5 + 5
			case b < 5:
				v.d[a][b] = (a-5-b+5)%5 + 5
			default:
				v.d[a][b] = (a - b + 5) % 5
			}
			if v.d[a][b] == 0 {
				v.inv[a] = b
			}
		}
	}
	v.p[0] = [10]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	v.p[1] = [10]int{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}
	for i := 2; i < 8; i++ {
		for j := range 10 {
			v.p[i][j] = v.p[i-1][v.p[1][j]]
		}
	}
	return v
}()

// heapPeak is the most that the heap holds while do runs, in MB beside what it held
// before: live objects and what the collector has not taken yet.
func heapPeak(do func()) uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, most, stop, done := m.HeapAlloc, atomic.Uint64{}, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapAlloc))
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	do()
	close(stop)
	<-done
	return (most.Load() - min(before, most.Load())) >> 20
}

// TestLargeEditionLoads: an edition of 300,000 packs is loaded within 200 MB of heap.
func TestLargeEditionLoads(t *testing.T) {
	data := largeEdition(300_000)
	w := newWorld(t)
	var took time.Duration
	peak := heapPeak(func() {
		begun := time.Now()
		l, err := w.s.LoadTariff(w.ctx, File{Name: "Part VIIIA Nov 2026.csv", Data: data}, fhir.Principal{})
		took = time.Since(begun)
		require.NoError(t, err)
		require.Equal(t, 300_000, l.Rows)
	})
	t.Logf("%d MB in %s: %d MB at most beside the file", len(data)>>20, took, peak)
	require.LessOrEqual(t, peak, uint64(200))

	state := w.db.State(w.ctx)
	v, err := state.Current("Binary", BinaryID(tariff.PartVIIIA, november))
	require.NoError(t, err)
	require.Less(t, len(v.JSON), 1<<14, "it lists the pieces")
	have, err := fileIn(state, v)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, have), "the pieces are the file")
	head := w.db.Head()
	l, err := w.s.LoadTariff(w.ctx, File{Name: "Part VIIIA Nov 2026.csv", Data: data}, fhir.Principal{})
	require.NoError(t, err)
	require.True(t, l.Unchanged)
	require.Equal(t, head, w.db.Head())
	rx := acute(anOrder)
	rx.store(w)
	_, response := w.claimed(rx)
	require.NotNil(t, response, "it is priced by")
	_, err = w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Delete, Type: "Binary", ID: pieceID(data[:piece])}}})
	require.ErrorContains(t, err, "is a record that the server makes itself")
}
