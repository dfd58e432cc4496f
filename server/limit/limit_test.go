package limit

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestNames: however many names there are, few are followed.
func TestNames(t *testing.T) {
	l, now := New(Rate{1, 1}), time.Unix(0, 0)
	for i := range 3 * most {
		l.Take(time.Duration(i).String(), now)
	}
	require.LessOrEqual(t, len(l.of), most+1)
}

// TestAddressIsANetwork: one machine has all addresses of 64 bits of IPv6.
func TestAddressIsANetwork(t *testing.T) {
	for from, want := range map[string]string{
		"192.0.2.7:80": "192.0.2.7", "[::ffff:192.0.2.7]:80": "192.0.2.7", "[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64",
		"[2001:db8:1:2::1]:80": "2001:db8:1:2::/64", "[fe80::1%eth0]:80": "fe80::/64", "@": "@", "name:80": "name",
	} {
		require.Equal(t, want, Address(&http.Request{RemoteAddr: from}), from)
	}
}
