package fhir

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A long text is given up when the context is over, a short one is not worth it.
func TestParseWithinATime(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	text := func(n int) []byte {
		return []byte(`{"resourceType":"Basic","x":[` + strings.Repeat("1,", n) + `1]}`)
	}
	_, err := ParseContext(ctx, text(10))
	require.NoError(t, err)
	_, err = ParseContext(ctx, text(2*stride))
	require.ErrorIs(t, err, context.Canceled)
	_, err = ParseContext(context.Background(), text(2*stride))
	require.NoError(t, err)
}
