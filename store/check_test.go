package store_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// sound asserts that a check finds nothing.
func sound(t testing.TB, db *store.DB) *store.Findings {
	t.Helper()
	f, err := db.Check(ctx)
	require.NoError(t, err)
	require.Empty(t, f.Wrong)
	return f
}

// outliving is an engine that can be opened again after Close.
type outliving struct{ kv.Engine }

func (outliving) Close() error { return nil }

func filled(t testing.TB, e kv.Engine) *store.DB {
	db := openDB(t, e, store.Options{})
	commit(t, db, put("a", patient(t, "1", "Ames")), put("b", patient(t, "2", "Bell")))
	commit(t, db, put("a", patient(t, "1", "Cole")))
	commit(t, db, fhir.Change{Method: fhir.Delete, Type: "Patient", ID: "a"})
	commit(t, db, put("a", patient(t, "1", "Ames")))
	_, err := db.Commit(ctx, &fhir.Transaction{Cursor: fhir.Cursor{Name: "f", Seq: 2}, Receipt: fhir.Receipt{Key: "k"}})
	require.NoError(t, err)
	return db
}

func TestCheckCounts(t *testing.T) {
	db := filled(t, mem.New())
	f := sound(t, db)
	require.Equal(t, fhir.Seq(4), f.AsOf)
	require.Equal(t, []int{2, 5, 4, 1, 1}, []int{f.Resources, f.Versions, f.Commits, f.Cursors, f.Receipts})
}

// TestCheckFindsDamage changes or removes each key in turn: whatever it is, the
// check must say something, or the change must be one that no reader can tell.
func TestCheckFindsDamage(t *testing.T) {
	e := mem.New()
	db := filled(t, outliving{e})
	require.NoError(t, db.Close())
	s, err := e.Snapshot()
	require.NoError(t, err)
	it := s.Iterate([]byte("a"), nil, false)
	for it.Next() {
		key, value := string(it.Key()), string(it.Value())
		if key[0] == 'm' || key[0] == 'c' || key[0] == 'r' {
			continue
		}
		require.NoError(t, e.Write([]kv.Op{{Key: []byte(key)}}))
		require.True(t, damaged(t, e), "%q removed", key)
		kvSet(t, e, key, value+"\x01")
		require.True(t, damaged(t, e), "%q longer", key)
		kvSet(t, e, key, value)
	}
	require.False(t, damaged(t, e))
	kvSet(t, e, "cother", "\x05")
	require.True(t, damaged(t, e), "a cursor behind the log")
}

func kvSet(t testing.TB, e kv.Engine, key, value string) {
	require.NoError(t, e.Write([]kv.Op{{Key: []byte(key), Value: []byte(value)}}))
}

func damaged(t testing.TB, e kv.Engine) bool {
	db := openDB(t, outliving{e}, store.Options{})
	f, err := db.Check(ctx)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	return len(f.Wrong) > 0
}

func TestIndexIsRenewed(t *testing.T) {
	e := mem.New()
	db := filled(t, outliving{e})
	require.NoError(t, db.Close())
	before := dump(t, e)
	kvSet(t, e, "mindex", "\x00")
	kvSet(t, e, "xPatient\x00old\x00entry-of-an-old-extraction", "")
	db = openDB(t, outliving{e}, store.Options{})
	sound(t, db)
	require.NoError(t, db.Close())
	require.Equal(t, before, dump(t, e))
}

// TestStaleIndexOnAFullDisk: what an index of another version says is not served,
// and where it cannot be made anew, opening says so and changes nothing.
func TestStaleIndexOnAFullDisk(t *testing.T) {
	e := mem.New()
	require.NoError(t, filled(t, outliving{e}).Close())
	full := &kvtest.Faulty{Engine: outliving{e}}
	full.Fill(true)
	db := openDB(t, full, store.Options{})
	require.NoError(t, db.Close(), "the index is of this version")
	kvSet(t, e, "mindex", "\x00")
	before := dump(t, e)
	_, err := store.Open(full, store.Options{})
	require.ErrorIs(t, err, kv.ErrNoSpace)
	require.ErrorContains(t, err, "the index was made by another version")
	require.Equal(t, before, dump(t, e))
}

func TestUnknownFormat(t *testing.T) {
	e := mem.New()
	require.NoError(t, openDB(t, outliving{e}, store.Options{}).Close())
	kvSet(t, e, "mformat", "\x63")
	_, err := store.Open(outliving{e}, store.Options{})
	require.ErrorContains(t, err, "layout 99")
}

// dump lists all keys and values.
func dump(t testing.TB, e kv.Engine) string {
	s, err := e.Snapshot()
	require.NoError(t, err)
	defer s.Close()
	var b strings.Builder
	it := s.Iterate([]byte{0}, nil, false)
	for it.Next() {
		b.WriteString(strings.ToValidUTF8(string(it.Key()), "?") + " = " + string(it.Value()) + "\n")
	}
	require.NoError(t, it.Close())
	return b.String()
}
