package reimbursement

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTableIsBounded: a list that is too large for an answer is refused, and not
// gathered before.
func TestTableIsBounded(t *testing.T) {
	b := capped{room: 10_000}
	w := newTable(&b, "a", "b")
	for range 1000 {
		w.row("=1+1", strings.Repeat("x", 100))
	}
	require.ErrorIs(t, w.end(), errTooLarge)
	require.LessOrEqual(t, b.Len(), 10_000)
	require.True(t, strings.HasPrefix(b.String(), "a,b\n'=1+1,xxx"))
}
