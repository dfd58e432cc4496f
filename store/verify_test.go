package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
)

// TestVerify damages a block of a table: the verification and the check name the
// versions in it, reading one of them is an error that says so, never an absence,
// and the others are read.
func TestVerify(t *testing.T) {
	dir := t.TempDir()
	e, err := badger.Open(dir, nil)
	require.NoError(t, err)
	db := openDB(t, e, store.Options{})
	const patients = 60
	for i := range patients {
		_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{put(fmt.Sprintf("p%02d", i), patient(t, noise(3000), "x"))}})
		require.NoError(t, err)
	}
	found, err := db.Verify(ctx, nil)
	require.NoError(t, err)
	require.Empty(t, found)
	require.NoError(t, db.Close())
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	require.NoError(t, err)
	require.Len(t, tables, 1)
	b, err := os.ReadFile(tables[0])
	require.NoError(t, err)
	copy(b[len(b)/3:], "damage")
	require.NoError(t, os.WriteFile(tables[0], b, 0o600))

	e, err = badger.Open(dir, nil)
	require.NoError(t, err)
	db = openDB(t, e, store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	paced := 0
	found, err = db.Verify(ctx, func(bytes int) error { paced += bytes; return nil })
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.InDelta(t, len(b), paced, float64(len(b))/10)
	require.NotEmpty(t, found[0].Versions)
	require.Contains(t, found[0].String(), "is damaged; it may hold Patient/p")
	damaged := map[string]bool{}
	for _, v := range found[0].Versions {
		damaged[v] = true
	}
	for i := range patients {
		id := fmt.Sprintf("p%02d", i)
		v, err := db.State(ctx).Current("Patient", id)
		if damaged["Patient/"+id+"/_history/1"] {
			require.ErrorIs(t, err, kv.ErrDamaged)
			require.ErrorContains(t, err, "is damaged: ")
			continue
		}
		require.NoError(t, err)
		require.NotNil(t, v)
	}
	f, err := db.Check(ctx)
	require.NoError(t, err)
	for i, ref := range found[0].Versions {
		require.Equal(t, store.Finding{Resource: ref, Text: found[0].Where + " is damaged; it may hold " + ref, Unreadable: true}, f.Wrong[i])
	}
	_, err = db.Verify(ctx, func(int) error { return errors.New("enough") })
	require.ErrorContains(t, err, "enough")
}
