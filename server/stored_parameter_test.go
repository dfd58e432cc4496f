package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestStoredSearchParameter: by HTTP a SearchParameter answers once its index is made, and
// metadata lists it from then on; conditions, sorts, includes and chains go by it too.
func TestStoredSearchParameter(t *testing.T) {
	h := newHandler(t, nil)
	do := func(method, path, body string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/fhir/"+path, strings.NewReader(strings.ReplaceAll(body, "'", `"`)))
		r.Header.Set("Content-Type", "application/fhir+json")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	require.Equal(t, 201, do("PUT", "Practitioner/d", `{'resourceType':'Practitioner','id':'d','name':[{'family':'Shah'}]}`).Code)
	require.Equal(t, 201, do("PUT", "Patient/a", `{'resourceType':'Patient','id':'a','name':[{'given':['Ann']}],'generalPractitioner':[{'reference':'Practitioner/d'}]}`).Code)
	require.Equal(t, 201, do("PUT", "Patient/b", `{'resourceType':'Patient','id':'b','name':[{'given':['Bea']}]}`).Code)
	require.Equal(t, 400, do("GET", "Patient?nick=Ann", "").Code)
	define := func(code, kind, expression string) {
		w := do("PUT", "SearchParameter/"+code, `{'resourceType':'SearchParameter','id':'`+code+`','url':'http://example.org/`+code+`','name':'a','status':'active','description':'d','code':'`+code+`','base':['Patient'],'type':'`+kind+`','expression':'`+expression+`','target':['Practitioner']}`)
		require.Equal(t, 201, w.Code, w.Body)
		require.Eventually(t, func() bool {
			w := do("GET", "Patient?"+code+":missing=false", "")
			if w.Code == http.StatusServiceUnavailable {
				require.Contains(t, w.Body.String(), "is new: the index of Patient is at")
			}
			return w.Code == 200
		}, 10*time.Second, time.Millisecond)
		require.Contains(t, do("GET", "metadata", "").Body.String(), `"http://example.org/`+code+`"`)
	}
	define("nick", "string", "Patient.name.given")
	define("doctor", "reference", "Patient.generalPractitioner")
	for query, want := range map[string]string{
		"Patient?nick=ann": "Patient/a", "Patient?nick=b": "Patient/b", "Patient?doctor.name=shah": "Patient/a", "Practitioner?_has:Patient:doctor:nick=ann": "Practitioner/d",
		"Patient?_sort=-nick&_count=1": "Patient/b", "Patient?nick=ann&_include=Patient:doctor": "Practitioner/d", "Patient?_filter=nick+eq+bea": "Patient/b", "Practitioner?_id=d&_revinclude=Patient:doctor": "Patient/a",
	} {
		w := do("GET", query, "")
		require.Equal(t, 200, w.Code, "%s: %s", query, w.Body)
		require.Contains(t, w.Body.String(), "/fhir/"+want+`"`, query)
	}
	w := do("POST", "Patient", `{'resourceType':'Patient','name':[{'given':['Ann']}]}`, "If-None-Exist", "nick=ann")
	require.Equal(t, 200, w.Code, w.Body)
	w = do("PATCH", "Patient?nick=bea", `[{'op':'add','path':'/active','value':true}]`, "Content-Type", "application/json-patch+json")
	require.Equal(t, 200, w.Code, w.Body)
	w = do("PUT", "SearchParameter/bad", `{'resourceType':'SearchParameter','id':'bad','url':'http://example.org/bad','name':'a','status':'retired','description':'d','code':'nick','base':['Patient'],'type':'string','expression':'Patient.name'}`)
	require.Equal(t, 201, w.Code, w.Body)
	require.Equal(t, 200, do("DELETE", "SearchParameter/nick", "").Code)
	require.Equal(t, 400, do("GET", "Patient?nick=ann", "").Code)
	require.NotContains(t, do("GET", "metadata", "").Body.String(), `"http://example.org/nick"`)
}
