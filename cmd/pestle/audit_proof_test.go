package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/trust/audit"
)

// signedSandbox is a sandbox whose logs are signed.
func signedSandbox(t *testing.T, data string) (s *sandboxServer, c *serveCommand) {
	log := slog.New(slog.DiscardHandler)
	c = &serveCommand{Sandbox: true, Addr: "127.0.0.1:0", Data: data}
	app, err := openApp(c.appConfig(), log)
	require.NoError(t, err)
	c.signing.complete(c.Data, true)
	require.NoError(t, c.sign(app, c.origin(), log))
	config, err := c.config(app, log)
	require.NoError(t, err)
	handler, err := server.New(config)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := app.signLogs(ctx)
	t.Cleanup(func() { stop(); <-done; _ = app.closeLogs(); _ = app.close() })
	return &sandboxServer{t, app, handler.Handler()}, c
}

func (s *sandboxServer) get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.http.ServeHTTP(w, httptest.NewRequest("GET", "http://here"+path, nil))
	return w
}

// commandLine runs a command, and returns its exit code and what it prints.
func commandLine(args ...string) (int, string) {
	var out bytes.Buffer
	code := run(args, streams{in: strings.NewReader(""), out: &out, err: &out})
	return code, out.String()
}

// TestAuditProofs wants that a read is signed within a second, and proved to whoever
// has the key of the log; that witnesses see both logs, and raise the alarm for an
// older copy of either; and that what is lost is recorded.
func TestAuditProofs(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s, c := signedSandbox(t, data)
	s.ask(201, "PUT", "/Patient/a", `{"resourceType":"Patient","id":"a"}`)
	s.ask(201, "PUT", "/Patient/b", `{"resourceType":"Patient","id":"b"}`)
	s.ask(200, "GET", "/Patient?_id=a,b", "")
	head := s.app.audit.Head()
	require.Eventually(t, func() bool { return s.app.accesses.Newest().Size == head }, 20*time.Second, 10*time.Millisecond)

	key := strings.TrimSpace(s.get("/log-key").Body.String())
	require.Contains(t, s.get("/audit/checkpoint").Body.String(), fmt.Sprintf("localhost/log/audit\n%d\n", head))
	require.Equal(t, 200, s.get("/audit/tile/0/000.p/1").Code)
	require.Len(t, s.get("/audit/tile/0/000.p/1").Body.Bytes(), 32)
	entries := s.get("/audit/tile/entries/000.p/1").Body.String()
	require.Len(t, entries, 46)
	require.Contains(t, entries, "PA1\x00")
	require.Equal(t, 404, s.get("/audit/tile/0/001").Code)
	require.Equal(t, 404, s.get("/audit/log-key").Code)

	for _, id := range []string{fmt.Sprint(head), fmt.Sprint(head, "-2")} {
		answer := s.ask(200, "GET", "/AuditEvent/"+id+"/$proof", "")
		file := filepath.Join(t.TempDir(), "proof.json")
		require.NoError(t, os.WriteFile(file, answer.JSON(), 0o600))
		code, said := commandLine("verify", file, "--key", key)
		require.Zero(t, code, said)
		require.Contains(t, said, fmt.Sprintf("AuditEvent/%d is an event of localhost/log/audit", head))
		require.Contains(t, said, `"Patients":["a","b"]`)
		require.NoError(t, os.WriteFile(file, bytes.Replace(answer.JSON(), []byte(`"record\":\"A`), []byte(`"record\":\"B`), 1), 0o600))
		code, said = commandLine("verify", file, "--key", key)
		require.Equal(t, 1, code)
		require.Contains(t, said, "not what was logged")
	}
	e, err := s.app.audit.Event(s.app.audit.Head())
	require.NoError(t, err)
	require.Equal(t, "$proof", e.Interaction)
	require.ElementsMatch(t, []string{"a", "b"}, e.Patients(), "the proof opens the whole event")
	s.ask(404, "GET", "/AuditEvent/999/$proof", "")
	require.Equal(t, 200, s.get("/fhir/Patient/a/$proof").Code)
	s.ask(400, "GET", "/$log-consistency?from=1&log=other", "")
	s.ask(200, "GET", "/$log-consistency?from=1&log=audit", "")

	// Witnesses.
	h := httptest.NewServer(s.http)
	defer h.Close()
	state := filepath.Join(t.TempDir(), "seen")
	watch := func() (int, string) { return commandLine("witness", h.URL, "--key", key, "--state", state) }
	code, said := watch()
	require.Zero(t, code, said)
	require.Contains(t, said, "localhost/log: size 2,")
	require.Contains(t, said, "localhost/log/audit: size ")
	for range 300 {
		s.ask(200, "GET", "/Patient/a", "")
	}
	head = s.app.audit.Head()
	require.Eventually(t, func() bool { return s.app.accesses.Newest().Size == head }, 20*time.Second, 10*time.Millisecond)
	code, said = watch()
	require.Zero(t, code, said)
	require.FileExists(t, state+".audit")
	require.Len(t, s.get("/audit/tile/0/000").Body.Bytes(), 32*256)
	require.NotEmpty(t, s.get("/audit/tile/0/000").Header().Get("Cache-Control"))

	// An export that the server makes, in JSON lines with what verifies them.
	export := filepath.Join(t.TempDir(), "export.ndjson")
	var text bytes.Buffer
	require.NoError(t, s.app.repository.records.ExportProof(t.Context(), &text, audit.ProofHeader{Checkpoints: []string{string(s.app.accesses.Newest().Note)}}, time.Time{}, time.Time{}))
	require.NoError(t, os.WriteFile(export, text.Bytes(), 0o600))
	require.Empty(t, verifyBoth(t, map[string]bool{}, []string{export, "--key", key, "--checkpoint", state + ".audit"}))

	// An older copy of the audit log.
	older := filepath.Join(t.TempDir(), "older")
	require.NoError(t, os.CopyFS(older, os.DirFS(data)))
	for range 10 {
		s.ask(200, "GET", "/Patient/a", "")
	}
	require.NoError(t, s.app.closeLogs())
	watched, err := os.ReadFile(c.auditLock())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(older, sandboxLock+".audit"), watched, 0o600))
	require.NoError(t, os.Chmod(filepath.Join(older, sandboxKey), 0o600))
	app, err := openApp(appConfig{Data: older}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	of := signing{LogKey: filepath.Join(older, sandboxKey), CheckpointLock: filepath.Join(older, sandboxLock)}
	err = of.sign(app, "localhost/log", slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "the audit log does not hold what was signed last")
	require.ErrorContains(t, err, "pestle proof recover")
	require.NoError(t, app.close())
	code, said = commandLine("verify", older, "--key", key)
	require.Equal(t, 1, code, said)
	require.Contains(t, said, "truncated: ")

	code, said = commandLine("proof", "recover", "--data", older, "--reason", "disk lost")
	require.Zero(t, code, said)
	require.Contains(t, said, "of the audit log records what is lost: entries ")
	require.NotContains(t, said, "AuditEvent/", "the log of changes has lost nothing")
	app, err = openApp(appConfig{Data: older}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, of.sign(app, "localhost/log", slog.New(slog.DiscardHandler)))
	require.NoError(t, app.closeLogs())
	require.NoError(t, app.close())
	lost := filepath.Join(t.TempDir(), "lost")
	require.NoError(t, os.WriteFile(lost, watched, 0o600))
	code, said = commandLine("verify", older, "--key", key, "--checkpoint", lost)
	require.Zero(t, code, said)
	require.Contains(t, said, "recovered: ")
	code, said = commandLine("proof", "recover", "--data", older, "--reason", "again")
	require.Equal(t, 1, code)
	require.Contains(t, said, "nothing is lost")
}
