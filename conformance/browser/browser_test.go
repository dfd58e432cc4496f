// Package browser opens the pages of a running server in Chromium: what it
// shows must be readable, and nothing may be refused by the page's own policy
// or reported on the console. It is skipped where Chromium is not installed.
package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
)

// chromium is the browser's program, "" where there is none.
func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func TestMain(m *testing.M) { process.Main(m) }

// built is the program, which all tests share.
func built(t *testing.T) string {
	t.Helper()
	path, err := process.Binary()
	require.NoError(t, err)
	return path
}

// serve starts a sandbox, and gives where it is.
func serve(t *testing.T) (host string) {
	t.Helper()
	dir, program := t.TempDir(), built(t)
	server := exec.Command(program, "serve", "--sandbox", "--stock", "--addr", "127.0.0.1:0", "--data", filepath.Join(dir, "data"))
	printed, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	greeting := make([]byte, 4096)
	n, err := io.ReadAtLeast(printed, greeting, 80)
	require.NoError(t, err)
	return string(regexp.MustCompile(`http://[0-9.:]+`).Find(greeting[:n]))
}

// complaint is a line of the browser's log that tells of a fault of the page.
var complaint = regexp.MustCompile(`CONSOLE|Content Security Policy|Refused to|net::ERR`)

// open shows an address in the browser and gives the page as it stands then.
func open(t *testing.T, browser, address string, flags ...string) (dom string) {
	t.Helper()
	args := append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0", "--user-data-dir=" + t.TempDir(), "--dump-dom"}, flags...)
	var out, log bytes.Buffer
	cmd := exec.Command(browser, append(args, address)...)
	cmd.Stdout, cmd.Stderr = &out, &log
	require.NoError(t, cmd.Start())
	timer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	require.NoError(t, cmd.Wait(), log.String())
	for _, line := range strings.Split(log.String(), "\n") {
		assert.False(t, complaint.MatchString(line), "%s: %s", address, line)
	}
	return out.String()
}

func TestBrowser(t *testing.T) {
	browser := chromium()
	if browser == "" {
		t.Skip("chromium is not installed")
	}
	host := serve(t)
	task := order(t, host)
	for address, want := range map[string][]string{
		"/":                                 {"The FHIR server that a UK pharmacy runs", "The clinic sends a prescription", "as the clinic signed it"},
		"/fhir/" + task:                     {"<h1>" + task + "</h1>", "Prescription Order", "groupIdentifier", `href="/fhir/Patient/`},
		"/fhir/Task?status=ready,requested": {"Task search", "1 entry on this page, 1 in all.", `href="/fhir/` + task + `"`},
		"/fhir/Patient/nobody":              {"Error 404 Not Found", "There is a problem"},
		"/docs/":                            {"Documentation"},
	} {
		dom := open(t, browser, host+address)
		for _, text := range want {
			assert.Contains(t, dom, text, address)
		}
	}
	open(t, browser, host+"/", "--blink-settings=preferredColorScheme=0") // dark
}

// TestComplaints wants the test to notice what it looks for: a page that breaks
// its own policy.
func TestComplaints(t *testing.T) {
	browser := chromium()
	if browser == "" {
		t.Skip("chromium is not installed")
	}
	page := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, os.WriteFile(page, []byte(`<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'"><script>1</script>`), 0o600))
	var log bytes.Buffer
	cmd := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--user-data-dir="+t.TempDir(), "--dump-dom", "file://"+page)
	cmd.Stderr = &log
	require.NoError(t, cmd.Run())
	assert.Regexp(t, complaint, log.String())
}

// order sends the demo order and waits for its Task: "Task/…".
func order(t *testing.T, host string) string {
	t.Helper()
	_, message := ask(t, http.MethodGet, host+"/fhir/$demo-order", nil)
	status, text := ask(t, http.MethodPost, host+"/fhir/$process-message", message)
	require.Equal(t, http.StatusOK, status, string(text))
	for range 400 {
		_, text = ask(t, http.MethodGet, host+"/fhir/Task", nil)
		var found struct {
			Entry []struct{ Resource struct{ ID string } }
		}
		require.NoError(t, json.Unmarshal(text, &found))
		if len(found.Entry) > 0 {
			return "Task/" + found.Entry[0].Resource.ID
		}
		time.Sleep(20 * time.Millisecond)
	}
	require.FailNow(t, fmt.Sprintf("no Task: %s", text))
	return ""
}

func ask(t *testing.T, method, url string, body []byte) (status int, text []byte) {
	t.Helper()
	r, err := http.NewRequest(method, url, bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("X-Request-ID", uuid.NewString())
	r.Header.Set("Content-Type", "application/fhir+json")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err = io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, text
}
