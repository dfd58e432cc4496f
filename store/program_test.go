package store

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// keeping is an engine that outlives the database that is open on it.
type keeping struct{ kv.Engine }

func (keeping) Close() error { return nil }

// TestProgram wants a database of a newer layout to be refused with the version of the
// program that can read it, and to stay as it is.
func TestProgram(t *testing.T) {
	engine := keeping{mem.New()}
	open := func(program string) error {
		db, err := Open(engine, Options{Program: program})
		if err == nil {
			require.NoError(t, db.Close())
		}
		return err
	}
	last := func() string {
		snap, err := engine.Snapshot()
		require.NoError(t, err)
		defer snap.Close()
		b, _, err := snap.Get(keyProgram)
		require.NoError(t, err)
		return string(b)
	}
	require.NoError(t, open("v1.0.0"))
	require.Equal(t, "v1.0.0", last())
	require.NoError(t, open(""))
	require.Equal(t, "v1.0.0", last())
	require.NoError(t, open("v1.1.0"))
	require.Equal(t, "v1.1.0", last())

	require.NoError(t, engine.Write([]kv.Op{{Key: keyFormat, Value: encodeSeq(formatVersion + 1)}, {Key: keyProgram, Value: []byte("v2.0.0")}}))
	err := open("v1.1.0")
	require.ErrorContains(t, err, "it is too old for it. Use pestle v2.0.0, which opened it last")
	require.Equal(t, "v2.0.0", last(), "nothing was changed")
	require.NoError(t, engine.Write([]kv.Op{{Key: keyFormat, Value: encodeSeq(1)}}))
	require.ErrorContains(t, open("v1.1.0"), "load its export into a new database")
}
