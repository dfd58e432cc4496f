package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const output = `goos: linux
BenchmarkCreate-2      	       3	1634617897 ns/op	      7760 bare/s	         0.4769 of-bare
BenchmarkCreate-2      	       3	1701113531 ns/op	      7497 bare/s	         0.4731 of-bare
BenchmarkCreate-2      	       3	1714236294 ns/op	      7354 bare/s	         0.4813 of-bare
BenchmarkPages/a=b|c-1-2         	     200	    524731 ns/op
BenchmarkPages/plain   	     200	    1000 ns/op
--- SKIP: BenchmarkOther
PASS
`

func TestFigures(t *testing.T) {
	f := &figures{all: parse(output)}
	require.Equal(t, 0.4769, f.get("Create", "of-bare"), "the median")
	require.Equal(t, []string{"Pages/a=b|c-1", "Pages/plain"}, f.names("Pages/"))
	require.Empty(t, f.missing)
	f.get("Other", "ns/op")
	require.Equal(t, "Other ns/op", f.missing)
	f.missing = ""
	f.mean("Nothing/", "ns/op")
	require.Equal(t, "Nothing/ ns/op", f.missing)
}

func TestVerdict(t *testing.T) {
	require.Equal(t, "holds", hold{least: 0.4}.verdict(0.4))
	require.Equal(t, "misses", hold{least: 0.4}.verdict(0.39))
	require.Equal(t, "misses", hold{most: 2}.verdict(2.1))
	require.Equal(t, "-", hold{}.verdict(7))
	require.Equal(t, "<= 2 x", hold{most: 2, unit: "x"}.String())
}

func TestSkipped(t *testing.T) {
	r := &runner{}
	for _, row := range table {
		if row.shared {
			_, verdict, err := row.measure(r)
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(verdict, "skipped: needs "), verdict)
		}
	}
}
