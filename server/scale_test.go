package server_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/processor"
)

// TestBundlesOfEverySize: an entry takes as much of the processors in a small Bundle
// as in a big one, on one line and on many. The ratio is generous; a step that
// looks at all entries for each of them would make it hundreds. Small and big take
// turns, and the least of each counts: what the runtime does besides passes, a
// step that is quadratic stays in every round.
func TestBundlesOfEverySize(t *testing.T) {
	const patient = `{"resourceType":"Patient","extension":[{"url":"http://example.org/x","valueCode":"a"}]`
	for _, c := range []struct {
		name, kind, entry string
		most              int
		status            int
	}{
		{"nothing asked", "batch", `{}`, 16_000, 200},
		{"an unknown member", "batch", `{"requst":{"method":"GET"},"request":{"method":"GOT","url":"a://b","x":1}}`, 8_000, 200},
		{"nothing found", "batch", `{"request":{"method":"GET","url":"Patient/none"}}`, 4_000, 200},
		{"nothing asked", "transaction", `{}`, 16_000, 400},
		{"an unknown member", "transaction", `{"requst":{"method":"GET"},"request":{"method":"GOT","url":"a://b","x":1}}`, 8_000, 400},
		{"a wrong address", "transaction", `{"fullUrl":"urn:x","resource":` + patient + `},"request":{"method":"POST","url":"Group"}}`, 8_000, 400},
		{"a note", "transaction", `{"resource":` + patient + `},"request":{"method":"POST","url":"Patient"}}`, 4_000, 200},
		{"a mistake", "transaction", `{"resource":` + patient + `,"gender":"x"},"request":{"method":"POST","url":"Patient"}}`, 8_000, 422},
	} {
		for format, between := range map[string]string{"on one line": ",", "on many": ",\n   "} {
			t.Run(c.kind+" with "+c.name+" "+format, func(t *testing.T) {
				h := newHandler(t, nil)
				perEntry := func(n int) time.Duration {
					body := fmt.Sprintf(`{"resourceType":"Bundle","type":%q,"entry":[%s]}`, c.kind, strings.TrimSuffix(strings.Repeat(c.entry+between, n), between))
					runtime.GC()
					start := processor.Time()
					w := call(h, http.MethodPost, "/fhir", body)
					taken := processor.Time() - start
					require.Equal(t, c.status, w.Code)
					return taken / time.Duration(n)
				}
				small, big := time.Hour, time.Hour
				for round := 1; ; round++ {
					small, big = min(small, perEntry(c.most/40)), min(big, perEntry(c.most))
					most := 8*small + 20*time.Microsecond
					if big < most && round > 1 {
						return
					}
					require.Less(t, round, 12, "an entry of %d takes %s, of %d %s", c.most/40, small, c.most, big)
				}
			})
		}
	}
}
