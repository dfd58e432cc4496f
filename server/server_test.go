package server_test

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance"
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

var update = flag.Bool("update", false, "write the responses that come into testdata")

var validator = profiles.New()

// newHandler makes a server on an empty store.
func newHandler(t testing.TB, change func(*server.Config)) http.Handler {
	db, err := store.Open(mem.New(), store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	config := server.Config{Repository: db, Validator: validator, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&config)
	}
	s, err := server.New(config)
	require.NoError(t, err)
	return s.Handler()
}

func TestScripts(t *testing.T) {
	conformance.Run(t, "testdata/*.txtar", func(t *testing.T) string {
		var change func(*server.Config)
		if strings.HasPrefix(t.Name(), "TestScripts/business-") {
			change = business
		}
		if strings.HasPrefix(t.Name(), "TestScripts/repeat") {
			change = func(c *server.Config) { c.Repeats = true }
		}
		h := httptest.NewServer(validated(t, newHandler(t, change)))
		t.Cleanup(h.Close)
		return h.URL + "/fhir"
	}, conformance.Options{Update: *update})
}

// validated holds every resource that a server answers with to R4.
func validated(t *testing.T, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		copied := &copied{ResponseWriter: w}
		next.ServeHTTP(copied, r)
		text := bytes.Clone(copied.body.Bytes())
		if !strings.Contains(w.Header().Get("Content-Type"), "fhir+json") || len(text) == 0 || bytes.Contains(text, []byte("SUBSETTED")) {
			return
		}
		resource, err := fhir.Parse(text)
		if err != nil {
			t.Errorf("%s %s: the answer cannot be read: %v", r.Method, r.URL, err)
			return
		}
		for _, issue := range validator.Validate(context.Background(), resource) {
			if issue.IsError() {
				t.Errorf("%s %s: the answer is not valid: %s: %s", r.Method, r.URL, issue.Expression, issue.Text())
			}
		}
	})
}

type copied struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (c *copied) Write(b []byte) (int, error) {
	c.body.Write(b)
	return c.ResponseWriter.Write(b)
}
