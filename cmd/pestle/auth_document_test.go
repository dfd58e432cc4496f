package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

var step = regexp.MustCompile("(?ms)^```sh step\n(.*?)^```$")

// TestAuthDocument does what docs/auth.md says, as it is written: from nothing to
// the first request with a token.
func TestAuthDocument(t *testing.T) {
	printed := followDocument(t, "auth.md", 5, func(addr string) string { return "http://" + addr })
	require.Contains(t, printed[4], `"type":"searchset"`)
	require.Contains(t, printed[4], `"total":0`)
}

// followDocument does the steps of a document, of which the first is the server, and
// returns what each printed.
func followDocument(t *testing.T, name string, count int, url func(addr string) string) (printed []string) {
	text, err := os.ReadFile(filepath.Join(oracle.Root(t), "docs", name))
	require.NoError(t, err)
	dir := t.TempDir()
	own, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(own, filepath.Join(dir, "pestle"))) // see TestMain
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := free.Addr().String()
	require.NoError(t, free.Close())
	command := func(line string) (*exec.Cmd, *bytes.Buffer) {
		cmd := exec.Command("sh", "-ec", "exec "+line)
		if strings.Contains(line, ">") || strings.Contains(line, "|") {
			cmd = exec.Command("sh", "-ec", line)
		}
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "URL="+url(addr), "ADDR="+addr)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		return cmd, &out
	}
	steps := step.FindAllStringSubmatch(string(text), -1)
	require.Len(t, steps, count)
	server, log := command(steps[0][1])
	require.NoError(t, server.Start())
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	require.Eventually(t, func() bool {
		answer, err := http.Get("http://" + addr + "/health")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == 200 && administered(filepath.Join(dir, "db")) != nil
	}, 30*time.Second, 50*time.Millisecond, log)
	printed = []string{""}
	for _, s := range steps[1:] {
		cmd, out := command(s[1])
		require.NoError(t, cmd.Run(), "%s: %s", s[1], out)
		printed = append(printed, out.String())
	}
	return printed
}

// TestSMARTLedger wants every test that docs/smart.md names.
func TestSMARTLedger(t *testing.T) {
	root := oracle.Root(t)
	tests := map[string]bool{}
	for _, folder := range []string{"server", "cmd"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(text, -1) {
				tests[string(m[1])] = true
			}
			return err
		}))
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "smart.md"))
	require.NoError(t, err)
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 6 || strings.HasPrefix(line, "|---") || strings.Contains(line, "| test |") {
			continue
		}
		rows++
		if cells[4] == " - " {
			assert.Contains(t, cells[3], "not claimed", line)
			continue
		}
		for _, name := range strings.Split(cells[4], ",") {
			assert.True(t, tests[strings.TrimSpace(name)], "%s is not a test", name)
		}
	}
	assert.Greater(t, rows, 50)
}

// TestSMARTOfOwnTokens: the configuration of a server that issues tokens, under
// each base, from any web page, and true.
func TestSMARTOfOwnTokens(t *testing.T) {
	s := startIssuing(t, t.TempDir(), false)
	defer s.stop()
	for _, base := range []string{"/fhir", "/FHIR/R4"} {
		r, err := http.NewRequest(http.MethodGet, s.base+base+"/.well-known/smart-configuration", http.NoBody)
		require.NoError(t, err)
		r.Header.Set("Origin", "https://anybody.example")
		r.Header.Set("Accept", "application/fhir+xml")
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		var c map[string]any
		require.NoError(t, json.NewDecoder(answer.Body).Decode(&c))
		_ = answer.Body.Close()
		assert.Equal(t, "*", answer.Header.Get("Access-Control-Allow-Origin"))
		assert.Equal(t, "application/json", answer.Header.Get("Content-Type"))
		assert.Equal(t, s.base+"/token", c["token_endpoint"])
		assert.Equal(t, []any{"S256"}, c["code_challenge_methods_supported"])
		assert.Equal(t, []any{"client_credentials"}, c["grant_types_supported"])
		assert.Equal(t, []any{"client-confidential-asymmetric", "permission-v1", "permission-v2"}, c["capabilities"])
		assert.Equal(t, []any{"RS384", "ES384", "RS512"}, c["token_endpoint_auth_signing_alg_values_supported"])
		assert.Contains(t, c, "scopes_supported")
		for _, absent := range []string{"issuer", "jwks_uri", "authorization_endpoint", "registration_endpoint", "management_endpoint"} {
			assert.NotContains(t, c, absent)
		}
		for _, endpoint := range []string{"token_endpoint", "introspection_endpoint", "revocation_endpoint"} {
			answer, err := http.Post(c[endpoint].(string), "application/x-www-form-urlencoded", http.NoBody)
			require.NoError(t, err)
			text, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			_ = answer.Body.Close()
			assert.Equal(t, 400, answer.StatusCode, endpoint)
			assert.Contains(t, string(text), `"error":"invalid_request"`, endpoint)
			assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
		}
	}
	assert.Equal(t, 401, s.get("/authorize", ""), "as every other address without a token")
}
