package clinic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
)

func TestMain(m *testing.M) { process.Main(m) }

// scopes are what the READMEs register the clinic with.
const scopes = "system/Task.rs system/Subscription.cruds system/$validate system/$process-message system/$progress system/$webhook-secret"

// program is one of the integrations.
type program struct {
	name  string
	tools []string
	built [][]string // commands by which it is built, in a copy of its folder
	run   []string   // a command, run there with the name of a file as its last argument
	asks  bool       // it asks for events, and is not called
	pulls bool       // it needs packages of a registry
}

var programs = []program{
	{"go", []string{"go"}, [][]string{{"go", "mod", "init", "clinic"}, {"go", "build", "-o", "clinic", "."}}, []string{"./clinic"}, false, false},
	{"curl", []string{"sh", "curl", "openssl", "jq"}, nil, []string{"./clinic.sh"}, true, false},
	{"typescript", []string{"node", "npm"}, [][]string{{"npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"}, {"npm", "run", "build"}}, []string{"node", "dist/main.js"}, false, true},
	{"python", []string{"python3"}, [][]string{{"python3", "-m", "venv", "env"}, {"env/bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"}}, []string{"env/bin/python", "clinic.py"}, false, true},
}

// TestClinic sends an order with each program, and wants it told of, and there once although
// the first answer is lost; an order that is wrong is not sent, and all of it is printed.
func TestClinic(t *testing.T) {
	addr := free(t)
	proxy := lossy(t, addr)
	s := process.Start(t, t.TempDir(), "--addr", addr, "--public-url", proxy.URL)
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			dir := p.folder(t)
			key, set := p.key(t, dir)
			id := "clinic-" + p.name
			command(t, dir, binary(t), "client", "add", id, "--data", s.Data, "--name", "Clinic", "--organisation", "X99CL", "--role", "clinic-system", "--keys", set, "--scope", scopes)
			env := []string{"PESTLE_URL=" + proxy.URL + "/fhir", "PESTLE_CLIENT=" + id, "PESTLE_KEY=" + key, "HOOK_LISTEN=127.0.0.1:0"}

			_, order, err := s.Send("GET", "/fhir/$demo-order", nil)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "order.json"), order, 0o600))
			out, err := p.sends(t, dir, env, "order.json")
			require.NoError(t, err, out)
			number := after(t, out, "sent")
			for _, step := range []string{"token", "valid", "told", "progress"} {
				after(t, out, step)
			}
			if !p.asks {
				assert.Contains(t, after(t, out, "webhook"), "is active")
			}
			proxy.lostOne(t, order)
			_, found, err := s.Send("GET", "/fhir/Task?code=prescription-order&group-identifier="+url.QueryEscape(number), nil)
			require.NoError(t, err)
			assert.Contains(t, string(found), `"total":1,`, "it is there, and once")

			wrong := bytes.ReplaceAll(order, []byte(`"quantity"`), []byte(`"quantities"`))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "wrong.json"), wrong, 0o600))
			out, err = p.sends(t, dir, env, "wrong.json")
			require.Error(t, err, out)
			assert.Equal(t, 2, strings.Count(out, "Write quantity."), out)
			assert.NotContains(t, out, "sent  ")
		})
	}
}

// TestVerifyInShell checks a call as the script does, and that it notices another body.
func TestVerifyInShell(t *testing.T) {
	for _, tool := range []string{"sh", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	s := process.Start(t, t.TempDir())
	dir, called := t.TempDir(), make(chan bool, 1)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var head, body bytes.Buffer
		_ = r.Header.Write(&head)
		_, _ = body.ReadFrom(r.Body)
		_ = os.WriteFile(filepath.Join(dir, "headers.txt"), head.Bytes(), 0o600)
		_ = os.WriteFile(filepath.Join(dir, "body.json"), body.Bytes(), 0o600)
		called <- true
	}))
	defer hook.Close()
	_, text, err := s.Send("POST", "/fhir/Subscription", []byte(`{"resourceType":"Subscription","status":"requested","reason":"to know","criteria":"https://pestle-fhir.github.io/SubscriptionTopic/prescription-received","channel":{"type":"rest-hook","endpoint":"`+hook.URL+
		`","payload":"application/fhir+json","_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"id-only"}]}}}`), "Content-Type", "application/fhir+json")
	require.NoError(t, err)
	var made struct{ ID string }
	require.NoError(t, json.Unmarshal(text, &made), string(text))
	_, text, err = s.Send("POST", "/fhir/Subscription/"+made.ID+"/$webhook-secret", nil)
	require.NoError(t, err)
	var told struct {
		Parameter []struct{ ValueString string }
	}
	require.NoError(t, json.Unmarshal(text, &told))
	select {
	case <-called:
	case <-time.After(30 * time.Second):
		t.Fatal("the server did not call")
	}
	script, err := filepath.Abs("../../examples/clinic/curl/verify.sh")
	require.NoError(t, err)
	secret := told.Parameter[0].ValueString
	assert.Contains(t, command(t, dir, "sh", script, secret, "headers.txt", "body.json"), "the server sent it")
	body, err := os.ReadFile(filepath.Join(dir, "body.json"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "other.json"), append(body, '\n'), 0o600))
	require.Error(t, exec.Command("sh", script, secret, filepath.Join(dir, "headers.txt"), filepath.Join(dir, "other.json")).Run())
}

// folder is a copy of the program's folder, where it is built.
func (p *program) folder(t *testing.T) string {
	t.Helper()
	for _, tool := range p.tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	if p.pulls && os.Getenv("PESTLE_CLIENTS") == "" {
		t.Skip("its packages are installed from their registry: set PESTLE_CLIENTS=1")
	}
	dir := filepath.Join(t.TempDir(), p.name)
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("../../examples/clinic", p.name))))
	for _, line := range p.built {
		command(t, dir, line...)
	}
	return dir
}

// key makes the program's key: the names of the private one and of the set to register.
func (p *program) key(t *testing.T, dir string) (key, set string) {
	t.Helper()
	key, set = filepath.Join(dir, "clinic.key"), filepath.Join(dir, "clinic.jwks")
	make := []string{binary(t), "client", "key", "--out", key}
	if p.name == "curl" {
		make = []string{"./keys.sh", key}
	}
	require.NoError(t, os.WriteFile(set, []byte(command(t, dir, make...)), 0o600))
	return key, set
}

// sends runs the program, and returns all that it printed.
func (p *program) sends(t *testing.T, dir string, env []string, file string) (string, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, p.run[0], append(p.run[1:], file)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// after is the rest of the line that begins with a word.
func after(t *testing.T, out, word string) string {
	t.Helper()
	for line := range strings.Lines(out) {
		if rest, ok := strings.CutPrefix(line, word+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	require.FailNow(t, "there is no line "+word, out)
	return ""
}

func binary(t *testing.T) string {
	t.Helper()
	path, err := process.Binary()
	require.NoError(t, err)
	return path
}

func command(t *testing.T, dir string, line ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%v: %s", line, out)
	return string(out)
}

// loser is a proxy that passes each order on, and the first time closes the connection in
// the place of the answer.
type loser struct {
	*httptest.Server
	mu   sync.Mutex
	seen map[string]int // attempts by X-Request-ID
}

// free is an address on which nobody listens.
func free(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func lossy(t *testing.T, addr string) *loser {
	t.Helper()
	l := &loser{seen: map[string]int{}}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: addr})
		r.Out.Host = r.In.Host // the server is known to its clients by this address
	}}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/$process-message") {
			proxy.ServeHTTP(w, r)
			return
		}
		l.mu.Lock()
		l.seen[r.Header.Get("X-Request-ID")]++
		first := l.seen[r.Header.Get("X-Request-ID")] == 1
		l.mu.Unlock()
		if !first {
			proxy.ServeHTTP(w, r)
			return
		}
		proxy.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler) // closes the connection
	}))
	t.Cleanup(l.Close)
	return l
}

// lostOne wants the order sent twice under its own id.
func (l *loser) lostOne(t *testing.T, order []byte) {
	t.Helper()
	var message struct{ Identifier struct{ Value string } }
	require.NoError(t, json.Unmarshal(order, &message))
	l.mu.Lock()
	defer l.mu.Unlock()
	assert.Equal(t, 2, l.seen[message.Identifier.Value], fmt.Sprint(l.seen))
}
