//go:build nhs

package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// nhsStub is the NHS's platform for a test: tokens for a JWT of the key, whatever is posted taken
// once, and a patient who is nobody's.
func nhsStub(t *testing.T) (o nhsOptions, told *printed) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	told = &printed{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth2/token", func(w http.ResponseWriter, r *http.Request) {
		_, err := jwt.Parse(r.PostFormValue("client_assertion"), func(*jwt.Token) (any, error) { return &key.PublicKey, nil }, jwt.WithValidMethods([]string{"RS512"}), jwt.WithIssuer("key"), jwt.WithExpirationRequired())
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"token","expires_in":"599"}`)
	})
	mux.HandleFunc("POST /updates", func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if bundle, err := fhir.Parse(body); err == nil {
			for e := range bundle.Get("entry").Items() {
				fmt.Fprintln(told, e.Path("resource", "businessStatus", "coding").Item(0).Get("code").Text(), r.Header.Get("Authorization"))
			}
		}
	})
	mux.HandleFunc("GET /pds/Patient/{number}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"resourceType":"Patient","id":"`+r.PathValue("number")+`","birthDate":"1901-01-01"}`)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return nhsOptions{Updates: s.URL + "/updates", TokenURL: s.URL + "/oauth2/token", APIKey: "key", KeyID: "test-1", Days: 30,
		Key: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})}, told
}

// TestNHSDocument runs the commands of docs/nhs.md against a sandbox and a stub; PDS has
// somebody else under each number, so that what is accepted is held.
func TestNHSDocument(t *testing.T) {
	o, told := nhsStub(t)
	o.Demographics = strings.TrimSuffix(o.Updates, "/updates") + "/pds"
	require.NoError(t, o.complete(true, false))
	walk(t, "nhs.md", 2, func(c *serveCommand) { c.NHS = o })
	assert.Contains(t, told.String(), "With Pharmacy Bearer token")
}

// TestNHSByHalf: the server does not start with a part of it, and names all that is missing.
func TestNHSByHalf(t *testing.T) {
	full, _ := nhsStub(t)
	require.NoError(t, new(nhsOptions).complete(false, true), "off by default")
	for missing, change := range map[string]func(*nhsOptions){
		"--nhs-status-url or --nhs-demographics-url": func(o *nhsOptions) { o.Updates = "" }, "--nhs-token-url": func(o *nhsOptions) { o.TokenURL = "" },
		"--nhs-api-key": func(o *nhsOptions) { o.APIKey = "" }, "--nhs-key": func(o *nhsOptions) { o.Key = nil }, "--nhs-key-id": func(o *nhsOptions) { o.KeyID = "" },
	} {
		o := full
		change(&o)
		require.ErrorContains(t, o.complete(true, true), missing+" is missing")
	}
	o := nhsOptions{KeyID: "x"}
	err := o.complete(false, false)
	for _, flag := range []string{"--nhs-status-url", "--nhs-token-url", "--nhs-api-key", "--nhs-key is", "--site"} {
		require.ErrorContains(t, err, flag)
	}
	o = full
	require.ErrorContains(t, o.complete(false, true), "https is expected")
	o.Updates = "https://api.service.nhs.uk/updates"
	require.ErrorContains(t, o.complete(true, true), "a sandbox calls 127.0.0.1 alone")
	o = full
	o.Key = []byte("x")
	require.ErrorContains(t, o.complete(true, true), "not PEM")
}
