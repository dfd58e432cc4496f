package store

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestShelf: values are kept beside the commits, and are part of none.
func TestShelf(t *testing.T) {
	engine := mem.New()
	db, err := Open(engine, Options{})
	require.NoError(t, err)
	before, _, err := db.Digest(t.Context())
	require.NoError(t, err)
	s := NewShelf(engine)
	all := func() map[string]string {
		found := map[string]string{}
		require.NoError(t, s.Each(func(name string, value []byte) error {
			found[name] = string(value)
			return nil
		}))
		return found
	}
	require.NoError(t, s.Write(map[string][]byte{"b/\xff\x00": []byte("2"), "a": []byte("1"), "": {}}))
	require.Equal(t, map[string]string{"a": "1", "b/\xff\x00": "2", "": ""}, all())
	require.NoError(t, s.Write(map[string][]byte{"a": nil, "c": []byte("3")}))
	require.Equal(t, map[string]string{"b/\xff\x00": "2", "c": "3", "": ""}, all())
	after, _, err := db.Digest(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, after)
	found, err := db.Check(t.Context())
	require.NoError(t, err)
	require.Empty(t, found.Wrong)
	require.NoError(t, db.Close())
}
