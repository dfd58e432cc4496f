package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

func TestOpenAPI(t *testing.T) {
	h := newHandler(t, nil)
	for path, want := range map[string]int{
		"/openapi.json": 200, "/openapi/Patient.json": 200, "/openapi/Patien.json": 404, "/openapi/HumanName.json": 404,
	} {
		w := call(h, http.MethodGet, path, "")
		require.Equal(t, want, w.Code, path)
		if want == 404 {
			assert.Contains(t, w.Body.String(), "/openapi/[type].json", path)
			continue
		}
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
		head := call(h, http.MethodHead, path, "")
		assert.Equal(t, w.Header().Get("Content-Length"), head.Header().Get("Content-Length"))
		assert.Empty(t, head.Body.String())
	}
	assert.Contains(t, call(h, http.MethodGet, "/openapi/Patien.json", "").Body.String(), "Did you mean /openapi/Patient.json?")
	web := call(h, http.MethodGet, "/openapi.json", "", "Origin", "https://anywhere.example")
	assert.Equal(t, "*", web.Header().Get("Access-Control-Allow-Origin"), "anybody may read it, from anywhere")
	assert.Equal(t, http.StatusNoContent, call(h, http.MethodOptions, "/openapi.json", "", "Origin", "https://anywhere.example", "Access-Control-Request-Method", "GET").Code)
	assert.Equal(t, http.StatusMethodNotAllowed, call(h, http.MethodPost, "/openapi.json", "{}").Code)
}

// TestOpenAPIPathsAnswer asks for each address that the document of each type has, by a
// method that changes nothing: none is answered as one that is not there.
func TestOpenAPIPathsAnswer(t *testing.T) {
	h, asked := newHandler(t, nil), 0
	for _, typ := range r4.ResourceTypes() {
		var document struct {
			Paths map[string]map[string]struct{ OperationID string }
		}
		require.NoError(t, json.Unmarshal(call(h, http.MethodGet, "/openapi/"+typ+".json", "").Body.Bytes(), &document))
		ids := map[string]bool{}
		for path, item := range document.Paths {
			for method, action := range item {
				assert.False(t, ids[action.OperationID], "%s is there twice", action.OperationID)
				ids[action.OperationID] = true
				if method != "get" {
					continue
				}
				address := strings.NewReplacer("{id}", "nobody", "{vid}", "1", "{member}", "*").Replace(path)
				w := call(h, http.MethodGet, "/fhir"+address, "")
				assert.NotContains(t, w.Body.String(), "There is nothing at this address", address)
				assert.NotContains(t, w.Body.String(), "There is no operation", address)
				assert.NotEqual(t, http.StatusMethodNotAllowed, w.Code, address)
				asked++
			}
		}
	}
	assert.Greater(t, asked, 1000)
}

// TestOpenAPIParametersAnswer asks each address of the document of Patient, and each that is of
// no type, with each of the parameters that it is said to have: none is refused as unknown.
func TestOpenAPIParametersAnswer(t *testing.T) {
	h, asked := newHandler(t, nil), 0
	require.Equal(t, http.StatusCreated, call(h, http.MethodPut, "/fhir/Patient/nobody", `{"resourceType":"Patient","id":"nobody"}`).Code)
	values := map[string]string{"_at": "2026", "_count": "1", "_elements": "id", "_format": "json", "_pretty": "true", "_since": "2026",
		"_sort": "_lastUpdated", "_summary": "true", "_total": "none", "_type": "Patient", "_include": "Patient:organization", "_revinclude": "Observation:subject",
		"_has": "", "_list": "a", "_filter": "active eq true", "mode": "full"}
	for _, document := range []string{"/openapi/Patient.json", "/openapi.json"} {
		var said struct {
			Paths map[string]map[string]struct {
				Parameters []struct {
					Ref string `json:"$ref"`
				}
			}
		}
		require.NoError(t, json.Unmarshal(call(h, http.MethodGet, document, "").Body.Bytes(), &said))
		for path, item := range said.Paths {
			if document == "/openapi.json" && !strings.Contains(path, "_history") {
				continue
			}
			for _, parameter := range item["get"].Parameters {
				name := parameter.Ref[strings.LastIndex(parameter.Ref, "/")+1:]
				value := values[name]
				if value == "" || strings.Contains(path, "$") || name == "_filter" && strings.Contains(path, "{member}") { // what each type has its own of
					continue
				}
				address := "/fhir" + strings.NewReplacer("{id}", "nobody", "{vid}", "1", "{member}", "*", "{type}", "Patient").Replace(path) + "?" + name + "=" + url.QueryEscape(value)
				w := call(h, http.MethodGet, address, "")
				assert.NotContains(t, w.Body.String(), "parameter", address)
				assert.NotEqual(t, http.StatusBadRequest, w.Code, "%s: %s", address, w.Body)
				asked++
			}
		}
	}
	assert.Greater(t, asked, 20)
}
