package server_test

import (
	"encoding/json"
	"net/http"
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
