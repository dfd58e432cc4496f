package fhirpath

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCacheIsBounded: long expressions fill the cache sooner than short ones.
func TestCacheIsBounded(t *testing.T) {
	long := strings.Repeat(" ", cacheSize/10)
	for i := range 30 {
		src := fmt.Sprint(i, long)
		first, err := Cached(src)
		require.NoError(t, err)
		again, err := Cached(src)
		require.NoError(t, err)
		require.Same(t, first, again)
		cache.RLock()
		size := 0
		for kept := range cache.exprs {
			size += len(kept)
		}
		cache.RUnlock()
		require.LessOrEqual(t, size, cacheSize)
	}
}
