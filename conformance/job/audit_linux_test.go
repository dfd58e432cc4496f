package job

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance/process"
)

// read asks for a path under a request id; status 0 where no answer came whole.
func (s *site) read(path, id string) (status int, text string) {
	r, err := http.NewRequest("GET", s.base+path, nil)
	require.NoError(s.t, err)
	r.Header.Set("X-Request-ID", id)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, ""
	}
	return res.StatusCode, string(body)
}

func (s *site) put(id string) int {
	r, err := http.NewRequest("PUT", s.base+"/Patient/"+id, strings.NewReader(`{"resourceType":"Patient","id":"`+id+`"}`))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/fhir+json")
	res, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	_ = res.Body.Close()
	return res.StatusCode
}

// TestKilledKeepsReads kills the server while many read, again and again: each
// read that was answered is in the audit log.
func TestKilledKeepsReads(t *testing.T) {
	dir := t.TempDir()
	answered := map[string]bool{}
	for round := range 4 {
		s := start(t, dir)
		if round == 0 {
			require.Equal(t, 201, s.put("a"))
		}
		var mu sync.Mutex
		var wait sync.WaitGroup
		for range 16 {
			wait.Go(func() {
				for {
					id := uuid.NewString()
					status, _ := s.read("/Patient/a", id)
					if status != 200 {
						return
					}
					mu.Lock()
					answered[id] = true
					mu.Unlock()
				}
			})
		}
		time.Sleep(300 * time.Millisecond)
		s.stop() // SIGKILL
		wait.Wait()
	}
	require.Greater(t, len(answered), 50)
	path, err := process.Binary()
	require.NoError(t, err)
	out, err := exec.Command(path, "audit", "export", "--data", dir, "--format", "compact").Output()
	require.NoError(t, err)
	recorded, commands := map[string]bool{}, 0
	for line := range strings.Lines(string(out)) {
		var e struct{ RequestID, Interaction, Agent string }
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		recorded[e.RequestID] = true
		if e.Interaction == "command" {
			commands++
		}
	}
	for id := range answered {
		require.True(t, recorded[id], "a read was answered, and is not in the log")
	}
	require.Equal(t, 1, commands, "the export is recorded")
	check, err := exec.Command(path, "check", "--data", dir).CombinedOutput()
	require.NoError(t, err, "%s", check)
	t.Logf("%d reads answered, %d events recorded", len(answered), len(recorded))
}

// TestAuditOnAFullDisk fills the disk under a server: writes are refused, reads go
// on from what the audit log has reserved, are 503 when that is used up, and are
// answered again when there is room.
func TestAuditOnAFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=200m"); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(disk, syscall.MNT_DETACH)) })
	data, ballast := filepath.Join(disk, "data"), filepath.Join(disk, "ballast")
	s := start(t, data)
	require.Equal(t, 201, s.put("a"))
	id := uuid.NewString()
	status, _ := s.read("/Patient/a", id)
	require.Equal(t, 200, status)
	require.ErrorIs(t, os.WriteFile(ballast, make([]byte, 201<<20), 0o600), syscall.ENOSPC)
	require.Eventually(t, func() bool { return s.put("b") == 507 }, 10*time.Second, 20*time.Millisecond)
	for range 100 {
		status, _ := s.read("/Patient/a", uuid.NewString())
		require.Equal(t, 200, status, "audited reads go on")
	}
	long := "/Patient?_id=" + strings.Repeat("a,", 3900) + "a"
	full := make(chan string, 8)
	for range 8 {
		go func() {
			for range 20_000 {
				if status, text := s.read(long, uuid.NewString()); status == 503 {
					full <- text
					return
				}
			}
			full <- ""
		}()
	}
	for range 8 {
		require.Contains(t, <-full, "cannot record at present")
	}
	for range 200 { // what is left has room for small events
		if status, _ = s.read("/Patient/a", uuid.NewString()); status == 503 {
			break
		}
	}
	require.Equal(t, 503, status)
	for _, path := range []string{"/metadata", "/StructureDefinition?_count=1"} {
		status, _ := s.read(path, uuid.NewString())
		require.Equal(t, 200, status, path)
	}
	require.NoError(t, os.Remove(ballast))
	require.Eventually(t, func() bool { status, _ := s.read("/Patient/a", uuid.NewString()); return status == 200 }, 10*time.Second, 20*time.Millisecond)
	require.Eventually(t, func() bool { return s.put("b") == 201 }, 20*time.Second, 50*time.Millisecond)
	s.stop()
	s = start(t, data)
	_, text := s.read("/AuditEvent?entity=Patient/a&_summary=count", uuid.NewString())
	require.Regexp(t, `"total":\d{3,}`, text)
}
