package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSeed wants all of a folder in a new sandbox, or a failure that names what is wrong.
func TestSeed(t *testing.T) {
	c := &serveCommand{Sandbox: true, Addr: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "db")}
	app, err := openApp(c.appConfig(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { require.NoError(t, app.close()) }()
	require.NoError(t, app.loadDemo(t.Context()))
	folder := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	write("a.json", `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/seeded"}}`)
	write("b.ndjson", `{"resourceType":"Patient","id":"seeded","name":[{"family":"Branch","given":["A"]}],"gender":"other","birthDate":"1980-01-01"}`+"\n")
	var out bytes.Buffer
	std := streams{out: &out, err: &out}
	require.NoError(t, app.seed(context.Background(), folder, std), out.String())
	v, err := app.db.State(t.Context()).Current("Observation", "o")
	require.NoError(t, err)
	require.NotNil(t, v)

	write("c.json", `{"resourceType":"Patient","id":"wrong","birthDate":"soon"}`)
	err = app.seed(context.Background(), folder, std)
	require.ErrorContains(t, err, "1 resources are refused")
	require.Contains(t, out.String(), "c.json")
	require.ErrorContains(t, app.seed(context.Background(), filepath.Join(folder, "none"), std), "--seed")
}
