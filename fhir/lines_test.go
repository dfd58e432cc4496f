package fhir

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLines compares the index with counting from the start, at every offset of
// texts around the size of a block.
func TestLines(t *testing.T) {
	for _, text := range []string{
		"", "\n", "a\nb", "é\n\n€x😀\r\ny", strings.Repeat("abé", block), strings.Repeat("x", block-1) + "\n" + strings.Repeat("€", block) + "\n\n",
		strings.Repeat("😀\n", block),
	} {
		lines := NewLines(text)
		for i := -1; i <= len(text)+1; i++ {
			if i > 0 && i < len(text) && text[i]&0xC0 == 0x80 {
				continue // within a character
			}
			require.Equal(t, PositionIn(text, i), lines.Position(i), "offset %d of %d", i, len(text))
		}
	}
}
