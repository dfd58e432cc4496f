// Package standby proves what docs/standby.md says: a primary under load is killed, its
// standby takes its place, and the old primary comes back.
package standby

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
	"github.com/pestle-fhir/pestle/internal/long"
)

func TestMain(m *testing.M) { process.Main(m) }

// server is one of the two: a folder and an address that stay.
type server struct {
	t    *testing.T
	name string
	addr string
	data string
	cmd  *exec.Cmd
	done chan struct{} // closed when its process has ended
	log  *os.File
}

func newServer(t *testing.T, name string) *server {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{t: t, name: name, addr: l.Addr().String(), data: filepath.Join(t.TempDir(), name)}
	require.NoError(t, l.Close())
	s.log, err = os.Create(filepath.Join(t.TempDir(), name+".log"))
	require.NoError(t, err)
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			text, _ := os.ReadFile(s.log.Name())
			t.Logf("%s:\n%s", name, text[max(0, len(text)-6000):])
		}
	})
	return s
}

func (s *server) url() string { return "http://" + s.addr }

// start starts the server by a command, serve or standby.
func (s *server) start(command string, flags ...string) {
	path, err := process.Binary()
	require.NoError(s.t, err)
	s.cmd = exec.Command(path, append([]string{command, "--sandbox", "--addr", s.addr, "--data", s.data, "--secret", "of both", "--log-slow", "0s"}, flags...)...)
	s.cmd.Stderr, s.cmd.Stdout = s.log, io.Discard
	require.NoError(s.t, s.cmd.Start())
	cmd, done := s.cmd, make(chan struct{})
	s.done = done
	go func() { _ = cmd.Wait(); close(done) }()
}

// runs reports whether its process is there.
func (s *server) runs() bool {
	if s.done == nil {
		return false
	}
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

func (s *server) kill() {
	if s.runs() {
		_ = s.cmd.Process.Kill()
		<-s.done
	}
}

// stop ends it in order.
func (s *server) stop() {
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	<-s.done
	require.True(s.t, s.cmd.ProcessState.Success(), "%s ends in order: %s", s.name, s.cmd.ProcessState)
}

// role waits until the server has a role.
func (s *server) role(want string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.is() == want }, 30*time.Second, 20*time.Millisecond, "%s is %s", s.name, want)
}

func (s *server) is() string {
	var r struct{ Role string }
	answer, err := http.Get(s.url() + "/health/role")
	if err != nil {
		return ""
	}
	defer func() { _ = answer.Body.Close() }()
	_ = json.NewDecoder(answer.Body).Decode(&r)
	return r.Role
}

// pestle runs a command on the folder of the server.
func (s *server) pestle(args ...string) (string, error) {
	path, err := process.Binary()
	require.NoError(s.t, err)
	out, err := exec.Command(path, append(args, "--data", s.data)...).CombinedOutput()
	return string(out), err
}

// digest is that of the whole database, with its commit.
func (s *server) digest() string {
	out, err := s.pestle("check", "--digest")
	require.NoError(s.t, err, out)
	return out
}

// write is one that was acknowledged, or whose answer is not known.
type write struct {
	writer, n int
	known     bool
	location  string
	order     order // in its place, where the writer sends prescriptions
}

// order is a message with a prescription, which is answered once.
type order struct {
	text, number, answer string
	lines                int
}

// prescribers are the writers that send prescriptions.
const prescribers = 6

var (
	prescription = regexp.MustCompile(`[0-9A-F]{6}-X99CL0-[0-9A-F]{5}[0-9A-Z+]`)
	line         = regexp.MustCompile(`"resourceType":\s*"MedicationRequest"`)
)

// prescribe sends the prescription of a write, under its own request id.
func prescribe(base, try string, w *write) error {
	if w.order.text == "" {
		answer, err := client.Get(base + "/fhir/$demo-order")
		if err != nil {
			return err
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%d: %s: %w", answer.StatusCode, text, err)
		}
		w.order = order{text: string(text), number: prescription.FindString(string(text)), lines: len(line.FindAllString(string(text), -1))}
	}
	r, err := http.NewRequest(http.MethodPost, base+"/fhir/$process-message", strings.NewReader(w.order.text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/fhir+json")
	r.Header.Set("X-Request-ID", "order-"+try+"-"+w.id())
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%d: %s: %w", answer.StatusCode, text, err)
	}
	w.order.answer = string(text)
	return nil
}

// lines is how many lines of the prescription of a write a server has.
func lines(t *testing.T, base string, w write) int {
	answer, err := client.Get(base + "/fhir/MedicationRequest?_summary=count&group-identifier=" + url.QueryEscape(w.order.number))
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	var b struct{ Total int }
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s", text)
	require.NoError(t, json.Unmarshal(text, &b))
	return b.Total
}

func (w write) id() string { return fmt.Sprintf("%d-%d", w.writer, w.n) }

// client sends requests.
var client = &http.Client{Timeout: 20 * time.Second}

// send creates the Patient of a write in a transaction, and returns where it is.
func send(base, try string, w write) (location string, err error) {
	body := fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient","name":[{"family":"Load%s"}],"identifier":[{"system":"https://load.example","value":"%s-%s"}]}}]}`, w.id(), try, w.id())
	r, err := http.NewRequest(http.MethodPost, base+"/fhir", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/fhir+json")
	answer, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%d: %s", answer.StatusCode, bytes.TrimSpace(text))
	}
	var b struct {
		Entry []struct{ Response struct{ Location string } }
	}
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	if err != nil || len(b.Entry) != 1 {
		return "", fmt.Errorf("%s: %w", text, err)
	}
	_, path, _ := strings.Cut(b.Entry[0].Response.Location, "/fhir/")
	return path, nil
}

// load has 8 writers write to a server until it answers no more.
func load(base, try string, during func()) (list []write) {
	var group sync.WaitGroup
	var mu sync.Mutex
	stop := make(chan struct{})
	for writer := range 8 {
		group.Go(func() {
			for n := 0; ; n++ {
				w := write{writer: writer, n: n}
				var err error
				if writer >= prescribers {
					err = prescribe(base, try, &w)
				} else {
					w.location, err = send(base, try, w)
				}
				w.known = err == nil
				mu.Lock()
				list = append(list, w)
				mu.Unlock()
				select {
				case <-stop:
					return
				default:
				}
				if err != nil {
					return
				}
			}
		})
	}
	during()
	close(stop)
	group.Wait()
	return list
}

// stands reports whether a server has what was acknowledged.
func stands(t *testing.T, base string, w write) bool {
	if w.order.text != "" {
		return lines(t, base, w) > 0
	}
	answer, err := client.Get(base + "/fhir/" + w.location)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, []int{http.StatusOK, http.StatusNotFound}, answer.StatusCode, "%s: %s", w.location, text)
	return answer.StatusCode == http.StatusOK && bytes.Contains(text, []byte("Load"+w.id()))
}

// document sends a document, and returns where it is.
func document(base string, content []byte) (string, error) {
	answer, err := client.Post(base+"/fhir/Binary", "application/octet-stream", bytes.NewReader(content))
	if err != nil {
		return "", err
	}
	_ = answer.Body.Close()
	_, path, _ := strings.Cut(answer.Header.Get("Location"), "/fhir/")
	return path, nil
}

// read reads a document; nil where it cannot be.
func read(base, path string) []byte {
	r, err := http.NewRequest(http.MethodGet, base+"/fhir/"+path, nil)
	if err != nil {
		return nil
	}
	r.Header.Set("Accept", "application/octet-stream")
	answer, err := client.Do(r)
	if err != nil {
		return nil
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return nil
	}
	return content
}

// found is where a server has the Patient of a write, "" for nowhere.
func found(t *testing.T, base, try string, w write) string {
	answer, err := client.Get(base + "/fhir/Patient?identifier=https://load.example%7C" + try + "-" + w.id())
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	var b struct {
		Total int
		Entry []struct{ FullURL string }
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&b))
	require.LessOrEqual(t, b.Total, 1, "%s is there twice", w.id())
	if b.Total == 0 {
		return ""
	}
	_, path, _ := strings.Cut(b.Entry[0].FullURL, "/fhir/")
	return path
}

// TestLongStandby kills a primary under the load of 8 writers, promotes its standby, and
// has the old one come back: by turns without and with waiting for the standby. What was
// acknowledged and did not reach the standby is the end of what each writer has written,
// and nothing where the primary waits; a request that is sent again is answered as before;
// the old primary acknowledges nothing any more, is refused as a standby where it has what
// the new one has not, and both hold the same in the end.
func TestLongStandby(t *testing.T) {
	p := long.Start(t, 4, 40)
	primary, other := newServer(t, "one"), newServer(t, "two")
	primary.start("serve", "--log", "file")
	primary.role("primary")
	acknowledged, lost, mostLost, anew, repeated := 0, 0, 0, 0, 0
	var mostTime time.Duration
	for try := range p.Tries {
		rnd, name, waits := p.Rand(try), fmt.Sprintf("%d-%d", p.Seed%1000, try), try%2 == 1
		primary.kill()
		flags := []string{"--log", "file"}
		if waits {
			flags = append(flags, "--wait-for-standby", "1")
		}
		primary.start("serve", flags...)
		primary.role("primary")
		if !other.runs() {
			other.start("standby", "--from", primary.url())
		}
		other.role("standby")
		require.Eventually(t, func() bool { _, err := send(primary.url(), name, write{writer: 99}); return err == nil }, 30*time.Second, 50*time.Millisecond)
		paper := bytes.Repeat([]byte{byte(try), 1, 2, 3}, 30_000) // is kept outside of the database
		at, err := document(primary.url(), paper)
		require.NoError(t, err)
		require.Eventually(t, func() bool { return bytes.Equal(paper, read(other.url(), at)) }, 10*time.Second, 20*time.Millisecond)
		later := time.Duration(200+rnd.IntN(1300)) * time.Millisecond
		list := load(primary.url(), name, func() { time.Sleep(later); primary.kill() })

		began := time.Now()
		out, err := other.pestle("promote", "--without-primary")
		require.NoError(t, err, out)
		require.Eventually(t, func() bool { _, err := send(other.url(), name, write{writer: 98}); return err == nil }, 30*time.Second, 2*time.Millisecond)
		mostTime = max(mostTime, time.Since(began))

		require.Equal(t, paper, read(other.url(), at))
		err = func() error {
			gone, first := 0, map[int]int{} // the first that a writer has lost
			for _, w := range list {
				if !w.known {
					continue
				}
				acknowledged++
				if !stands(t, other.url(), w) {
					gone++
					if n, ok := first[w.writer]; !ok || w.n < n {
						first[w.writer] = w.n
					}
				}
			}
			lost, mostLost = lost+gone, max(mostLost, gone)
			if waits && gone > 0 {
				return fmt.Errorf("%d acknowledged writes are lost although the primary waited", gone)
			}
			for _, w := range list {
				n, some := first[w.writer]
				if w.known && some && w.n > n && stands(t, other.url(), w) {
					return fmt.Errorf("%s is there, and an earlier one of its writer is lost", w.id())
				}
				if w.order.text == "" {
					continue
				}
				again, stood := w, w.known && stands(t, other.url(), w) // what is sent again is done once
				if err := prescribe(other.url(), name, &again); err != nil {
					return fmt.Errorf("%s, sent again: %w", w.id(), err)
				}
				if n := lines(t, other.url(), w); n != w.order.lines || stood && again.order.answer != w.order.answer {
					return fmt.Errorf("%s has %d lines of %d, and was answered\n%s\nand then\n%s", w.id(), n, w.order.lines, w.order.answer, again.order.answer)
				}
				repeated++
			}
			return nil
		}()
		if err == nil {
			var fresh bool
			fresh, err = comesBack(primary, other, name)
			if fresh {
				anew++
			}
		}
		p.Try(fmt.Sprintf("%d, waiting: %v", try, waits), err)
		if err != nil {
			return
		}
		primary, other = other, primary
	}
	p.Report("%d acknowledged writes of 8 writers; %d lost without waiting, %d at most in one kill, none with --wait-for-standby 1; promotion to the first acknowledged write at most %.2f s; %d prescriptions sent again and answered as before; %d old primaries had to begin anew",
		acknowledged, lost, mostLost, mostTime.Seconds(), repeated, anew)
}

// comesBack starts the old primary as what it was, which finds out that it is not that any
// more, and then as a standby.
func comesBack(old, now *server, name string) (anew bool, err error) {
	old.start("serve", "--log", "file")
	old.role("overtaken")
	at, err := send(old.url(), name, write{writer: 97}) // is passed on
	if err != nil {
		return false, err
	}
	if got := found(old.t, now.url(), name, write{writer: 97}); got == "" || !strings.HasPrefix(at, got) {
		return false, fmt.Errorf("the old primary has acknowledged a write that the new one has not: %s", at)
	}
	old.stop()
	old.start("standby", "--from", now.url())
	for {
		select {
		case <-old.done: // it has what the new one has not
			if err := os.RemoveAll(old.data); err != nil {
				return true, err
			}
			anew = true
			old.start("standby", "--from", now.url())
		case <-time.After(20 * time.Millisecond):
		}
		if old.is() == "standby" {
			break
		}
	}
	var a, b string
	for range 200 {
		if a, b = now.digest(), old.digest(); a == b {
			return anew, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return anew, fmt.Errorf("the two hold different things:\n%s\n%s", a, b)
}
