package process

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Spent is what a process has used since its start.
type Spent struct {
	Processor time.Duration // of all its threads; other work on the machine does not count
	Allocated float64       // bytes
}

// Since is what was used after an earlier reading.
func (s Spent) Since(before Spent) Spent {
	return Spent{s.Processor - before.Processor, s.Allocated - before.Allocated}
}

// Spent reads what the server has used so far.
func (s *Server) Spent(t testing.TB) Spent {
	t.Helper()
	return Spent{s.processor(t), s.Figure(t, "go_memstats_alloc_bytes_total")}
}

// processor sums what the threads have had, in nanoseconds. Go's runtime ends
// no thread.
func (s *Server) processor(t testing.TB) (sum time.Duration) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.PID))
	require.NoError(t, err)
	require.NotEmpty(t, files, "the threads of the server are in /proc")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has just ended
		}
		var ns int64
		_, err = fmt.Sscan(string(text), &ns)
		require.NoError(t, err)
		sum += time.Duration(ns)
	}
	return sum
}

// Figure is a figure of /metrics, by its name with its labels.
func (s *Server) Figure(t testing.TB, name string) (value float64) {
	t.Helper()
	status, text, err := s.Send(http.MethodGet, "/metrics", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			_, err := fmt.Sscan(rest, &value)
			require.NoError(t, err)
			return value
		}
	}
	require.FailNow(t, "no such figure", name)
	return 0
}

// Resident is the memory that the process holds, and Peak the most that it ever
// held since its start or since [Server.Forget], in bytes.
func (s *Server) Resident(t testing.TB) int64 { return s.memory(t, "VmRSS:") }

// Peak is the most memory that the process held.
func (s *Server) Peak(t testing.TB) int64 { return s.memory(t, "VmHWM:") }

// Forget makes the peak begin anew.
func (s *Server) Forget(t testing.TB) {
	require.NoError(t, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.PID), []byte("5"), 0))
}

func (s *Server) memory(t testing.TB, figure string) (bytes int64) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID))
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(status), figure)
	_, err = fmt.Sscan(rest, &bytes)
	require.NoError(t, err)
	return bytes << 10
}
