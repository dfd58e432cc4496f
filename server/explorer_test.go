package server_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

var tried = regexp.MustCompile(`href="(/fhir/[^"]*)"`)

// TestExplorer opens the page of each type and of the system; every search that a page
// leads to is one that the server knows.
func TestExplorer(t *testing.T) {
	h := newHandler(t, nil)
	system := call(h, http.MethodGet, "/openapi", "", "Accept", "text/html")
	require.Equal(t, http.StatusOK, system.Code)
	searches := 0
	for _, typ := range r4.ResourceTypes() {
		assert.Contains(t, system.Body.String(), `href="/openapi/`+typ+`"`)
		w := call(h, http.MethodGet, "/openapi/"+typ, "", "Accept", "text/html")
		require.Equal(t, http.StatusOK, w.Code, typ)
		assert.Contains(t, w.Body.String(), `href="/openapi/`+typ+`.json"`)
		assert.Contains(t, w.Body.String(), "GET /"+typ+"/{id}")
		for _, m := range tried.FindAllStringSubmatch(w.Body.String(), -1) {
			if m[1] == "/fhir/metadata" {
				continue
			}
			found := call(h, http.MethodGet, regexp.MustCompile("&amp;").ReplaceAllString(m[1], "&"), "")
			assert.Equal(t, http.StatusOK, found.Code, "%s: %.400s", m[1], found.Body)
			searches++
		}
	}
	assert.Greater(t, searches, 1000)
	w := call(h, http.MethodGet, "/openapi/Patien", "", "Accept", "text/html")
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Contains(t, w.Body.String(), "Did you mean /openapi/Patient.json?")
}
