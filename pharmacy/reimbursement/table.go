package reimbursement

import (
	"cmp"
	"encoding/csv"
	"io"
	"math/big"
	"strings"

	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
)

// twoPlaces is an amount in pounds and pence for a reader.
func twoPlaces(pounds string) string {
	r, ok := pricing.ParseDecimal(pounds)
	if !ok {
		return pounds
	}
	pence, _ := pricing.Round(r.Mul(r, big.NewRat(100, 1)), "half-up")
	return pricing.Pounds(pence)
}

// table writes a CSV for a spreadsheet.
type table struct {
	w   *csv.Writer
	err error
}

func newTable(out io.Writer, columns ...string) *table {
	t := &table{w: csv.NewWriter(out)}
	t.row(columns...)
	return t
}

func (t *table) row(cells ...string) {
	safe := make([]string, len(cells))
	for i, c := range cells {
		safe[i] = pharmacy.Cell(c)
	}
	t.err = cmp.Or(t.err, t.w.Write(safe))
}

func (t *table) end() error {
	t.w.Flush()
	return cmp.Or(t.err, t.w.Error())
}

// readTable reads what a table has written.
func readTable(text string) ([][]string, error) {
	return csv.NewReader(strings.NewReader(text)).ReadAll()
}
