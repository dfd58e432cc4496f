package kvtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestPoisoned: who keeps a slice of an iterator reads poison, and who writes to
// a value is found.
func TestPoisoned(t *testing.T) {
	e := kvtest.Poisoned{Engine: mem.New()}
	kvtest.Set(t, e, "a", "1", "b", "2")
	s := kvtest.Snapshot(t, e)
	for name, move := range map[string]func(kv.Iterator){
		"next": func(it kv.Iterator) { it.Next() }, "seek": func(it kv.Iterator) { it.Seek([]byte("b")) }, "close": func(it kv.Iterator) { _ = it.Close() },
	} {
		it := s.Iterate(nil, nil, false)
		require.True(t, it.Next())
		key, value := it.Key(), it.Value()
		require.Equal(t, "a=1", string(key)+"="+string(value))
		move(it)
		require.Equal(t, "\xdb=\xdb", string(key)+"="+string(value), name)
	}
	it := s.Iterate(nil, nil, false)
	require.True(t, it.Next())
	it.Value()[0] = 'x'
	require.Panics(t, func() { it.Next() })
	value, _, err := s.Get([]byte("b"))
	require.NoError(t, err)
	value[0] = 'x'
	require.PanicsWithValue(t, `kvtest: the value of Get was changed`, s.Close)
}
