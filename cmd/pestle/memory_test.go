package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMemoryOfTheMachine(t *testing.T) {
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	info := file("meminfo", "MemFree: 5 kB\nMemTotal:       2048000 kB\n")
	require.Equal(t, int64(2048000<<10), machineMemory(info))
	require.Equal(t, int64(512<<20), machineMemory(info, "none", file("limit", "536870912\n")), "a container has less")
	require.Equal(t, int64(2048000<<10), machineMemory(info, file("limit", "max\n")))
	require.Equal(t, int64(unknownMemory), machineMemory("none"))
}

func TestMemoryAsItIsWritten(t *testing.T) {
	for text, want := range map[string]memory{"": 0, "512MB": 512 << 20, "2 gb": 2 << 30, "268435456": 256 << 20} {
		var m memory
		require.NoError(t, m.UnmarshalText([]byte(text)))
		require.Equal(t, want, m)
	}
	for _, text := range []string{"1MB", "-1GB", "much", "99999999999GB"} {
		require.ErrorContains(t, new(memory).UnmarshalText([]byte(text)), "expected 64MB or more", text)
	}
}
