package server_test

import (
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server"
)

// TestExplainedSearch: who asks is told the plan, the rows and the time of each step, in an
// outcome beside the matches; and which types an include leaves out.
func TestExplainedSearch(t *testing.T) {
	h := newHandler(t, func(c *server.Config) { c.ReadOnly = []string{"AuditEvent"} })
	get := func(path string) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/fhir/"+path, nil))
		return w.Body.String()
	}
	text := get("Patient?gender=male&_explain=true")
	require.Contains(t, text, "The plan: by the index: gender; ")
	require.Regexp(t, regexp.MustCompile(`plan: \d+ rows, .*matches: \d+ rows, .*total: \d+ rows, .*included: 0 rows`), regexp.MustCompile(`\s+`).ReplaceAllString(text, " "))
	require.NotContains(t, get("Patient?gender=male&_explain=false"), "rows")
	require.Contains(t, get("Patient?_explain=yes"), "true or false")
	require.Contains(t, get("?_type=Patient,Task&_explain=true"), "A search of several types is not explained")
	for _, include := range []string{"*", "AuditEvent:entity"} {
		require.Contains(t, get("Patient?_revinclude="+include), "of type AuditEvent is not included")
	}
	require.NotContains(t, get("Patient?_revinclude=Task:patient"), "AuditEvent")
}
