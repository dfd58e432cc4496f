package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server"
)

// TestMuchWorkLeavesAProcessor: of requests that do much work so many are at work
// at a time as there are places; usual ones pass them, and those that waited too
// long are told to come again. It is the same by body, entries, page and search.
func TestMuchWorkLeavesAProcessor(t *testing.T) {
	entries := func(n int, entry string) string {
		return `{"resourceType":"Bundle","type":"batch","entry":[` + strings.TrimSuffix(strings.Repeat(entry+",", n), ",") + `]}`
	}
	search := `{"request":{"method":"GET","url":"Patient?_count=1000"}}`
	many := "identifier=" + strings.Repeat("a,", 500) + "a"
	named := `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient?` + many + `"}}`
	patient := `{"resourceType":"Patient","id":"1"}`
	for name, r := range map[string][3]string{
		"conditional update":    {"PUT", "/fhir/Patient?" + many, `{"resourceType":"Patient"}`},
		"conditional patch":     {"PATCH", "/fhir/Patient?" + many, `{"resourceType":"Parameters"}`},
		"conditional delete":    {"DELETE", "/FHIR/R4/Patient?" + many, ""},
		"conditional entry":     {"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"},"request":{"method":"PUT","url":"Patient?` + many + `"}}]}`},
		"conditional create":    {"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + patient + `,"request":{"method":"POST","url":"Patient","ifNoneExist":"` + many + `"}}]}`},
		"conditional reference": {"POST", "/fhir/Observation", named},
		"body":                  {"POST", "/fhir/Patient/$validate", names(10_000)},
		"entries":               {"POST", "/fhir", entries(101, `{"request":{"method":"GET","url":"Patient/1"}}`)},
		"page":                  {"GET", "/fhir/Patient?_count=1000", ""},
		"page of a batch":       {"POST", "/fhir", entries(3, search)},
		"posted search":         {"POST", "/fhir/Patient/_search?_count=1000", ""},
		"history":               {"GET", "/fhir/_history?_count=1000", ""},
		"includes":              {"GET", "/fhir/Patient?_revinclude=*", ""},
		"values":                {"GET", "/fhir/Patient?name=" + strings.Repeat("a,", 500) + "a", ""},
		"sort by two":           {"GET", "/fhir/Patient?_sort=family,given", ""},
		"the other base":        {"GET", "/FHIR/R4/Patient?_count=1000", ""},
		"ids":                   {"GET", "/fhir/Patient?_id=" + strings.Repeat("a,", 500) + "a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := gate{entered: make(chan struct{}, 64), leave: make(chan struct{})}
				h := newHandler(t, func(c *server.Config) { c.MaxHeavy, c.Validator = 1, g })
				send := func(method, path, body string) int {
					q := httptest.NewRequest(method, path, strings.NewReader(body))
					q.Header.Set("Content-Type", "application/fhir+json")
					w := httptest.NewRecorder()
					h.ServeHTTP(w, q)
					if strings.Contains(w.Body.String(), `"throttled"`) {
						return http.StatusTooManyRequests
					}
					return w.Code
				}
				var group sync.WaitGroup
				group.Go(func() { send("POST", "/fhir/Patient/$validate", names(10_000)) })
				<-g.entered // it has the one place
				began := time.Now()
				require.Equal(t, 200, send("GET", "/fhir/Patient?name=a", ""))
				require.Zero(t, time.Since(began), "a usual request does not wait")
				require.Equal(t, 429, send(r[0], r[1], r[2]))
				require.Equal(t, 5*time.Second, time.Since(began))
				close(g.leave)
				group.Wait()
				require.NotEqual(t, 429, send(r[0], r[1], r[2]), "the place is returned")
			})
		})
	}
}

// slow is a client that reads nothing of its answer until it is let.
type slow struct {
	*httptest.ResponseRecorder
	writing, read chan struct{}
}

func (s slow) Write(b []byte) (int, error) {
	s.writing <- struct{}{}
	<-s.read
	return s.ResponseRecorder.Write(b)
}

// TestSlowReaderHoldsNoPlace wants the place of a request returned when its work
// is done, not when its answer has been read.
func TestSlowReaderHoldsNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, func(c *server.Config) { c.MaxHeavy = 1 })
		w := slow{httptest.NewRecorder(), make(chan struct{}, 64), make(chan struct{})}
		var group sync.WaitGroup
		group.Go(func() { h.ServeHTTP(w, httptest.NewRequest("GET", "/fhir/Patient?_count=1000", nil)) })
		<-w.writing
		began := time.Now()
		require.Equal(t, 200, call(h, "GET", "/fhir/Patient?_count=1000", "").Code)
		require.Zero(t, time.Since(began))
		close(w.read)
		group.Wait()
		require.Equal(t, 200, w.Code)
		for range 2 { // it was returned once
			require.Equal(t, 200, call(h, "GET", "/fhir/Patient?_count=1000", "").Code)
		}
	})
}
