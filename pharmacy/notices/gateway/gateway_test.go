package gateway

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/notices"
)

var message = notices.Message{Key: "key-1", Address: notices.Address{Channel: notices.Text, To: "+447700900123"}, Written: notices.Written{Text: "Your parcel"}}

// TestSend: one POST with the key; the answer's reference is kept.
func TestSend(t *testing.T) {
	var got *http.Request
	var text string
	status, answer := 202, `{"id":"m-1"}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, text = r, string(b)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	s, err := New(Config{URL: server.URL + "/messages", Token: "secret", HTTP: server.Client()})
	require.NoError(t, err)
	ref, err := s.Send(t.Context(), message)
	require.NoError(t, err)
	assert.Equal(t, "m-1", ref)
	assert.JSONEq(t, `{"id":"key-1","channel":"text","to":"+447700900123","text":"Your parcel"}`, text)
	assert.Equal(t, "key-1", got.Header.Get("Idempotency-Key"))
	assert.Equal(t, "Bearer secret", got.Header.Get("Authorization"))

	for code, refused := range map[int]bool{400: true, 410: true, 422: true, 401: false, 403: false, 404: false, 409: false, 429: false, 500: false, 503: false, 302: false} {
		status = code
		_, err := s.Send(t.Context(), message)
		require.Error(t, err)
		assert.Equal(t, refused, notices.IsRefused(err), code)
	}
	status = 200
	for said, want := range map[string]string{`{"reference":"r","id":"i"}`: "r", "": "", "no JSON": "", `{"id":7}`: "", strings.Repeat("x", mostAnswer*2): ""} {
		answer = said
		ref, err := s.Send(t.Context(), message)
		require.NoError(t, err)
		assert.Equal(t, want, ref)
	}
	server.Close()
	_, err = s.Send(t.Context(), message)
	require.Error(t, err)
	assert.False(t, notices.IsRefused(err))
	assert.NotContains(t, err.Error(), "messages", "no address in what is recorded")
}

// TestConfig: a configuration that is incomplete is refused.
func TestConfig(t *testing.T) {
	for _, c := range []Config{{URL: "gateway", Token: "t", HTTP: http.DefaultClient}, {URL: "https://u:p@gateway.example", Token: "t", HTTP: http.DefaultClient}, {URL: "ftp://gateway.example", Token: "t", HTTP: http.DefaultClient}, {URL: "https://gateway.example", HTTP: http.DefaultClient}, {URL: "https://gateway.example", Token: "t"}} {
		_, err := New(c)
		assert.Error(t, err, c.URL)
	}
}
