package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// named is a server that is asked by different hosts.
type named struct {
	t *testing.T
	h http.Handler
}

func (n named) ask(method, address, body string, header ...string) (int, string) {
	n.t.Helper()
	r := httptest.NewRequest(method, address, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/fhir+json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	n.h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func basic(id, subject string) string {
	return `{"resourceType":"Basic","id":"` + id + `","code":{"text":"x"},"subject":{"reference":"` + subject + `"}}`
}

// TestNamesOfOneServer: whatever name and base a reference was written by and
// whatever it is looked for by, it is the same reference.
func TestNamesOfOneServer(t *testing.T) {
	for name, test := range map[string]struct {
		public        string
		origins, asks []string
		foreign       string // asked under this name, it is still not of the server
	}{
		"names learned from requests": {"", nil, []string{"http://a.example", "http://b.example:8080"}, ""},
		"public URL": {"https://fhir.example", []string{"https://fhir.example", "http://127.0.0.1:8080"},
			[]string{"https://fhir.example", "http://127.0.0.1:8080"}, "http://clinic.example"},
	} {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(mem.New(), store.Options{Origins: test.origins})
			require.NoError(t, err)
			defer func() { require.NoError(t, db.Close()) }()
			n := named{t, newHandler(t, func(c *server.Config) { c.Repository, c.PublicURL = db, test.public })}
			status, body := n.ask("PUT", test.asks[0]+"/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1","identifier":[{"system":"urn:n","value":"1"}]}`)
			require.Equal(t, 201, status, body)
			ids := []string{"b0"}
			status, body = n.ask("PUT", test.asks[0]+"/fhir/Basic/b0", basic("b0", "Patient/p1"))
			require.Equal(t, 201, status, body)
			for _, origin := range test.asks {
				for _, base := range server.Bases {
					id := "b" + string(rune('0'+len(ids)))
					status, body := n.ask("PUT", origin+base+"/Basic/"+id, basic(id, origin+base+"/Patient/p1"))
					require.Equal(t, 201, status, body)
					ids = append(ids, id)
				}
			}
			status, body = n.ask("PUT", test.asks[0]+"/fhir/Basic/elsewhere", basic("elsewhere", "http://clinic.example/fhir/Patient/p1"))
			require.Equal(t, 201, status, body)
			asks := test.asks
			if test.foreign != "" {
				asks = append(asks, test.foreign)
			}
			for _, origin := range asks {
				for _, base := range server.Bases {
					at := origin + base
					for _, query := range []string{"/Basic?subject=Patient/p1", "/Basic?subject=p1", "/Basic?subject:Patient=p1", "/Basic?subject=" + test.asks[0] + "/FHIR/R4/Patient/p1",
						"/Basic?patient.identifier=urn:n|1", "/Basic?subject:Patient.identifier=urn:n|1", "/Patient?_revinclude=Basic:subject", "/Patient?_revinclude=*"} {
						status, body := n.ask("GET", at+query, "")
						require.Equal(t, 200, status, body)
						require.Equal(t, len(ids), strings.Count(body, `"resourceType":"Basic"`), "%s%s", at, query)
						require.NotContains(t, body, `"elsewhere"`, "%s%s", at, query)
					}
					_, body := n.ask("GET", at+"/Basic?_include=Basic:subject&_id="+ids[len(ids)-1], "")
					require.Contains(t, body, `"resourceType":"Patient"`)
					_, body = n.ask("GET", at+"/Patient?_has:Basic:subject:_id="+ids[len(ids)-1], "")
					require.Contains(t, body, `"resourceType":"Patient"`)
					// It is read as it was written.
					_, body = n.ask("GET", at+"/Basic/b1", "")
					require.Contains(t, body, test.asks[0]+"/fhir/Patient/p1")
					conditional(n, at, test.asks[0]+base+"/Patient/p1")
				}
			}
		})
	}
}

// conditional asks for b0, whose reference is relative, by every condition and by
// the absolute address.
func conditional(n named, at, subject string) {
	n.t.Helper()
	for _, condition := range []string{"subject=" + subject + "&_id=b0", "subject:Patient=p1&_id=b0", "patient.identifier=urn:n|1&_id=b0"} {
		status, body := n.ask("POST", at+"/Basic", strings.Replace(basic("x", "Patient/p1"), `"id":"x",`, "", 1), "If-None-Exist", condition)
		require.Equal(n.t, 200, status, body)
		status, body = n.ask("PUT", at+"/Basic?"+condition, basic("b0", "Patient/p1"))
		require.Equal(n.t, 200, status, body)
		status, body = n.ask("PATCH", at+"/Basic?"+condition, `[{"op":"test","path":"/id","value":"b0"}]`, "Content-Type", "application/json-patch+json")
		require.Equal(n.t, 200, status, body)
		_, body = n.ask("POST", at, `{"resourceType":"Bundle","type":"transaction","entry":[
			{"request":{"method":"PUT","url":"Basic/r"},"resource":`+basic("r", "Basic?"+condition)+`},
			{"request":{"method":"POST","url":"Basic","ifNoneExist":"`+condition+`"},"resource":`+strings.Replace(basic("x", "Patient/p1"), `"id":"x",`, "", 1)+`},
			{"request":{"method":"GET","url":"`+strings.TrimSuffix(subject, "Patient/p1")+`Basic/b0"}}]}`, "Prefer", "return=representation")
		require.Contains(n.t, body, `{"reference":"Basic/b0"}`)
		require.Contains(n.t, body, `"status":"200 OK"`)
		status, body = n.ask("PUT", at+"/Basic/d", strings.Replace(basic("d", subject), `"code":{`, `"created":"2020-01-01","code":{`, 1))
		require.Less(n.t, status, 300, body)
		status, body = n.ask("DELETE", at+"/Basic?created=2020-01-01&subject=Patient/p1", "")
		require.Less(n.t, status, 300, body)
		_, body = n.ask("GET", at+"/Basic/d", "")
		require.Contains(n.t, body, `"OperationOutcome"`)
		status, body = n.ask("DELETE", at+"/Basic/r", "")
		require.Less(n.t, status, 300, body)
	}
}

// TestNamesLearned: a name under which a reference was written is known after
// the database was opened again; one that nobody wrote by is not.
func TestNamesLearned(t *testing.T) {
	engine := mem.New()
	open := func() (*store.DB, named) {
		db, err := store.Open(kept{engine}, store.Options{})
		require.NoError(t, err)
		return db, named{t, newHandler(t, func(c *server.Config) { c.Repository = db })}
	}
	db, n := open()
	n.ask("PUT", "http://a.example/fhir/Basic/b1", basic("b1", "http://a.example/fhir/Patient/p1"))
	n.ask("PUT", "http://a.example/fhir/Basic/b2", basic("b2", "http://other.example/fhir/Patient/p1"))
	require.NoError(t, db.Close())
	db, n = open()
	defer func() { require.NoError(t, db.Close()) }()
	_, body := n.ask("GET", "http://b.example/fhir/Basic?subject=Patient/p1", "")
	require.Contains(t, body, `"b1"`)
	require.NotContains(t, body, `"b2"`)
	require.True(t, db.Own("https://a.example/FHIR/R4"))
	require.False(t, db.Own("http://b.example/fhir"))
}

// kept is an engine that outlives its database.
type kept struct{ kv.Engine }

func (kept) Close() error { return nil }
