//go:build cluster

package cluster

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSpeed prints throughput and latency of one server and of three, in one run; it is
// asked for with PESTLE_SPEED=1, since it measures the machine as it is.
func TestSpeed(t *testing.T) {
	if os.Getenv("PESTLE_SPEED") == "" {
		t.Skip("PESTLE_SPEED=1 measures")
	}
	acts := []struct {
		name string
		do   func(m *machine, n int) (answer, error)
	}{
		{"create", func(m *machine, n int) (answer, error) {
			return m.send("POST", "/fhir/Patient", patient("", fmt.Sprint("s", n), 0))
		}},
		{"transaction of 10", func(m *machine, n int) (answer, error) {
			entry := fmt.Sprintf(`{"resource":%s,"request":{"method":"POST","url":"Patient"}}`, patient("", fmt.Sprint("t", n), 0))
			return m.send("POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.TrimSuffix(strings.Repeat(entry+",", 10), ",")+`]}`)
		}},
		{"read", func(m *machine, _ int) (answer, error) { return m.send("GET", "/fhir/Patient/one", "") }},
		{"search", func(m *machine, _ int) (answer, error) {
			return m.send("GET", "/fhir/Patient?identifier=urn:mark|one", "")
		}},
	}
	for _, n := range []int{1, 3} {
		all := machines(t, n)
		require.Eventually(t, func() bool {
			a, err := all[0].send("PUT", "/fhir/Patient/one", patient("one", "one", 0))
			return err == nil && a.status < 300
		}, 30*time.Second, 100*time.Millisecond)
		for _, act := range acts {
			var mu sync.Mutex
			var took []time.Duration
			var group sync.WaitGroup
			until := time.Now().Add(4 * time.Second)
			for c := range clients {
				group.Go(func() {
					for i := 0; time.Now().Before(until); i++ {
						began := time.Now()
						a, err := act.do(all[c%n], c*1_000_000+i)
						if err != nil || a.status >= 300 {
							continue
						}
						mu.Lock()
						took = append(took, time.Since(began))
						mu.Unlock()
					}
				})
			}
			group.Wait()
			slices.Sort(took)
			require.NotEmpty(t, took, act.name)
			fmt.Printf("speed | %d servers | %s | %.0f/s | p50 %s | p99 %s\n", n, act.name, float64(len(took))/4, took[len(took)/2].Round(100*time.Microsecond), took[len(took)*99/100].Round(100*time.Microsecond))
		}
		for _, m := range all {
			m.kill()
		}
	}
}
