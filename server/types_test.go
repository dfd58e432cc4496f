package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/server"
)

// lenient is a validator that lets everything pass.
type lenient struct{}

func (lenient) Validate(context.Context, *fhir.Resource, ...string) []fhir.Issue { return nil }

func anything(c *server.Config) { c.Validator = lenient{} }

// call makes a request of a handler and gives the answer. headers are names
// and values in turn.
func call(h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, content)
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryTypeHasEveryInteraction(t *testing.T) {
	h := newHandler(t, anything)
	types := r4.ResourceTypes()
	require.Greater(t, len(types), 140)
	for _, typ := range types {
		body := `{"resourceType":"` + typ + `","id":"x","language":"en"}`
		for _, step := range []struct {
			method, target, body string
			status               int
		}{
			{"POST", "/fhir/" + typ, body, 201},
			{"PUT", "/fhir/" + typ + "/x", body, 201},
			{"PUT", "/fhir/" + typ + "/x", body, 200},
			{"GET", "/fhir/" + typ + "/x", "", 200},
			{"GET", "/fhir/" + typ + "/x/_history/1", "", 200},
			{"GET", "/fhir/" + typ + "/x/_history", "", 200},
			{"GET", "/fhir/" + typ + "/_history", "", 200},
			{"GET", "/FHIR/R4/" + typ + "?_id=x", "", 200},
			{"POST", "/fhir/" + typ + "/$validate", body, 200},
			{"DELETE", "/fhir/" + typ + "/x", "", 200},
			{"GET", "/fhir/" + typ + "/x", "", 410},
		} {
			w := call(h, step.method, step.target, step.body)
			require.Equal(t, step.status, w.Code, "%s %s: %s", step.method, step.target, w.Body)
		}
	}
}

// Whatever was sent is read back byte for byte, but for what the server stamps.
func TestOracleExamplesRoundTrip(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(oracle.Dir(t), "examples", "r4", "*.json"))
	require.NoError(t, err)
	h := newHandler(t, anything)
	var misses []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		r, err := fhir.Parse(text)
		require.NoError(t, err)
		if !same(h, r, string(text)) {
			misses = append(misses, filepath.Base(file))
		}
	}
	oracle.Report(t, "server-round-trip", len(files)-len(misses), len(files), misses)
}

func same(h http.Handler, r *fhir.Resource, text string) bool {
	created := call(h, "POST", "/fhir/"+r.Type(), text)
	if created.Code != 201 {
		return false
	}
	location := created.Header().Get("Location")
	location = location[strings.Index(location, "/fhir/"):]
	read := call(h, "GET", location, "", "Accept", "application/fhir+json")
	stored, err := fhir.Parse(read.Body.Bytes())
	if err != nil {
		return false
	}
	at, err := http.ParseTime(read.Header().Get("Last-Modified"))
	if err != nil {
		return false
	}
	want := string(r.Stamp(stored.ID(), "1", at))
	got := strings.Replace(read.Body.String(), stored.Root().Path("meta", "lastUpdated").Text(), at.UTC().Format(fhir.InstantLayout), 1)
	return read.Code == 200 && got == want && created.Body.String() == read.Body.String()
}
