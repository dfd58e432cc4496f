package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBundlesOfEverySize: the time for an entry is the same in a small Bundle
// and in a big one, on one line and on many. The ratio is generous; a step that
// looks at all entries for each of them would make it hundreds.
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
				perEntry := func(n int) time.Duration {
					h := newHandler(t, nil)
					body := fmt.Sprintf(`{"resourceType":"Bundle","type":%q,"entry":[%s]}`, c.kind, strings.TrimSuffix(strings.Repeat(c.entry+between, n), between))
					best := time.Hour
					for range 2 {
						start := time.Now()
						w := call(h, http.MethodPost, "/fhir", body)
						require.Equal(t, c.status, w.Code)
						best = min(best, time.Since(start))
					}
					return best / time.Duration(n)
				}
				require.Less(t, perEntry(c.most), 8*perEntry(c.most/40)+20*time.Microsecond)
			})
		}
	}
}
