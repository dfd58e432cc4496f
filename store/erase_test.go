package store_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
)

// filesOf names the files of a folder that hold a text, as they are. The engine's own
// tests look into compressed tables.
func filesOf(t testing.TB, dir, text string) (found []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err == nil && bytes.Contains(b, []byte(text)) {
			found = append(found, e.Name())
		}
	}
	return found
}

// TestErase: after a purge nothing on the disk has the name, which the database says
// as long as it is not so, also when it is opened anew.
func TestErase(t *testing.T) {
	dir := t.TempDir()
	e, err := badger.Open(dir, nil)
	require.NoError(t, err)
	db := planted(t, e, store.Options{})
	seq, err := db.Unerased()
	require.NoError(t, err)
	require.Zero(t, seq)
	require.NoError(t, db.Erase(ctx), "there is nothing to do")
	c := purged(t, db, purge("Patient", "a", "2"))
	seq, err = db.Unerased()
	require.NoError(t, err)
	require.Equal(t, c.Seq, seq)
	digest, _, err := db.Digest(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, filesOf(t, dir, "antagenet"), "the test finds what is there")
	require.NoError(t, db.Close())

	e, err = badger.Open(dir, nil)
	require.NoError(t, err)
	db = openDB(t, e, store.Options{})
	seq, err = db.Unerased()
	require.NoError(t, err)
	require.Equal(t, c.Seq, seq)
	require.NoError(t, db.Erase(ctx))
	seq, err = db.Unerased()
	require.NoError(t, err)
	require.Zero(t, seq)
	sound(t, db)
	after, _, err := db.Digest(ctx)
	require.NoError(t, err)
	require.Equal(t, digest, after, "what is erased is part of no commit")
	for _, text := range []string{"4447", "antagenet"} {
		require.Empty(t, filesOf(t, dir, text))
	}
	require.NoError(t, db.Close())
	for _, text := range []string{"4447", "antagenet"} {
		require.Empty(t, filesOf(t, dir, text))
	}
}

// TestEraseWaitsForReaders: a page that is being read holds what it sees. When it has
// ended, it is erased, though no commit came since.
func TestEraseWaitsForReaders(t *testing.T) {
	dir := t.TempDir()
	e, err := badger.Open(dir, nil)
	require.NoError(t, err)
	db := planted(t, e, store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	reading, goOn, done := make(chan bool), make(chan bool), make(chan error)
	go func() {
		first := true
		done <- db.Leaves(ctx, 0, func(store.LeafRow) error {
			if first {
				first = false
				close(reading)
				<-goOn
			}
			return nil
		})
	}()
	<-reading
	purged(t, db, purge("Patient", "a", "2"))
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	require.Error(t, db.Erase(short), "the reader holds it")
	seq, err := db.Unerased()
	require.NoError(t, err)
	require.NotZero(t, seq)
	close(goOn)
	require.NoError(t, <-done)
	require.NoError(t, db.Erase(ctx))
	require.Empty(t, filesOf(t, dir, "antagenet"))
	_, err = db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{put("b", patient(t, "2", "Bell"))}})
	require.NoError(t, err)
}
