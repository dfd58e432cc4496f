//go:build cluster

package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestNATSElsewhere: servers whose log is kept by NATS servers that run by themselves. One of
// those is killed, and then the server that leads: writes go on, and all hold the same.
func TestNATSElsewhere(t *testing.T) {
	program := os.Getenv("PESTLE_NATS")
	if program == "" {
		t.Skip("PESTLE_NATS names no nats-server: .ci/run installs one")
	}
	dir := t.TempDir()
	var routes, addresses []string
	ports := make([]int, 3)
	for i := range ports {
		ports[i] = freePort(t)
		routes = append(routes, fmt.Sprintf("nats-route://127.0.0.1:%d", ports[i]))
	}
	var servers []*exec.Cmd
	for i := range ports {
		port := freePort(t)
		addresses = append(addresses, fmt.Sprintf("nats://127.0.0.1:%d", port))
		config := filepath.Join(dir, fmt.Sprintf("nats%d.conf", i))
		require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, "server_name: s%d\nlisten: 127.0.0.1:%d\nmax_payload: 8MB\nmax_pending: 64MB\njetstream { store_dir: %q, sync_interval: always }\ncluster { name: c, listen: 127.0.0.1:%d, routes: [%s] }\n",
			i, port, filepath.Join(dir, fmt.Sprint("js", i)), ports[i], strings.Join(routes, ", ")), 0o600))
		c := exec.Command(program, "-c", config)
		require.NoError(t, c.Start())
		t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
		servers = append(servers, c)
	}
	all := machinesWith(t, 3, func(m *machine) {
		at := slices.Index(m.args, "--cluster")
		m.args = append(slices.Delete(m.args, at, at+2), "--log", strings.Join(addresses, ","))
	})
	put := func(m *machine, id string) {
		t.Helper()
		var last answer
		require.Eventually(t, func() bool {
			got, err := m.send("PUT", "/fhir/Patient/"+id, fmt.Sprintf(`{"resourceType":"Patient","id":%q}`, id), "X-Request-ID", id)
			last = got
			return err == nil && (got.status == 200 || got.status == 201)
		}, time.Minute, 200*time.Millisecond, "%s", last.body)
	}
	for i, m := range all {
		put(m, fmt.Sprint("p", i))
	}
	require.NoError(t, servers[0].Process.Kill())
	for i, m := range all {
		put(m, fmt.Sprint("one-gone-", i))
	}
	gone := leader(all)
	require.NotNil(t, gone)
	gone.kill()
	rest := slices.DeleteFunc(slices.Clone(all), func(m *machine) bool { return m == gone })
	put(rest[0], "leader-gone")
	gone.start()
	put(rest[1], "back")
	require.Eventually(t, func() bool {
		for _, m := range all {
			if got, err := m.send("GET", "/fhir/Patient?_summary=count", ""); err != nil || !strings.Contains(got.body, `"total":8`) {
				return false
			}
		}
		return true
	}, time.Minute, 200*time.Millisecond)
	digests := map[string]bool{}
	for _, m := range all {
		require.Eventually(t, func() bool { return m.digest() != "" }, 30*time.Second, time.Second)
		digests[m.digest()] = true
	}
	require.Len(t, digests, 1, "%v", digests)
}
