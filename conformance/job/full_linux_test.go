package job

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestStartOnAFullDisk starts the server on a disk that is full: reads, searches,
// history and health are served, writes are refused with 507, and all is taken
// again by itself when there is room.
func TestStartOnAFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=160m"); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(disk, syscall.MNT_DETACH)) })
	data, ballast := filepath.Join(disk, "data"), filepath.Join(disk, "ballast")
	s := start(t, data)
	send := func(method, path, body string) *answer {
		t.Helper()
		r, err := http.NewRequest(method, strings.TrimSuffix(s.base, "/fhir")+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/fhir+json")
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return &answer{status: res.StatusCode, header: res.Header, text: string(text)}
	}
	for i := range 20 {
		require.Equal(t, 201, send("PUT", fmt.Sprintf("/fhir/Patient/full-%d", i), fmt.Sprintf(`{"resourceType":"Patient","id":"full-%d","name":[{"family":"Brimful"}]}`, i)).status)
	}
	s.stop()
	require.ErrorIs(t, os.WriteFile(ballast, make([]byte, 161<<20), 0o600), syscall.ENOSPC)

	s = start(t, data)
	require.Regexp(t, `too full for writes.* needed_bytes=\d{8,}`, s.log.String())
	for _, path := range []string{"/health", "/health/live", "/fhir/metadata", "/metrics", "/fhir/Patient/full-3", "/fhir/Patient?family=Brimful", "/fhir/Patient/full-3/_history", "/fhir/_history?_count=5"} {
		require.Equal(t, 200, send("GET", path, "").status, path)
	}
	ready := send("GET", "/health/ready", "")
	require.Equal(t, 503, ready.status)
	require.Contains(t, ready.text, "too full for writes")
	refused := send("POST", "/fhir/Patient", `{"resourceType":"Patient"}`)
	require.Equal(t, 507, refused.status, refused.text)
	require.NotEmpty(t, refused.header.Get("Retry-After"))

	require.NoError(t, os.Remove(ballast))
	require.Eventually(t, func() bool { return send("GET", "/health/ready", "").status == 200 }, 20*time.Second, 50*time.Millisecond)
	require.Equal(t, 201, send("PUT", "/fhir/Patient/late", `{"resourceType":"Patient","id":"late","name":[{"family":"Brimful"}]}`).status)
	require.Contains(t, send("GET", "/fhir/Patient?family=Brimful&_summary=count", "").text, `"total":21`)
	s.stop()
	s = start(t, data)
	require.Equal(t, 200, send("GET", "/fhir/Patient/late", "").status)
}
