package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
)

// byName lets in who names a list of scopes.
type byName struct{}

func (byName) Authenticate(r *http.Request) (auth.Identity, error) {
	scopes := r.Header.Get("Authorization")
	if scopes == "" {
		return auth.Identity{}, fhir.E("authenticate", fhir.Login, fhir.Issue{Message: "Who are you?"})
	}
	return auth.Identity{Requester: fhir.Principal{Agent: "u1", Display: "Dr X", OnBehalf: "A83008"}, Scopes: auth.ParseScopes(scopes)}, nil
}

func (byName) Challenge(error) string { return `Bearer realm="fhir"` }

func TestAccess(t *testing.T) {
	h := newHandler(t, func(c *server.Config) {
		c.Authenticator = byName{}
		c.Operations = []fhir.Operation{{Name: "act", Type: "Task", Handle: func(context.Context, *fhir.Call) (*fhir.Reply, error) { return &fhir.Reply{}, nil }}}
	})
	const patient, organization = `{"resourceType":"Patient","id":"1","managingOrganization":{"reference":"Organization/1"}}`, `{"resourceType":"Organization","id":"1","name":"x"}`
	transaction := func(method, url, resource string) string {
		return `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + resource + `,"request":{"method":"` + method + `","url":"` + url + `"}}]}`
	}
	for _, c := range []struct {
		scopes, method, target, body string
		status                       int
	}{
		{"", "GET", "/fhir/Patient/1", "", 401},
		{"", "GET", "/fhir/metadata", "", 200},
		{"", "GET", "/fhir/Patient/metadata", "", 401},
		{"", "GET", "/health", "", 200},
		{"system/Patient.r", "PUT", "/fhir/Patient/1", patient, 403},
		{"system/Patient.u", "PUT", "/fhir/Patient/1", patient, 201},
		{"system/Organization.cruds", "PUT", "/fhir/Organization/1", organization, 201},
		{"system/Patient.r", "GET", "/fhir/Patient/1", "", 200},
		{"system/Patient.r", "GET", "/fhir/Patient/1/_history", "", 200},
		{"system/Patient.r", "GET", "/fhir/Patient/_history", "", 403},
		{"system/Patient.s", "GET", "/fhir/Patient/_history", "", 200},
		{"system/Patient.cruds", "GET", "/fhir/_history", "", 403},
		{"system/*.s", "GET", "/fhir/_history", "", 200},
		{"system/Patient.r", "GET", "/fhir/Patient", "", 403},
		{"system/Patient.c", "POST", "/fhir/Patient", patient, 201},
		{"system/Patient.u", "PUT", "/fhir/Patient?_id=1", patient, 403},
		{"system/Patient.us", "PUT", "/fhir/Patient?_id=1", patient, 200},
		{"system/Patient.u", "DELETE", "/fhir/Patient/9", "", 403},
		{"system/Patient.d", "DELETE", "/fhir/Patient/9", "", 200},
		{"system/Organization.cruds", "POST", "/fhir/", transaction("POST", "Patient", patient), 403},
		{"system/Patient.c", "POST", "/fhir/", transaction("POST", "Patient", patient), 200},
		{"system/Patient.c", "POST", "/fhir/", transaction("PUT", "Patient/1", patient), 403},
		{"system/Task.r", "POST", "/fhir/Task/$act", "", 403},
		{"system/Task.cu", "POST", "/fhir/Task/$act", "", 204},
		{"system/Patient.r", "POST", "/fhir/Patient/$validate", patient, 200},
	} {
		var headers []string
		if c.scopes != "" {
			headers = []string{"Authorization", c.scopes}
		}
		w := call(h, c.method, c.target, c.body, headers...)
		require.Equal(t, c.status, w.Code, "%s: %s %s: %s", c.scopes, c.method, c.target, w.Body)
		require.Equal(t, c.status == 401, w.Header().Get("WWW-Authenticate") != "")
	}
	w := call(h, "POST", "/fhir/Patient", patient, "Authorization", "system/Patient.c", "If-None-Exist", "_id=1")
	require.Equal(t, 403, w.Code, "a conditional create also searches")

	// A search tells nothing of types that the caller may not search.
	for _, c := range []struct{ scopes, target, missing string }{
		{"system/Patient.s", "/fhir/Patient?organization:Organization.name=x", "Organization"},
		{"system/Organization.s", "/fhir/Organization?_has:Patient:organization:_id=1", "Patient"},
		{"system/Task.s system/Patient.s", "/fhir/Task?patient:Patient.organization.name=x", "Organization"},
	} {
		w = call(h, "GET", c.target, "", "Authorization", c.scopes)
		require.Equal(t, 403, w.Code, c.target)
		require.Contains(t, w.Body.String(), "system/"+c.missing+".s")
		require.Equal(t, 200, call(h, "GET", c.target, "", "Authorization", c.scopes+" system/"+c.missing+".s").Code, c.target)
	}
	w = call(h, "DELETE", "/fhir/Patient?organization.name=x", "", "Authorization", "system/Patient.ds")
	require.Equal(t, 403, w.Code, "nor does a condition")

	// What may not be read is not included either.
	w = call(h, "GET", "/fhir/Patient?_id=1&_include=Patient:organization", "", "Authorization", "system/Patient.rs")
	require.NotContains(t, w.Body.String(), `"Organization"`)
	w = call(h, "GET", "/fhir/Patient?_id=1&_include=Patient:organization", "", "Authorization", "system/Patient.rs system/Organization.r")
	require.Contains(t, w.Body.String(), `"Organization"`)

	// Each entry of a batch is asked for by itself.
	batch := strings.Replace(transaction("PUT", "Patient/1", patient), "transaction", "batch", 1)
	w = call(h, "POST", "/fhir/", batch, "Authorization", "system/Patient.r")
	require.Equal(t, 200, w.Code)
	require.Contains(t, w.Body.String(), "403 Forbidden")

	// The history tells who it was.
	w = call(h, "GET", "/fhir/Patient/1/_history", "", "Authorization", "system/Patient.r")
	require.Contains(t, w.Body.String(), `Written by u1 (Dr X) for A83008 in request `)
	require.Contains(t, w.Body.String(), `{"system":"https://pestle-fhir.github.io/history/organisation","code":"A83008"}`)
}

func TestCORS(t *testing.T) {
	h := newHandler(t, func(c *server.Config) {
		c.Origins = append([]string{"https://app.example"}, server.LocalOrigins...)
		c.Authenticator = byName{}
	})
	for origin, allowed := range map[string]string{
		"https://app.example": "https://app.example", "http://localhost:5173": "http://localhost:5173", "http://127.0.0.1": "http://127.0.0.1",
		"http://[::1]:80": "http://[::1]:80", "https://evil.example": "", "http://localhost.evil.example": "", "http://localhost:80.evil.example": "",
		"https://app.example:8443": "", "null": "", "http://localhost:": "",
	} {
		w := call(h, "OPTIONS", "/fhir/Patient", "", "Origin", origin, "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "x-own, if-match, x-provenance")
		require.Equal(t, 204, w.Code)
		require.Equal(t, allowed, w.Header().Get("Access-Control-Allow-Origin"), origin)
		require.Contains(t, w.Header().Values("Vary"), "Origin", origin)
		if allowed != "" {
			require.Contains(t, w.Header().Get("Access-Control-Allow-Methods"), "PUT")
			require.Equal(t, "x-own, if-match, x-provenance", w.Header().Get("Access-Control-Allow-Headers"))
		}
		w = call(h, "GET", "/fhir/Patient", "", "Origin", origin)
		require.Equal(t, 401, w.Code)
		require.Equal(t, allowed, w.Header().Get("Access-Control-Allow-Origin"), origin)
		for _, name := range []string{"WWW-Authenticate", "ETag", "Location", "Last-Modified", "Content-Location", "X-Request-ID"} {
			require.Equal(t, allowed != "", strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), name), "%s of %s", name, origin)
		}
	}
	// What says how to use the server may be read from anywhere.
	for _, path := range []string{"/fhir/metadata", "/FHIR/R4/.well-known/smart-configuration"} {
		for _, method := range []string{"GET", "OPTIONS"} {
			w := call(h, method, path, "", "Origin", "https://evil.example", "Access-Control-Request-Method", "GET")
			require.Equal(t, "*", w.Header().Get("Access-Control-Allow-Origin"), path)
		}
	}
	h = newHandler(t, nil)
	w := call(h, "GET", "/fhir/Patient", "", "Origin", "http://localhost:1")
	require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"), "none is configured")
}

func TestSMARTConfiguration(t *testing.T) {
	for _, base := range server.Bases {
		h := newHandler(t, func(c *server.Config) { c.Authenticator = byName{} })
		w := call(h, "GET", base+"/.well-known/smart-configuration", "")
		require.Equal(t, 404, w.Code)
		require.Contains(t, w.Body.String(), "no token endpoint is configured")
		require.NotContains(t, call(h, "GET", base+"/metadata", "").Body.String(), "SMART-on-FHIR")

		h = newHandler(t, func(c *server.Config) {
			c.Authenticator = byName{}
			c.SMART = server.SMART{Issuer: "https://id.example", TokenEndpoint: "https://id.example/token"}
		})
		w = call(h, "GET", base+"/.well-known/smart-configuration", "")
		require.Equal(t, 200, w.Code)
		require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		require.Contains(t, w.Body.String(), `"token_endpoint":"https://id.example/token"`)
		require.Contains(t, call(h, "GET", base+"/metadata", "").Body.String(), "SMART-on-FHIR")
		require.Equal(t, 405, call(h, "POST", base+"/.well-known/smart-configuration", "{}").Code)
		require.Contains(t, call(h, "GET", base+"/metadata", "").Body.String(), `{"url":"token","valueUri":"https://id.example/token"}`)

		h = newHandler(t, func(c *server.Config) {
			c.Authenticator, c.PublicURL = byName{}, "https://pharmacy.example"
			c.SMART = server.SMART{TokenEndpoint: "/token", AuthorizeEndpoint: "/authorize", KeysURL: "/jwks", IntrospectionEndpoint: "/introspect", RevocationEndpoint: "/revoke"}
		})
		text := call(h, "GET", base+"/metadata", "").Body.String()
		for _, name := range []string{"token", "authorize", "introspect", "revoke"} {
			require.Contains(t, text, `{"url":"`+name+`","valueUri":"https://pharmacy.example/`+name+`"}`)
		}
		text = call(h, "GET", base+"/.well-known/smart-configuration", "").Body.String()
		require.Contains(t, text, `"issuer":"https://pharmacy.example"`)
		require.Contains(t, text, `"jwks_uri":"https://pharmacy.example/jwks"`)
	}
}

func TestProbes(t *testing.T) {
	h := newHandler(t, func(c *server.Config) { c.Authenticator = byName{}; c.Version = "1.2.3" })
	for _, base := range server.Bases {
		require.Contains(t, call(h, "GET", base+"/_ping", "").Body.String(), `"version":"1.2.3"`)
		w := call(h, "GET", base+"/_status", "")
		require.Equal(t, 200, w.Code)
		require.Contains(t, w.Body.String(), `"status":"pass"`)
	}
}

func TestLogAndMetricsAreWithoutPatients(t *testing.T) {
	var log strings.Builder
	commits := 41.0
	h := newHandler(t, func(c *server.Config) {
		c.Logger = jsonLogger(&log)
		c.Counters = []server.Counter{{Name: "pestle_commits_total", Help: "Commits.", Value: func() float64 { return commits }}}
	})
	call(h, "PUT", "/fhir/Patient/secret-id", `{"resourceType":"Patient","id":"secret-id","name":[{"family":"Secretname"}]}`)
	call(h, "GET", "/fhir/Patient?family=Secretname&identifier=secret-number", "")
	call(h, "GET", "/fhir/Patient/secret-id?_format=xml", "")
	call(h, "GET", "/fhir/Secrettype/secret-id", "")
	for _, line := range strings.Split(strings.TrimSpace(log.String()), "\n") {
		var entry map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &entry))
		for _, field := range []string{"request_id", "interaction", "type", "status", "took", "bytes"} {
			require.Contains(t, entry, field)
		}
	}
	commits++
	metrics := call(h, "GET", "/metrics", "").Body.String()
	for _, text := range []string{log.String(), metrics} {
		require.NotContains(t, strings.ToLower(text), "secret")
	}
	require.Contains(t, metrics, `pestle_request_duration_seconds_count{interaction="update",status="201",type="Patient"} 1`)
	require.Contains(t, metrics, `pestle_request_duration_seconds_count{interaction="search-type",status="200",type="Patient"} 1`)
	require.Contains(t, metrics, "pestle_requests_in_flight 1", "the one for the figures")
	require.Contains(t, metrics, "pestle_commits_total 42")
}

func TestConfigurationThatCannotWork(t *testing.T) {
	_, err := server.New(server.Config{})
	require.ErrorContains(t, err, "Repository")
	nothing := func(context.Context, *fhir.Call) (*fhir.Reply, error) { return nil, errors.New("no") }
	for _, ops := range [][]fhir.Operation{
		{{Name: "a"}},
		{{Handle: nothing}},
		{{Name: "$a", Handle: nothing}},
		{{Name: "a", Type: "Banana", Handle: nothing}},
		{{Name: "a", Instance: true, Handle: nothing}},
		{{Name: "a", Handle: nothing}, {Name: "a", Handle: nothing}},
		{{Name: "validate", Type: "Patient", Handle: nothing}},
	} {
		_, err := server.New(server.Config{Repository: broken{}, Validator: lenient{}, Operations: ops})
		require.Error(t, err)
	}
	_, err = server.New(server.Config{Repository: broken{}, Validator: lenient{}, Intakes: []fhir.Intake{{Type: "Task"}}})
	require.Error(t, err)
}
