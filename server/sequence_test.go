package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server"
)

// TestSequence: writes say where they are in the log, and a request that asks for
// it is answered by a database that holds them, or refused before anything is done.
func TestSequence(t *testing.T) {
	secret := func(c *server.Config) { c.Secret = []byte("one") }
	h, other := newHandler(t, secret), newHandler(t, secret)
	foreign := newHandler(t, nil)
	ask := func(h http.Handler, method, target, body string, tokens ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/fhir+json")
		for _, token := range tokens {
			r.Header.Add("Pestle-Min-Sequence", token)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	token := func(w *httptest.ResponseRecorder) string {
		require.Less(t, w.Code, 300, w.Body)
		require.Len(t, w.Header()["Pestle-Sequence"], 1)
		return w.Header().Get("Pestle-Sequence")
	}
	const patient = `{"resourceType":"Patient","id":"1","language":"en"}`
	created := token(ask(h, "PUT", "/fhir/Patient/1", patient))
	unchanged := token(ask(h, "PUT", "/fhir/Patient/1", patient))
	require.NotEqual(t, created, unchanged, "the same commit is sealed anew")
	batch := token(ask(h, "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[`+strings.Repeat(`{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},`, 40)+
		`{"request":{"method":"GET","url":"Patient/1"}}]}`))
	require.Empty(t, ask(h, "GET", "/fhir/Patient/1", "").Header()["Pestle-Sequence"])
	require.Empty(t, ask(h, "PUT", "/fhir/Patient/2", patient).Header()["Pestle-Sequence"], "nothing was committed")

	for _, target := range []string{"/fhir/Patient/1", "/FHIR/R4/Patient?_count=1", "/fhir/Patient/1/_history", "/fhir/_history"} {
		require.Equal(t, 200, ask(h, "GET", target, "", created, unchanged+", "+batch).Code, target)
	}
	require.Equal(t, 200, ask(h, "PUT", "/fhir/Patient/1", `{"resourceType":"Patient","id":"1"}`, batch).Code)

	forged := []byte(created)
	forged[20] ^= 1
	for _, c := range []struct {
		to     http.Handler
		tokens []string
		status int
		says   string
	}{
		{h, []string{""}, 400, "not a position of this server"},
		{h, []string{"7"}, 400, "not a position of this server"},
		{h, []string{string(forged)}, 400, "not a position of this server"},
		{h, []string{created, "x"}, 400, "not a position of this server"},
		{h, []string{strings.Repeat(created+",", 20)}, 400, "at most 16"},
		{foreign, []string{created}, 400, "not a position of this server"},
		{other, []string{created}, 409, "does not hold the state"},
	} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			w := ask(c.to, method, "/fhir/Patient/3", `{"resourceType":"Patient","id":"3"}`, c.tokens...)
			require.Equal(t, c.status, w.Code, w.Body)
			require.Contains(t, w.Body.String(), c.says)
			require.Contains(t, w.Body.String(), "OperationOutcome")
		}
		require.Equal(t, 404, ask(c.to, "GET", "/fhir/Patient/3", "").Code, "nothing was stored")
	}
	token(ask(other, "PUT", "/fhir/Patient/1", `{"resourceType":"Patient","id":"1","language":"cy"}`))
	require.Equal(t, 409, ask(other, "GET", "/fhir/Patient/1", "", created).Code, "the same sequence of another history")
}

// TestSequenceOfNobody: who may not ask is told so first, and does not wait.
func TestSequenceOfNobody(t *testing.T) {
	h := newHandler(t, func(c *server.Config) { c.Authenticator = byScopes{} })
	r := httptest.NewRequest("GET", "/fhir/Patient/1", nil)
	r.Header.Set("Pestle-Min-Sequence", "x")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, 403, w.Code)
}
