package keyset

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCacheAge(t *testing.T) {
	for control, age := range map[string]time.Duration{
		"": unsaidAge, "max-age=30": 30 * time.Second, "public, max-age=30": 30 * time.Second, "max-age=999999": longestAge, "no-store": 0, "No-Cache": 0,
		"max-age=x": 0, "max-age=0": 0, "max-age=30, no-store": 0,
	} {
		require.Equal(t, age, cacheAge(http.Header{"Cache-Control": {control}}), control)
	}
}
