package clients

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

func TestMain(m *testing.M) { process.Main(m) }

// client is a script and what it needs.
type client struct {
	name    string
	tools   []string // programs
	folder  string   // of the script and its dependencies
	install []string // a command, run in a copy of the folder
	run     []string // a command, run there with the base URL as its last argument
}

var (
	npm = []string{"npm", "ci", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"}
	pip = []string{"sh", "-c", "python3 -m venv env && env/bin/pip install --quiet --disable-pip-version-check -r requirements.txt"}
	mvn = []string{"sh", "-c", "mvn -q -B -ntp dependency:copy-dependencies -DoutputDirectory=target/lib"}
)

// jvm runs a class of the folder hapi.
func jvm(class string) []string {
	return []string{"sh", "-c", fmt.Sprintf(`javac -d target/classes -cp 'target/lib/*' src/main/java/%[1]s.java && java -cp 'target/lib/*:target/classes' %[1]s "$0"`, class)}
}

var clients = []client{
	{"client-hapi", []string{"mvn", "java", "javac"}, "hapi", mvn, jvm("Calls")},
	{"client-hapi-token", []string{"mvn", "java", "javac"}, "hapi", mvn, jvm("Token")},
	{"client-fhirclient-js-launch", []string{"npm", "node"}, "node", npm, []string{"node", "launch_fhirclient.mjs"}},
	{"client-fhir-kit-client-launch", []string{"npm", "node"}, "node", npm, []string{"node", "launch_fhir-kit-client.mjs"}},
	{"client-fhirpy-token", []string{"python3"}, "python", pip, []string{"env/bin/python", "fhirpy_token.py"}},
	{"client-fhir-kit-client", []string{"npm", "node"}, "node", npm, []string{"node", "fhir-kit-client.mjs"}},
	{"client-fhir-kit-client-subscribe", []string{"npm", "node"}, "node", npm, []string{"node", "subscribe_fhir-kit-client.mjs"}},
	{"client-fhirclient-js", []string{"npm", "node"}, "node", npm, []string{"node", "fhirclient.mjs"}},
	{"client-medplum", []string{"npm", "node"}, "node", npm, []string{"node", "medplum.mjs"}},
	{"client-fhirpy", []string{"python3"}, "python", pip, []string{"env/bin/python", "fhirpy_calls.py"}},
	{"client-fhirclient-py", []string{"python3"}, "python", pip, []string{"env/bin/python", "fhirclient_calls.py"}},
	{"client-fhir.resources", []string{"python3"}, "python", pip, []string{"env/bin/python", "fhir_resources_calls.py"}},
}

// TestClients holds each client's calls to its floor in conformance/floors.txt.
func TestClients(t *testing.T) {
	if os.Getenv("PESTLE_CLIENTS") == "" {
		t.Skip("public clients are installed from their registries: set PESTLE_CLIENTS=1")
	}
	s := serve(t)
	s.register(t)
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			for _, tool := range c.tools {
				if _, err := exec.LookPath(tool); err != nil {
					t.Skipf("%s is not installed", tool)
				}
			}
			passed, misses := c.drive(t, s)
			oracle.Report(t, c.name, passed, passed+len(misses), misses)
		})
	}
}

// drive installs a client and makes its calls.
func (c *client) drive(t *testing.T, s *sandbox) (passed int, misses []string) {
	dir := c.installed(t)
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, c.run[0], append(c.run[1:], s.base)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), s.env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "miss "); ok {
			t.Log(line)
			name, _, _ = strings.Cut(name, ":")
			misses = append(misses, name)
		} else if strings.HasPrefix(line, "ok ") {
			passed++
		}
	}
	require.NotZero(t, passed+len(misses), "%s made no call: %s", c.name, stderr.String())
	return passed, misses
}

// installed is a folder with the scripts and their dependencies, which are
// installed once for each content of the folder.
func (c *client) installed(t *testing.T) string {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "pestle-clients", c.folder+"-"+digest(t, c.folder))
	done := filepath.Join(dir, ".installed")
	if _, err := os.Stat(done); err == nil {
		return dir
	}
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.CopyFS(dir, os.DirFS(c.folder)))
	cmd := exec.CommandContext(t.Context(), c.install[0], c.install[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("the client could not be installed: %v: %.500s", err, out)
	}
	require.NoError(t, os.WriteFile(done, nil, 0o600))
	return dir
}

// digest tells folders apart by what is in them.
func digest(t *testing.T, folder string) string {
	h := sha256.New()
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(text), text)
		return err
	})
	require.NoError(t, err)
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// sandbox is one that runs.
type sandbox struct {
	base, data, program string
	env                 []string // what the scripts are told besides the base URL
}

// register makes the clients that the scripts are: two apps and a backend.
func (s *sandbox) register(t *testing.T) {
	secret, key := filepath.Join(t.TempDir(), "secret"), filepath.Join(t.TempDir(), "key.json")
	command := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), s.program, args...).CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	const scopes = "launch launch/patient openid fhirUser offline_access online_access patient/*.rs user/*.rs"
	app := []string{"client", "add", "--data", s.data, "--kind", "app", "--redirect", "http://127.0.0.1/cb", "--scope", scopes}
	command(append(app, "launch-public", "--name", "Public", "--public")...)
	command(append(app, "launch-secret", "--name", "Secret", "--secret", secret)...)
	set := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, os.WriteFile(set, []byte(command("client", "key", "--out", key)), 0o600))
	command("client", "add", "--data", s.data, "backend", "--name", "Backend", "--organisation", "A83008", "--keys", set, "--scope", "system/Patient.cruds system/Observation.rs?category=laboratory")
	text, err := os.ReadFile(secret)
	require.NoError(t, err)
	s.env = []string{"PESTLE_SECRET=" + strings.TrimSpace(string(text)), "PESTLE_KEY=" + key}
}

// serve starts a sandbox.
func serve(t *testing.T) *sandbox {
	path, err := process.Binary()
	require.NoError(t, err)
	s := &sandbox{data: t.TempDir(), program: path}
	cmd := exec.Command(path, "serve", "--sandbox", "--addr", "127.0.0.1:0", "--data", s.data)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	greeting := bufio.NewScanner(stdout)
	for greeting.Scan() {
		if _, rest, ok := strings.Cut(greeting.Text(), "http://"); ok {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			s.base = "http://" + strings.Fields(rest)[0]
			answers(t, s.base)
			return s
		}
	}
	t.Fatal("the server did not say where it is")
	return nil
}

func answers(t *testing.T, base string) {
	require.Eventually(t, func() bool {
		r, err := http.Get(base + "/metadata") //nolint:noctx // a short wait in a test
		if err != nil {
			return false
		}
		return r.Body.Close() == nil && r.StatusCode == http.StatusOK
	}, 20*time.Second, 50*time.Millisecond)
}
