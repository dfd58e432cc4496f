package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMemoryLimit: garbage is kept within the memory as long as little is in use,
// and where more is, there is room for more than that.
func TestMemoryLimit(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Run("as long as it runs", func(t *testing.T) {
		const memory = 1 << 30
		boundsMemory(t, memory)
		require.EqualValues(t, memory, debug.SetMemoryLimit(-1))
	})
	require.Equal(t, before, debug.SetMemoryLimit(-1), "and no longer")

	boundsMemory(t, 64<<20)
	used := make([]byte, 256<<20)
	require.Eventually(t, func() bool {
		runtime.GC()
		return debug.SetMemoryLimit(-1) >= int64(len(used))*3/2
	}, 10*time.Second, 10*time.Millisecond, "the limit follows what is in use")
	runtime.KeepAlive(used)
	used = nil
	require.Eventually(t, func() bool {
		runtime.GC()
		return debug.SetMemoryLimit(-1) < 256<<20
	}, 10*time.Second, 10*time.Millisecond, "and goes back with it")
}

// boundsMemory keeps garbage small as serve does, until the test ends; what runs the tests
// has set GOGC.
func boundsMemory(t testing.TB, memory int64) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	t.Cleanup(boundMemory(memory))
}

// TestMemoryLimitOfAnOperator: what the operator has set stays.
func TestMemoryLimitOfAnOperator(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	t.Setenv("GOMEMLIMIT", "1GiB")
	boundMemory(64 << 20)()
	require.Equal(t, before, debug.SetMemoryLimit(-1))
}
