package reimbursement

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// BenchmarkStep is one finished prescription of four items: read, claimed and
// priced.
func BenchmarkStep(b *testing.B) {
	w := newWorld(b).sample()
	rx := acute(anOrder)
	rx.store(w)
	state := w.db.State(w.ctx)
	ids, err := state.Find("Task", nhs.Query("identifier", nhs.IDOrder, anOrder))
	require.NoError(b, err)
	v, err := state.Current("Task", ids[0])
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		changes, err := claims{w.s}.Step(w.ctx, state, v)
		if err != nil || len(changes) != 2 {
			b.Fatal(err, len(changes))
		}
	}
}

// BenchmarkExport writes a month of 500 claims that was exported before.
func BenchmarkExport(b *testing.B) {
	w := newWorld(b).sample()
	for i := range 500 {
		rx := acute(fmt.Sprintf("%06d-A83008-111111", i))
		for j := range rx.lines {
			rx.lines[j].item = rx.id(rx.lines[j].item)
		}
		rx.store(w)
	}
	w.settle()
	q := ExportRequest{Month: november, Org: "VNE51", Time: w.now}
	_, err := w.s.CloseMonth(w.ctx, CloseRequest{Month: november, Org: "VNE51", Time: w.now.AddDate(0, 1, 0)})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		list, err := w.s.ExportMonth(w.ctx, q)
		if err != nil || len(list) != 1 {
			b.Fatal(err)
		}
		n, err := list[0].WriteTo(io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(n)
	}
}
