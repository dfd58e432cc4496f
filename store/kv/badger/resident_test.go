//go:build linux

package badger

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
)

// TestGiveBack: what was read of the tables does not stay in the memory of the
// process, and is read again when it is needed, while tables come and go.
func TestGiveBack(t *testing.T) {
	e, err := Open(t.TempDir(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	e.resident.close()
	defer func() { e.resident = keepResident(e.db, e.dir) }()
	const size = 64 << 10
	n := 0
	write := func(megabytes int) {
		for range megabytes {
			var ops []kv.Op
			for range (1 << 20) / size {
				ops = append(ops, kv.Op{Key: fmt.Appendf(nil, "%06d", n), Value: noise(size)})
				n++
			}
			require.NoError(t, e.Write(ops))
		}
	}
	read := func() {
		s := kvtest.Snapshot(t, e)
		defer s.Close()
		it, count := s.Iterate(nil, nil, false), 0
		for it.Next() {
			require.Len(t, it.Value(), size)
			count++
		}
		require.NoError(t, it.Close())
		require.Equal(t, n, count)
	}
	write(80)
	read()
	before := residentFiles()
	e.resident.giveBack()
	require.Less(t, residentFiles(), before-40<<20)
	read()

	done := make(chan struct{})
	go func() {
		defer close(done)
		write(60)
	}()
	for writing := true; writing; {
		select {
		case <-done:
			writing = false
		default:
			e.resident.giveBack()
		}
	}
	read()
}
