// Package kills proves on the real binary that nothing that it has acknowledged is
// lost: clients write over HTTP while the process is killed, its disk fills up
// and the system's calls fail. It speaks HTTP and runs commands, and knows
// nothing of what is inside.
package kills

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pestle-fhir/pestle/conformance/process"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

func TestMain(m *testing.M) { process.Main(m) }

// home is a data folder and what it takes to open it.
type home struct {
	t     *testing.T
	dir   string // of everything
	key   string // file of the key; "" where the database is not encrypted
	small bool   // on a small disk of its own
}

func (h *home) data() string { return filepath.Join(h.dir, "data") }

// flags name the folder and its key for a command.
func (h *home) flags() []string {
	list := []string{"--data", h.data()}
	if h.key != "" {
		list = append(list, "--encryption-key-file", h.key)
	}
	return list
}

// command is the program with arguments, perhaps under another one.
func (h *home) command(under []string, args ...string) *exec.Cmd {
	path, err := process.Binary()
	if err != nil {
		h.t.Fatal(err)
	}
	all := append(append([]string{}, under...), path)
	all = append(all, args...)
	cmd := exec.Command(all[0], all[1:]...)
	cmd.Dir = oracle.Root(h.t)
	return cmd
}

// output runs a command and returns what it prints.
func (h *home) output(args ...string) (string, error) {
	out, err := h.command(nil, args...).CombinedOutput()
	if broken := panicked(out); broken != nil {
		err = broken
	}
	return string(out), err
}

// panicked is the error of a process that ended by a panic or a signal of memory.
func panicked(log []byte) error {
	for _, sign := range []string{"panic:", "SIGBUS", "SIGSEGV", "fatal error:"} {
		if at := bytes.Index(log, []byte(sign)); at >= 0 {
			return fmt.Errorf("the process panicked: %s", log[at:min(len(log), at+1500)])
		}
	}
	return nil
}

// site is a server that runs.
type site struct {
	cmd   *exec.Cmd
	base  string
	log   *locked
	ended chan struct{} // closed when the process has ended
	exit  error         // then
}

// locked is a buffer that a process writes to while a test reads it.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// launch starts a server and does not wait for it.
func (h *home) launch(under ...string) (*site, *bufio.Reader, error) {
	args := append([]string{"serve", "--sandbox", "--addr", "127.0.0.1:0", "--memory", "256MB"}, h.flags()...)
	s := &site{cmd: h.command(under, args...), log: &locked{}, ended: make(chan struct{})}
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, nil, err
	}
	return s, bufio.NewReader(out), nil
}

var greeted = regexp.MustCompile(`http://[0-9.:]+`)

// errRefused is the error of a server that did not start, with its words.
type errRefused struct{ log string }

func (e errRefused) Error() string { return "the server did not start: " + e.log }

// start starts a server and waits for its greeting.
func (h *home) start(under ...string) (*site, error) {
	s, out, err := h.launch(under...)
	if err != nil {
		return nil, err
	}
	line := ""
	for err == nil && !greeted.MatchString(line) {
		line, err = out.ReadString('\n')
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		s.exit = s.cmd.Wait()
		close(s.ended)
	}()
	if err != nil {
		<-s.ended
		if broken := panicked([]byte(s.log.String())); broken != nil {
			return nil, broken
		}
		return nil, errRefused{s.log.String()}
	}
	s.base = greeted.FindString(line)
	return s, nil
}

// kill ends the process as a lack of power does for it. It must not have ended by
// itself.
func (s *site) kill() error {
	var early error
	select {
	case <-s.ended:
		early = fmt.Errorf("the server ended by itself: %w: %s", s.exit, tail(s.log.String()))
	default:
	}
	_ = s.cmd.Process.Kill()
	<-s.ended
	return cmp.Or(panicked([]byte(s.log.String())), early)
}

// terminate asks it to end.
func (s *site) terminate() { _ = s.cmd.Process.Signal(syscall.SIGTERM) }

var client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// send makes a request and reads its answer.
func (s *site) send(method, path, body string, header ...string) (status int, answer string, h http.Header, err error) {
	r, err := http.NewRequest(method, s.base+path, strings.NewReader(body))
	if err != nil {
		return 0, "", nil, err
	}
	r.Header.Set("Content-Type", "application/fhir+json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w, err := client.Do(r)
	if err != nil {
		return 0, "", nil, err
	}
	b, err := io.ReadAll(w.Body)
	return w.StatusCode, string(b), w.Header, errors.Join(err, w.Body.Close())
}
