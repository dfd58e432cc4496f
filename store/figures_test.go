package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDistribution(t *testing.T) {
	f := newFigures()
	for range 3 {
		f.wrote(1, 200*time.Microsecond)
	}
	f.wrote(600, 10*time.Second)
	count, sum, upTo := f.group.Read()
	require.EqualValues(t, 4, count)
	require.InDelta(t, 603, sum, 0)
	require.EqualValues(t, 3, upTo[1])
	require.EqualValues(t, 3, upTo[512], "what is larger is in the count alone")
	count, sum, upTo = f.write.Read()
	require.EqualValues(t, 4, count)
	require.InDelta(t, 10.0006, sum, 1e-9)
	require.Zero(t, upTo[.0001])
	require.EqualValues(t, 3, upTo[.00025])
}
