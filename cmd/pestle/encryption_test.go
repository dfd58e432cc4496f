package main

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestEncryptedFolder: while a server has an encrypted folder open, no file of it
// has a patient's name, also not in the log of the newest writes, and a backup
// needs a recipient.
func TestEncryptedFolder(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(key, []byte(strings.Repeat("0f", 32)), 0o600))
	for name, c := range map[string]struct {
		key   encryption
		found bool
	}{"encrypted": {encryption{KeyFile: key}, false}, "not encrypted": {encryption{}, true}} {
		t.Run(name, func(t *testing.T) {
			data := t.TempDir()
			app, err := openApp(appConfig{Data: data, Key: c.key}, slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			defer func() { require.NoError(t, app.close()) }()
			patient, err := fhir.Parse([]byte(`{"resourceType":"Patient","name":[{"family":"Featherstonehaugh"}]}`))
			require.NoError(t, err)
			_, err = app.db.Commit(context.Background(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "Patient", Resource: patient}}})
			require.NoError(t, err)
			require.Equal(t, c.found, holds(t, data, "Featherstonehaugh"))
			require.Equal(t, !c.found, app.engine.Encrypted())
			_, err = writeBackup(context.Background(), app.db, app.audit, app.definitions.files, io.Discard, backupRequest{})
			if c.found {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, "--recipient")
			}
		})
	}
}

// holds reports whether a file of a folder holds a text.
func holds(t *testing.T, dir, text string) (found bool) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		found = found || bytes.Contains(b, []byte(text))
		return err
	}))
	return found
}
