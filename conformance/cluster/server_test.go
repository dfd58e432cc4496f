//go:build cluster

package cluster

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// binary builds the program once.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("PESTLE_CLUSTER_BINARY"); path != "" {
		return path, nil
	}
	dir, err := os.MkdirTemp("", "pestle-cluster")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "pestle")
	out, err := exec.Command("go", "build", "-tags", "nomsgpack,cluster", "-o", path, "github.com/pestle-fhir/pestle/cmd/pestle").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil && os.Getenv("PESTLE_CLUSTER_BINARY") == "" {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

const secret = "0123456789abcdef0123456789abcdef"

// machine is a server that may be killed and started again.
type machine struct {
	t    *testing.T
	name string
	addr string
	args []string
	data string
	tls  bool // it speaks TLS
	mu   sync.Mutex
	cmd  *exec.Cmd
	log  *bytes.Buffer
}

func (m *machine) base() string {
	if m.tls {
		return "https://" + m.addr
	}
	return "http://" + m.addr
}

// freePort is a port of loopback that nobody listens on.
func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// machines are n servers with the same data, or one by itself.
func machines(t *testing.T, n int) []*machine { return machinesWith(t, n, func(*machine) {}) }

// machinesWith are servers with further options, which are added before the start of each.
func machinesWith(t *testing.T, n int, add func(*machine)) (all []*machine) {
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys.json")
	require.NoError(t, os.WriteFile(keys, []byte(`{"keys":[{"kty":"oct","k":"`+base64.RawURLEncoding.EncodeToString([]byte(secret))+`"}]}`), 0o600))
	var peers []string
	for i := range n {
		peers = append(peers, fmt.Sprintf("n%d@127.0.0.1:%d", i+1, freePort(t)))
	}
	for i := range n {
		m := &machine{t: t, name: fmt.Sprint("n", i+1), addr: fmt.Sprintf("127.0.0.1:%d", freePort(t)), log: &bytes.Buffer{}}
		m.data = filepath.Join(dir, m.name)
		m.args = []string{"serve", "--addr", m.addr, "--data", m.data, "--keys", keys, "--issuer", "i", "--audience", "a", "--public-url", "http://pharmacy.example", "--site", "FA565", "--site-name", "Pharmacy",
			"--log-key", m.data + ".key", "--checkpoint-lock", m.data + ".lock", "--verify-hours", "0", "--drain-seconds", "2"}
		if n > 1 {
			m.args = append(m.args, "--cluster", strings.Join(peers, ","), "--node", m.name)
		}
		add(m)
		all = append(all, m)
	}
	for i, m := range all {
		if i > 0 { // the first one makes the key
			copied(t, all[0].data+".key", m.data+".key")
		}
		m.start()
	}
	t.Cleanup(func() {
		for _, m := range all {
			m.kill()
		}
		if t.Failed() {
			for _, m := range all {
				var text []string
				for line := range strings.Lines(m.log.String()) {
					if !strings.Contains(line, "msg=request") && !strings.Contains(line, "msg=engine") {
						text = append(text, line)
					}
				}
				t.Logf("log of %s, its end:\n%s", m.name, strings.Join(text[max(0, len(text)-60):], ""))
			}
		}
	})
	for _, m := range all {
		require.Eventually(t, func() bool { return m.health() != "" }, time.Minute, 50*time.Millisecond, m.name)
	}
	require.Eventually(t, func() bool { return n == 1 || leader(all) != nil }, time.Minute, 50*time.Millisecond)
	return all
}

// copied waits for a file, and copies it: each server has its own.
func copied(t *testing.T, from, to string) {
	var text []byte
	require.Eventually(t, func() bool {
		var err error
		text, err = os.ReadFile(from)
		return err == nil && len(text) > 0 && text[len(text)-1] == '\n'
	}, time.Minute, 20*time.Millisecond)
	require.NoError(t, os.WriteFile(to, text, 0o600))
}

func (m *machine) start() {
	path, err := binary()
	require.NoError(m.t, err)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cmd = exec.Command(path, m.args...)
	m.cmd.Env = append(os.Environ(), "PESTLE_SECRET="+secret)
	m.cmd.Stderr, m.cmd.Stdout = m.log, m.log
	require.NoError(m.t, m.cmd.Start())
}

// kill ends the process at once.
func (m *machine) kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cmd != nil {
		_ = m.cmd.Process.Kill()
		_ = m.cmd.Wait()
		m.cmd = nil
	}
}

func (m *machine) signal(s syscall.Signal) {
	m.mu.Lock()
	defer m.mu.Unlock()
	require.NoError(m.t, m.cmd.Process.Signal(s))
}

// token is that of a program that may write everything here.
var token = sync.OnceValue(func() string {
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": "i", "aud": "a", "sub": "clinic", "organisation": "FA565", "scope": "system/*.cruds system/$client-ids system/$metrics", "exp": time.Now().Add(6 * time.Hour).Unix()}).SignedString([]byte(secret))
	if err != nil {
		panic(err)
	}
	return text
})

// trusted is whom the tests trust, of servers that speak TLS.
var trusted = &tls.Config{MinVersion: tls.VersionTLS13}

var client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64, TLSClientConfig: trusted, DialContext: (&net.Dialer{Timeout: time.Second}).DialContext}}

// answer is what a server answered.
type answer struct {
	status int
	body   string
	header http.Header
}

// send sends a request; headers are pairs.
func (m *machine) send(method, path, body string, header ...string) (answer, error) {
	r, err := http.NewRequest(method, m.base()+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+token())
	r.Header.Set("Content-Type", "application/fhir+json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, string(text), res.Header}, err
}

// health is what the server tells of itself, "" where it does not answer.
func (m *machine) health() string {
	quick := &http.Client{Timeout: time.Second, Transport: client.Transport}
	res, err := quick.Get(m.base() + "/health")
	if err != nil {
		return ""
	}
	defer func() { _ = res.Body.Close() }()
	text, _ := io.ReadAll(res.Body)
	return string(text)
}

// leader is the machine that leads, nil for none.
func leader(all []*machine) *machine {
	for _, m := range all {
		if strings.Contains(m.health(), " leads in term") {
			return m
		}
	}
	return nil
}

// digest is that of the database of a server that runs, with the commit that it is of.
func (m *machine) digest() string {
	path, err := binary()
	require.NoError(m.t, err)
	out, err := exec.Command(path, "check", "--digest", "--data", m.data).CombinedOutput()
	require.NoError(m.t, err, string(out))
	return strings.TrimSpace(string(out))
}
