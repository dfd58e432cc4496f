// Package process runs the program as a pharmacy does, and measures it from
// outside: what it has had of the processors, what it allocated, and how much
// memory it holds. The figures are read from Linux's /proc and from /metrics.
package process

import (
	"bytes"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Server is a running sandbox with a database of its own.
type Server struct {
	Base   string // scheme and host, without /fhir
	PID    int
	Data   string
	Client *http.Client
	cmd    *exec.Cmd
	log    *log
}

// log keeps what the server wrote.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// Start runs a sandbox on a free port of loopback, until the test ends.
func Start(t testing.TB, data string, flags ...string) *Server {
	t.Helper()
	path, err := Binary()
	require.NoError(t, err)
	s := &Server{Data: data, log: &log{}, Client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128, DisableCompression: true}}}
	s.cmd = exec.Command(path, append([]string{"serve", "--sandbox", "--addr", "127.0.0.1:0", "--data", data}, flags...)...)
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	t.Cleanup(s.Kill)
	greeting := make([]byte, 4096)
	n, err := io.ReadAtLeast(out, greeting, 60)
	require.NoError(t, err, s.Log())
	_, rest, ok := strings.Cut(string(greeting[:n]), "http://")
	require.True(t, ok, "the greeting names the address")
	host, _, _ := strings.Cut(strings.Fields(rest)[0], "/")
	s.Base, s.PID = "http://"+host, s.cmd.Process.Pid
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return s
}

// Kill ends the process at once.
func (s *Server) Kill() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

// Log is what the server wrote to its log so far.
func (s *Server) Log() string {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.text.String()
}

// Send sends a request to a path of the host and returns the answer. Headers
// are pairs of name and value.
func (s *Server) Send(method, path string, body []byte, header ...string) (status int, answer []byte, err error) {
	r, err := http.NewRequest(method, s.Base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := s.Client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err = io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}
