package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/server"
)

var figure = regexp.MustCompile(`\b(?:pestle|process|go)_[a-z0-9_]+[a-z0-9]\b`)

// TestMonitoring wants every figure that the dashboard, the alerts and their page name to be one of
// /metrics, and every figure of Pestle's to be on the page.
func TestMonitoring(t *testing.T) {
	c := &serveCommand{Sandbox: true, Addr: "127.0.0.1:0", Data: t.TempDir()}
	log := slog.New(slog.DiscardHandler)
	app, err := openApp(c.appConfig(), log)
	require.NoError(t, err)
	defer func() { require.NoError(t, app.close()) }()
	config, err := c.config(app, log)
	require.NoError(t, err)
	verified := &verification{db: app.db, log: log}
	config.Counters = slices.Concat(config.Counters, app.backups.counters(), verified.counters(), (&reloading{}).counters(), []server.Counter{eraser{db: app.db, log: log}.counter()})
	s, err := server.New(config)
	require.NoError(t, err)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/fhir/Patient", strings.NewReader(`{"resourceType":"Patient","birthDate":"x"}`)))
	require.Equal(t, http.StatusUnsupportedMediaType, w.Code)
	w = httptest.NewRecorder()
	s.Metrics().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	served := map[string]bool{"pestle_store_finding": true, // has no value where nothing was found
		"pestle_nhs_failing_seconds": true,                                   // in the binaries with the tag nhs
		"pestle_scan_found_total":    true, "pestle_scan_failed_total": true, // where there is a scanner
		"pestle_spans_sent_total": true, "pestle_spans_dropped_total": true} // where there is a collector
	for _, c := range (&replica{}).counters() { // of a server with a log
		served[c.Name] = true
	}
	for line := range strings.Lines(w.Body.String()) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			served[strings.Fields(name)[0]] = true
		}
	}
	root := oracle.Root(t)
	for _, file := range []string{"deploy/monitoring/dashboard.json", "deploy/monitoring/alerts.yaml", "docs/monitoring.md", "docs/operations.md"} {
		text, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		found := figure.FindAllString(string(text), -1)
		assert.NotEmpty(t, found, file)
		for _, name := range found {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				if base, ok := strings.CutSuffix(name, suffix); ok && served[base] {
					name = base
				}
			}
			assert.True(t, served[name], "%s names %s, which /metrics has not", file, name)
		}
		if file == "docs/monitoring.md" {
			for name := range served {
				if strings.HasPrefix(name, "pestle_") {
					assert.Contains(t, string(text), "`"+name+"`", "%s does not say what %s is", file, name)
				}
			}
		}
	}
}

// TestSlowRequests wants the log to have how a slow search was answered, and nothing
// that was looked for.
func TestSlowRequests(t *testing.T) {
	c := &serveCommand{Sandbox: true, Addr: "127.0.0.1:0", Data: t.TempDir(), LogSlow: 1}
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	app, err := openApp(c.appConfig(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { require.NoError(t, app.close()) }()
	config, err := c.config(app, log)
	require.NoError(t, err)
	s, err := server.New(config)
	require.NoError(t, err)
	ask := func(path string) string {
		out.Reset()
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		_, _ = io.Copy(io.Discard, w.Body)
		require.Equal(t, http.StatusOK, w.Code, path)
		return out.String()
	}
	text := ask("/fhir/Patient?family=Secretname&birthdate=ge1980-01-01&organization.name=Hidden")
	require.Contains(t, text, `msg="slow request"`)
	require.Regexp(t, `plan="by the index: [^"]*family`, text)
	require.Regexp(t, `organization\.name`, text)
	require.NotContains(t, text, "Secretname")
	require.NotContains(t, text, "1980")
	require.NotContains(t, text, "Hidden")
	require.NotContains(t, ask("/fhir/metadata"), "plan=")
}
