// Package backup tests that a database is backed up while many clients write, and
// restored elsewhere with everything that was acknowledged before. `make long
// backup` does so with a million resources.
package backup

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
	"github.com/pestle-fhir/pestle/internal/long"
)

func TestMain(m *testing.M) { process.Main(m) }

const (
	writers  = 16
	jsonType = "application/fhir+json"
	slower   = 5 // times the quiet p99 of the writers, while the backup is written
)

// patient is a resource of usual size.
func patient(id string, n int) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":"%s","identifier":[{"system":"urn:mrn","value":"%d"}],"active":true,"name":[{"use":"official","family":"Family%d","given":["Ann","Bea"],"prefix":["Ms"]}],"telecom":[{"system":"phone","value":"01632 960587","use":"home"}],"gender":"female","birthDate":"1970-01-%02d","address":[{"use":"home","line":["1 Trevelyan Square","Boar Lane"],"city":"Leeds","postalCode":"LS1 6AE"}]}`, id, n, n%1000, 1+n%28)
}

// fill stores n Patients p0, p1, … in transactions of a hundred.
func fill(t *testing.T, s *process.Server, n int) {
	const each = 100
	var next atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for !t.Failed() {
				first := int(next.Add(each)) - each
				if first >= n {
					return
				}
				var b strings.Builder
				for i := first; i < min(first+each, n); i++ {
					id := fmt.Sprintf("p%d", i)
					fmt.Fprintf(&b, `,{"resource":%s,"request":{"method":"PUT","url":"Patient/%s"}}`, patient(id, i), id)
				}
				status, answer, err := s.Send(http.MethodPost, "/fhir", []byte(`{"resourceType":"Bundle","type":"transaction","entry":[`+b.String()[1:]+`]}`), "Content-Type", jsonType, "Prefer", "return=minimal")
				if err != nil || status != http.StatusOK {
					t.Errorf("%d %v %.500s", status, err, answer)
				}
			}
		})
	}
	all.Wait()
}

// writing is what the writers do while something else goes on.
type writing struct {
	mu     sync.Mutex
	took   []time.Duration
	stored []string
	wrong  []string
}

// beside lets the writers write while f works, and returns what they did.
func beside(s *process.Server, name string, f func()) *writing {
	w := &writing{}
	end := make(chan struct{})
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for k := 0; ; k++ {
				select {
				case <-end:
					return
				case <-time.After(10 * time.Millisecond):
					w.write(s, fmt.Sprintf("%s-%d-%d", name, i, k), k)
				}
			}
		})
	}
	f()
	close(end)
	all.Wait()
	return w
}

func (w *writing) write(s *process.Server, id string, n int) {
	began := time.Now()
	status, answer, err := s.Send(http.MethodPut, "/fhir/Patient/"+id, []byte(patient(id, n)), "Content-Type", jsonType)
	took := time.Since(began)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took = append(w.took, took)
	if err != nil || status != http.StatusCreated {
		w.wrong = append(w.wrong, fmt.Sprintf("%s: %d %v %.300s", id, status, err, answer))
		return
	}
	w.stored = append(w.stored, id)
}

func (w *writing) p99() time.Duration {
	slices.Sort(w.took)
	return w.took[len(w.took)*99/100]
}

// pestle runs a command of the program and returns how long it took.
func pestle(t *testing.T, args ...string) time.Duration {
	t.Helper()
	path, err := process.Binary()
	require.NoError(t, err)
	began := time.Now()
	out, err := exec.Command(path, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return time.Since(began)
}

// TestLongBackup backs a running server up under writers, verifies and restores
// the archive, and looks for what was acknowledged before the backup began.
func TestLongBackup(t *testing.T) {
	p := long.Start(t, 20_000, 1_000_000)
	dir := t.TempDir()
	data, file, elsewhere := filepath.Join(dir, "data"), filepath.Join(dir, "backup.tar.zst"), filepath.Join(dir, "restored")
	server := process.Start(t, data, "--verify-hours", "0")
	n := p.Tries
	fill(t, server, n)

	alone := beside(server, "before", func() { time.Sleep(10 * time.Second) })
	var took time.Duration
	during := beside(server, "during", func() { took = pestle(t, "backup", "--data", data, "--to", file) })
	info, err := os.Stat(file)
	require.NoError(t, err)
	server.Kill()
	verified := pestle(t, "backup", "verify", file)
	restored := pestle(t, "restore", "--data", elsewhere, file)

	again := process.Start(t, elsewhere, "--verify-hours", "0")
	lost := missing(again, alone.stored)
	for i := 0; i < n; i += max(1, n/1000) {
		lost = append(lost, missing(again, []string{fmt.Sprintf("p%d", i)})...)
	}
	p.Try("p99 of the writers", bound(during.p99() > slower*alone.p99(), "%s, quiet %s", during.p99(), alone.p99()))
	p.Try("writes", bound(len(during.wrong) > 0, "%s", during.wrong))
	p.Try("restored", bound(len(lost) > 0, "%d lost: %s", len(lost), lost[:min(len(lost), 5)]))
	p.Report("%d resources under %d writers: backup %s, %.1f MB; verified in %s, restored and proved in %s; p99 of the writers %s, quiet %s; %d of them acknowledged before, all restored",
		n, writers, took.Round(time.Millisecond), float64(info.Size())/1e6, verified.Round(time.Millisecond), restored.Round(time.Millisecond),
		during.p99().Round(time.Millisecond/10), alone.p99().Round(time.Millisecond/10), len(alone.stored))
}

// missing are the Patients that are not there.
func missing(s *process.Server, ids []string) (lost []string) {
	for _, id := range ids {
		if status, _, err := s.Send(http.MethodGet, "/fhir/Patient/"+id, nil); err != nil || status != http.StatusOK {
			lost = append(lost, fmt.Sprintf("%s: %d %v", id, status, err))
		}
	}
	return lost
}

func bound(yes bool, format string, args ...any) error {
	if yes {
		return fmt.Errorf(format, args...)
	}
	return nil
}
