package paper

import (
	"bytes"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPDF: a document has the same bytes each time, as many pages as it needs, and
// takes any text.
func TestPDF(t *testing.T) {
	d := Document{Heading: "Month statement", Subtitle: "£12.34 – “FA565”", Made: time.Date(2026, 12, 3, 9, 0, 0, 0, time.UTC),
		Parts: []Part{{Heading: "Account", Lines: []string{"A line of text."}, Columns: []Column{{"Figure", 3, false}, {"Amount", 1, true}}}, {}}}
	for i := range 120 {
		d.Parts[0].Rows = append(d.Parts[0].Rows, []string{"Row " + strconv.Itoa(i) + " of a table whose text is short", "1,234.56"})
	}
	d.Parts[0].Rows = append(d.Parts[0].Rows, nil, []string{"日本語 \x00\xff (\\)"})
	var one, two bytes.Buffer
	require.NoError(t, d.PDF(&one))
	require.NoError(t, d.PDF(&two))
	require.Equal(t, one.Bytes(), two.Bytes())
	require.True(t, bytes.HasPrefix(one.Bytes(), []byte("%PDF-1.")))
	require.Equal(t, 3, bytes.Count(one.Bytes(), []byte("/Type /Page\n")))
	require.Less(t, one.Len(), 40_000)
}

// FuzzPDF: whatever is printed, a PDF comes of it.
func FuzzPDF(f *testing.F) {
	f.Add("Heading", "a cell", 3)
	f.Add("\xff(\\", "\u202e\n\r\t", 0)
	f.Fuzz(func(t *testing.T, heading, cell string, share int) {
		var out bytes.Buffer
		d := Document{Heading: heading, Subtitle: cell, Parts: []Part{{Heading: cell, Lines: []string{heading}, Columns: []Column{{heading, share, true}, {cell, 1, false}}, Rows: [][]string{{cell, heading, cell}, {cell}}}}}
		require.NoError(t, d.PDF(&out))
		require.True(t, bytes.HasSuffix(bytes.TrimSpace(out.Bytes()), []byte("%%EOF")))
	})
}
