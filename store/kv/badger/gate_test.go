package badger

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
)

// merged is how many tables there are that compaction has made.
func (e *Engine) merged() (n int) {
	for _, level := range e.db.Levels()[1:] {
		n += level.NumTables
	}
	return n
}

// TestGate: no table is made by compaction while the disk is full, reads go on
// meanwhile, and it goes on when there is room.
func TestGate(t *testing.T) {
	e, err := Open(t.TempDir(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	var free atomic.Int64
	e.gate.free = func() (int64, error) { return free.Load(), nil }
	n := 0
	for ; n < 100; n++ { // a dozen buffers
		require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "%03d", n), Value: noise(1000 << 10)}}))
	}
	require.Eventually(t, func() bool { return e.gate.need() > 0 }, time.Minute, 10*time.Millisecond)
	time.Sleep(3 * gateEvery)
	require.Zero(t, e.merged())
	s := kvtest.Snapshot(t, e)
	v, _, err := s.Get([]byte("000"))
	require.NoError(t, err)
	require.Len(t, v, 1000<<10)
	s.Close()
	free.Store(1 << 30)
	require.Eventually(t, func() bool { return e.merged() > 0 }, time.Minute, 10*time.Millisecond)
	require.Eventually(t, func() bool { return e.gate.need() == 0 }, time.Minute, 10*time.Millisecond)
}

// TestGateCloses: an engine closes although compaction is held back.
func TestGateCloses(t *testing.T) {
	e, err := Open(t.TempDir(), nil)
	require.NoError(t, err)
	e.gate.free = func() (int64, error) { return 0, nil }
	for n := range 100 {
		require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "%03d", n), Value: noise(1000 << 10)}}))
	}
	require.Eventually(t, func() bool { return e.gate.need() > 0 }, time.Minute, 10*time.Millisecond)
	require.NoError(t, e.Close())
}
