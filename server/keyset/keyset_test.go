package keyset

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPrivateAddresses(t *testing.T) {
	for address, fine := range map[string]bool{
		"8.8.8.8:443": true, "[2606:4700::1111]:443": true,
		"127.0.0.1:443": false, "10.1.2.3:443": false, "172.16.0.1:443": false, "192.168.0.1:443": false, "169.254.169.254:80": false,
		"100.64.0.1:443": false, "0.0.0.0:443": false, "[::1]:443": false, "[::ffff:10.0.0.1]:443": false, "[fd00::1]:443": false, "[fe80::1]:443": false, "[64:ff9b::a00:1]:443": false,
	} {
		require.Equal(t, fine, public(address) == nil, address)
	}
}

func TestCacheAge(t *testing.T) {
	for control, age := range map[string]time.Duration{
		"": unsaidAge, "max-age=30": 30 * time.Second, "public, max-age=30": 30 * time.Second, "max-age=999999": longestAge, "no-store": 0, "No-Cache": 0,
		"max-age=x": 0, "max-age=0": 0, "max-age=30, no-store": 0,
	} {
		require.Equal(t, age, cacheAge(http.Header{"Cache-Control": {control}}), control)
	}
}
