// Package job tests the whole work of a pharmacy over HTTP: the binary is
// built, started and spoken to as a clinic's and a pharmacy's software would.
package job

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

func TestMain(m *testing.M) { process.Main(m) }

// site is a running server with a database of its own.
type site struct {
	t    testing.TB
	dir  string
	base string
	cmd  *exec.Cmd
	log  *bytes.Buffer
}

func start(t testing.TB, dir string) *site {
	t.Helper()
	path, err := process.Binary()
	require.NoError(t, err)
	s := &site{t: t, dir: dir, log: &bytes.Buffer{}}
	s.cmd = exec.Command(path, "serve", "--sandbox", "--law-from-receipt", "--addr", "127.0.0.1:0", "--data", dir)
	s.cmd.Dir = oracle.Root(t)
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	t.Cleanup(s.stop)
	greeting := make([]byte, 4096)
	n, err := io.ReadAtLeast(out, greeting, 40)
	require.NoError(t, err, s.log.String())
	_, rest, ok := strings.Cut(string(greeting[:n]), "http://")
	require.True(t, ok)
	s.base = "http://" + strings.Fields(rest)[0]
	return s
}

func (s *site) stop() {
	if s.cmd.Process != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

// answer is a response with its JSON taken apart.
type answer struct {
	status int
	header http.Header
	text   string
	body   object
}

type object map[string]any

func (s *site) do(method, path string, body any, header ...string) (*answer, error) {
	var text []byte
	switch b := body.(type) {
	case nil:
	case []byte:
		text = b
	default:
		var err error
		if text, err = json.Marshal(b); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequest(method, s.base+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	r.Header.Set("X-Request-ID", uuid.NewString())
	if text != nil {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	a := &answer{status: res.StatusCode, header: res.Header, text: string(data)}
	if len(data) > 0 {
		if err := json.Unmarshal(data, &a.body); err != nil {
			return nil, fmt.Errorf("%s %s: %s: %w", method, path, data, err)
		}
	}
	return a, nil
}

// ok does a request and wants a status.
func (s *site) ok(status int, method, path string, body any, header ...string) (*answer, error) {
	a, err := s.do(method, path, body, header...)
	if err == nil && a.status != status {
		err = fmt.Errorf("%s %s: status %d, want %d: %.600s", method, path, a.status, status, a.text)
	}
	return a, err
}

// find waits until a search has at least n hits and gives their resources.
func (s *site) find(n int, path string, query ...string) ([]object, error) {
	q := url.Values{}
	for i := 0; i < len(query); i += 2 {
		q.Add(query[i], query[i+1])
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		a, err := s.ok(http.StatusOK, http.MethodGet, path+"?"+q.Encode(), nil)
		if err != nil {
			return nil, err
		}
		if list := a.body.list("entry"); len(list) >= n {
			var out []object
			for _, e := range list {
				out = append(out, e.get("resource"))
			}
			return out, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%s?%s: no hit", path, q.Encode())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (o object) get(names ...string) object {
	for _, n := range names {
		m, _ := o[n].(map[string]any)
		o = m
	}
	return o
}

func (o object) text(names ...string) string {
	last := len(names) - 1
	t, _ := o.get(names[:last]...)[names[last]].(string)
	return t
}

func (o object) list(name string) []object {
	items, _ := o[name].([]any)
	var out []object
	for _, i := range items {
		m, _ := i.(map[string]any)
		out = append(out, m)
	}
	return out
}

// all gives every resource of a type in a message.
func (o object) all(typ string) []object {
	var out []object
	for _, e := range o.list("entry") {
		if r := e.get("resource"); r.text("resourceType") == typ {
			out = append(out, r)
		}
	}
	return out
}
