package console

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPoint: a point brings back the rows that were told, and takes nothing else.
func TestPoint(t *testing.T) {
	then := map[string]string{"a": "1", "b": "1", "c": "4"}
	now := map[string]string{"a": "2", "c": "4", "d": "1"}
	point := "2026-11-30T09:00:00.000Z" + differences(then, now).String()
	require.Equal(t, "2026-11-30T09:00:00.000Z;a/2;b/;d/1", point)
	base, told, err := readPoint(point)
	require.NoError(t, err)
	require.Equal(t, "2026-11-30T09:00:00.000Z", base)
	told.onto(then)
	require.Equal(t, now, then)
	_, told, err = readPoint(base)
	require.NoError(t, err)
	require.Empty(t, told)
	for _, wrong := range []string{"", "yesterday", base + ";", base + ";a/1;", base + ";a/1\ndata: x", base + ";a b/1"} {
		_, _, err := readPoint(wrong)
		require.Error(t, err, "%q", wrong)
	}
}
