package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pestle-fhir/pestle/fhir"
)

// FuzzRequest sends what nobody in their right mind would send. The server never
// fails, and whatever it refuses it explains in an OperationOutcome.
func FuzzRequest(f *testing.F) {
	f.Add("GET", "/Patient/1/_history?_since=2026&_count=0", "application/fhir+json;q=0.1, */*", `W/"1"`, "")
	f.Add("GET", "/Patient?name=a,b&_page=x&_elements=id&_summary=true", "", "", "")
	f.Add("POST", "/Patient/_search?_format=xml", "text/xml", "", "name=%zz")
	f.Add("PUT", "/Patient/1", "application/fhir+xml", `W/"`, `{"resourceType":"Patient","id":"1"}`)
	f.Add("PATCH", "/Patient?_id=1", "", "*", `{"resourceType":"Parameters"}`)
	f.Add("DELETE", "/Patient?identifier=a|b", "", "", "")
	f.Add("POST", "/", "", "", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/1/$validate?mode=x"}},{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient","ifNoneExist":"?"}}]}`)
	f.Add("POST", "/", "", "", `{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Basic","subject":{"reference":"urn:uuid:1"}},"request":{"method":"POST","url":"Basic"}},{"request":{"method":"PATCH","url":"Basic/%2e%2e"}}]}`)
	h := newHandler(f, nil)
	f.Fuzz(func(t *testing.T, method, target, accept, tag, body string) {
		r, err := http.NewRequest(method, "http://x/fhir/"+strings.TrimPrefix(target, "/"), strings.NewReader(body))
		if err != nil {
			t.Skip()
		}
		r.RequestURI = ""
		r.Header = http.Header{"Content-Type": {"application/fhir+json"}, "Accept": {accept}, "If-Match": {tag}, "If-None-Match": {tag}, "If-None-Exist": {tag}, "Prefer": {tag}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("%d: %s", w.Code, w.Body)
		}
		if w.Code < 400 || !strings.Contains(w.Header().Get("Content-Type"), "json") || method == http.MethodHead {
			return
		}
		outcome, err := fhir.Parse(w.Body.Bytes())
		if err != nil || outcome.Type() != "OperationOutcome" || outcome.Get("issue").Len() == 0 {
			t.Fatalf("%d without an outcome: %s", w.Code, w.Body)
		}
	})
}
