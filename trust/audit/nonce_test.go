package audit

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestUndoneNonce: the number of an event that was not stored is used again, its
// nonce is not. The same record under the same nonce would be the same frame.
func TestUndoneNonce(t *testing.T) {
	l, err := Open(t.TempDir(), Options{Key: []byte("0123456789abcdef0123456789abcdef")})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	e := &Event{Access: fhir.Access{Time: time.UnixMilli(1_790_000_000_000), Interaction: "read", Status: 200}}
	require.NoError(t, l.Append(t.Context(), e))
	record := encode(nil, &e.Access)
	l.buffer = l.seal(nil, record, l.next, int(l.at))
	first := l.buffer
	require.ErrorIs(t, l.undo(syscall.EIO), syscall.EIO)
	require.NoError(t, l.failed, "the zeros were written")
	second := l.seal(nil, record, l.next, int(l.at))
	require.NotEqual(t, first[frameHead:frameHead+saltSize], second[frameHead:frameHead+saltSize])
	require.NotEqual(t, first[frameHead+saltSize:], second[frameHead+saltSize:])
	require.NoError(t, l.Append(t.Context(), e))
	require.Equal(t, uint64(2), l.Head())
	got, err := l.Event(2)
	require.NoError(t, err)
	require.Equal(t, "read", got.Interaction)
}
