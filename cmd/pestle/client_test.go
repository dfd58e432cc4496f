package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// issuing is a server that issues tokens itself, on this machine.
type issuing struct {
	t          *testing.T
	data, base string
	stop       func()
}

func startIssuing(t *testing.T, data string, sandbox bool) *issuing {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	base := "http://" + listener.Addr().String()
	return startServing(t, listener, &serveCommand{Sandbox: sandbox, IssueTokens: !sandbox, Addr: listener.Addr().String(), PublicURL: base, Site: "FA565", Data: data, DrainSeconds: 5, VerifyShare: 10})
}

// startServing starts a server by its flags.
func startServing(t *testing.T, listener net.Listener, c *serveCommand) *issuing {
	data, base := c.Data, c.PublicURL
	require.NoError(t, c.complete())
	log := slog.New(slog.DiscardHandler)
	config := c.appConfig()
	config.Origins, config.Address = origins(c.PublicURL, listener.Addr()), c.PublicURL
	app, err := openApp(config, log)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- c.serve(ctx, app, listener, log, streams{out: io.Discard, err: io.Discard}) }()
	s := &issuing{t: t, data: data, base: base, stop: func() {
		stop()
		require.NoError(t, <-served)
		require.NoError(t, app.close())
	}}
	require.Eventually(t, func() bool { return s.get("/health", "") == 200 && administered(data) != nil }, 10*time.Second, 10*time.Millisecond)
	return s
}

func (s *issuing) get(path string, token string, headers ...string) int {
	r, err := http.NewRequest(http.MethodGet, s.base+path, http.NoBody)
	require.NoError(s.t, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer.StatusCode
}

// command runs a command line and returns what it prints.
func (s *issuing) command(args ...string) (out string, ok bool) {
	var text bytes.Buffer
	code := run(args, streams{in: strings.NewReader(""), out: &text, err: &text})
	return strings.TrimSpace(text.String()), code == 0
}

func (s *issuing) must(args ...string) string {
	out, ok := s.command(args...)
	require.True(s.t, ok, out)
	return out
}

// TestClients sets a server up from nothing: a key, a client, a token, a request;
// rotates the key while it runs, and disables the client.
func TestClients(t *testing.T) {
	dir := t.TempDir()
	data, key, next := filepath.Join(dir, "data"), filepath.Join(dir, "key.json"), filepath.Join(dir, "next.json")
	s := startIssuing(t, data, false)
	keys, nextKeys := filepath.Join(dir, "keys.json"), filepath.Join(dir, "next-keys.json")
	require.NoError(t, os.WriteFile(keys, []byte(s.must("client", "key", "--out", key)), 0o600))
	require.NoError(t, os.WriteFile(nextKeys, []byte(s.must("client", "key", "--out", next)), 0o600))
	add := []string{"client", "add", "clinic", "--data", data, "--name", "Clinic", "--organisation", "A83008", "--keys", keys, "--scope", "system/Patient.rs system/Organization.rs"}
	s.must(add...)
	out, ok := s.command(add...)
	require.False(t, ok)
	require.Contains(t, out, `There is a client "clinic" already`)
	out, ok = s.command("client", "add", "Ä", "--data", data, "--name", " ", "--organisation", "a83008", "--keys", keys, "--scope", "patient/*.rs system/Patient.sr", "--role", "king")
	require.False(t, ok)
	for _, part := range []string{"client_id", "client_name", "organisation", "context system alone", "in this order", "role \"king\""} {
		assert.Contains(t, out, part, "all problems at once")
	}

	token := func(key string) (string, bool) {
		return s.command("token", "--client", "clinic", "--key", key, "--scope", "system/*.read", "--server", s.base)
	}
	text, ok := token(key)
	require.True(t, ok, text)
	assert.Equal(t, 200, s.get("/fhir/Patient", text))
	assert.Equal(t, 403, s.get("/fhir/Task", text))
	assert.Equal(t, 401, s.get("/fhir/Patient", text[:42]+"-"))
	assert.Equal(t, 401, s.get("/fhir/Patient", ""))
	assert.Equal(t, 401, s.get("/fhir/Patient", "", "Pestle-Person", "auditor"), "the header is of a sandbox")
	out, ok = s.command("token", "--as", "pharmacist", "--data", data)
	require.False(t, ok)
	require.Contains(t, out, "not a sandbox")

	s.must("client", "rotate", "clinic", "--data", data, "--keys", nextKeys)
	out, ok = token(key)
	require.False(t, ok)
	require.Contains(t, out, "kid: ")
	_, ok = token(next)
	require.True(t, ok)
	assert.Equal(t, 200, s.get("/fhir/Patient", text), "tokens stay in force")
	s.must("client", "disable", "clinic", "--data", data)
	assert.Equal(t, 401, s.get("/fhir/Patient", text))
	s.stop()

	// In the folder, while no server has it open.
	require.Contains(t, s.must("client", "list", "--data", data), "clinic\tA83008\tdisabled")
	s.must("client", "disable", "clinic", "--undo", "--data", data)
	s.must("check", "--data", data)
	s = startIssuing(t, data, false)
	defer s.stop()
	require.NotContains(t, s.must("client", "show", "clinic", "--data", data), `"disabled"`)
	assert.Equal(t, 401, s.get("/fhir/Patient", text), "what was revoked stays so")
	_, ok = token(next)
	require.True(t, ok)
}

// TestSandboxPeople: each person of the sandbox, by a token and by the header,
// may do what their role may; without either the sandbox is as it was.
func TestSandboxPeople(t *testing.T) {
	s := startIssuing(t, t.TempDir(), true)
	defer s.stop()
	for _, p := range sandboxPeople {
		token := s.must("token", "--as", p.Name, "--data", s.data)
		for path, roles := range map[string]string{"/fhir/AuditEvent": "auditor", "/fhir/Patient": "clinic clinic-2 pharmacist pharmacist-2 pharmacy-2 technician support finance auditor",
			"/fhir/DetectedIssue": "clinic clinic-2 pharmacist pharmacist-2 pharmacy-2 technician auditor", "/fhir/Invoice": "clinic clinic-2 support finance auditor"} {
			want := 403
			if strings.Contains(" "+roles+" ", " "+p.Name+" ") {
				want = 200
			}
			assert.Equal(t, want, s.get(path, token), "%s %s", p.Name, path)
			assert.Equal(t, want, s.get(path, "", "Pestle-Person", p.Name), "%s %s by the header", p.Name, path)
		}
		assert.Equal(t, 200, s.get("/fhir/$demo-order", token), p.Name)
	}
	assert.Equal(t, 401, s.get("/fhir/Patient", "", "Pestle-Person", "nobody"))
	assert.Equal(t, 200, s.get("/fhir/Patient", ""))
	assert.Equal(t, 401, s.get("/fhir/Patient", strings.Repeat("x", 43)))
}
