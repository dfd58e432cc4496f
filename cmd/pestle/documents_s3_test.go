//go:build s3

package main

import (
	"bytes"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/content/s3/s3test"
)

// TestDocumentsInS3: documents are in the bucket and found there by every command, a
// restored database has its own, and a backup moves them from the folder to S3 and back.
func TestDocumentsInS3(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	bucket := &s3test.Server{Dir: t.TempDir()}
	s := httptest.NewServer(bucket)
	defer s.Close()
	place := "s3://papers/x?region=eu-west-2&endpoint=" + s.URL
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	command := func(args ...string) string {
		t.Helper()
		var out bytes.Buffer
		require.Zero(t, run(args, streams{in: strings.NewReader(""), out: &out, err: &out}), "%s: %s", args, &out)
		return out.String()
	}
	app, err := openApp(appConfig{Data: file("db"), Documents: place}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	_, err = app.db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Binary", ID: "a",
		Resource: fhir.Obj("resourceType", "Binary", "id", "a", "contentType", "image/png", "data", base64.StdEncoding.EncodeToString(scanOf(1, 100_000))).Resource()}}})
	require.NoError(t, err)
	require.NoError(t, app.close())
	require.Len(t, bucket.Objects(), 1)
	require.Empty(t, documentFiles(t, file("db")))
	require.Contains(t, command("check", "--data", file("db")), "1 documents outside of the database\n")
	command("backup", "--data", file("db"), "--to", file("backup"))
	command("restore", "--data", file("folder"), file("backup"))
	require.Len(t, documentFiles(t, file("folder")), 1)
	command("backup", "--data", file("folder"), "--to", file("again"))
	command("restore", "--data", file("other"), "--documents", place, file("again"))
	require.Len(t, bucket.Objects(), 2)
	for _, data := range []string{"db", "folder", "other"} {
		app, err := openApp(appConfig{Data: file(data)}, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		v, err := app.db.Read(t.Context(), "Binary", "a")
		require.NoError(t, err)
		r, err := v.Resource()
		require.NoError(t, err)
		c, _ := fhir.ContentOf(r.Root())
		in, err := app.db.OpenContent(t.Context(), c)
		require.NoError(t, err)
		text, err := io.ReadAll(in)
		require.NoError(t, err)
		require.True(t, bytes.Equal(scanOf(1, 100_000), text))
		require.NoError(t, in.Close())
		n, err := app.db.Sweep(t.Context())
		require.NoError(t, err)
		require.Zero(t, n, "what another database has is not its own to remove")
		require.NoError(t, app.close())
	}
	require.Len(t, bucket.Objects(), 2)
}
