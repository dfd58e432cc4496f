package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

// TestTerminologyCapabilities: metadata?mode=terminology is valid R4 and lists
// what is loaded, also what is stored later, and each listed system is answered for.
func TestTerminologyCapabilities(t *testing.T) {
	app, err := openApp(appConfig{Data: t.TempDir(), Profiles: profileOptions{Policy: "uk-core"}}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	s, err := server.New(server.Config{Repository: app.repository, Validator: app.validator, Operations: app.operations(), Secret: []byte("s"),
		Name: "Pestle", Version: "1", Terminology: app.library.Terminology().Capabilities})
	require.NoError(t, err)
	r := &running{t, app, httptest.NewServer(s.Handler())}
	defer r.stop()
	systems := func(address string) map[string]fhir.Node {
		status, text := r.ask(http.MethodGet, address, "")
		require.Equal(t, 200, status, text)
		statement, err := fhir.Parse([]byte(text))
		require.NoError(t, err)
		require.Equal(t, "TerminologyCapabilities", statement.Type())
		for _, issue := range app.validator.Validate(t.Context(), statement) {
			assert.False(t, issue.IsError(), "%s: %s", issue.Expression, issue.Text())
		}
		list := map[string]fhir.Node{}
		for c := range statement.Get("codeSystem").Items() {
			require.NotContains(t, list, c.Get("uri").Text())
			list[c.Get("uri").Text()] = c
		}
		for _, name := range []string{"expansion", "codeSearch", "validateCode", "translation", "closure"} {
			require.True(t, statement.Get(name).Exists(), name)
		}
		return list
	}
	before := systems("metadata?mode=terminology")
	require.Greater(t, len(before), 100)
	require.Contains(t, before, "urn:ietf:bcp:47")
	require.Equal(t, "4.0.1", before["http://hl7.org/fhir/administrative-gender"].Get("version").Item(0).Get("code").Text())
	require.NotContains(t, before, "http://snomed.info/sct", "it is not loaded")
	require.NotContains(t, before, "https://clinic.example/colours")
	status, text := r.ask(http.MethodPut, "CodeSystem/colours", labelColours)
	require.Equal(t, 201, status, text)
	require.Contains(t, systems("metadata?mode=terminology"), "https://clinic.example/colours")
	require.NotEmpty(t, systems("metadata?mode=terminology&_summary=false"))
	for _, mode := range []string{"", "?mode=full", "?mode=normative"} {
		_, text := r.ask(http.MethodGet, "metadata"+mode, "")
		statement, err := fhir.Parse([]byte(text))
		require.NoError(t, err)
		require.Equal(t, "CapabilityStatement", statement.Type(), mode)
		for _, issue := range app.validator.Validate(t.Context(), statement) {
			assert.False(t, issue.IsError(), "%s: %s", issue.Expression, issue.Text())
		}
		rest := statement.Get("rest").Item(0)
		patient := rest.Get("resource").Item(0)
		require.True(t, patient.Get("interaction").Exists() && patient.Get("searchParam").Exists())
		for _, name := range []string{"versioning", "updateCreate", "conditionalCreate", "searchInclude"} { // for trial use in R4
			require.Equal(t, mode != "?mode=normative", patient.Get(name).Exists(), "%s %s", mode, name)
		}
		require.Equal(t, mode != "?mode=normative", rest.Get("security").Exists())
	}
	status, text = r.ask(http.MethodGet, "metadata?mode=terms", "")
	require.Equal(t, 400, status)
	require.Contains(t, text, "full, normative, terminology")
}
