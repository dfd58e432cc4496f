package api

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// stub is the platform: it checks each JWT, and answers as it is told.
type stub struct {
	t       *testing.T
	http    *httptest.Server
	key     *rsa.PrivateKey
	mu      sync.Mutex
	jtis    map[string]bool
	tokens  int
	answers []string // "STATUS body" of the next calls with a valid token; 200 after them
	lives   string   // expires_in
	calls   []string // METHOD path request-id
}

func newStub(t *testing.T) *stub {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	s := &stub{t: t, key: key, jtis: map[string]bool{}, lives: `"599"`}
	s.http = httptest.NewTLSServer(s)
	t.Cleanup(s.http.Close)
	return s
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/oauth2/token" {
		if err := s.check(r); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		s.tokens++
		fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":%s,"token_type":"Bearer"}`, s.tokens, s.lives)
		return
	}
	if r.Header.Get("Authorization") != fmt.Sprintf("Bearer token-%d", s.tokens) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.calls = append(s.calls, r.Method+" "+r.URL.Path+" "+r.Header.Get("X-Request-ID"))
	answer := "200 {}"
	if len(s.answers) > 0 {
		answer, s.answers = s.answers[0], s.answers[1:]
	}
	code, body, _ := strings.Cut(answer, " ")
	switch code {
	case "hang":
		s.mu.Unlock()
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that the caller has gone
		<-r.Context().Done()
		s.mu.Lock()
		return
	case "429":
		w.Header().Set("Retry-After", "7")
	case "302":
		w.Header().Set("Location", "https://169.254.169.254/")
	}
	status := 0
	_, _ = fmt.Sscan(code, &status)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// check is what the platform checks of an assertion.
func (s *stub) check(r *http.Request) error {
	if r.PostFormValue("grant_type") != "client_credentials" || r.PostFormValue("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return errors.New("the form is another")
	}
	claims := jwt.RegisteredClaims{}
	token, err := jwt.ParseWithClaims(r.PostFormValue("client_assertion"), &claims, func(t *jwt.Token) (any, error) {
		if t.Header["kid"] != "pestle-1" || t.Header["typ"] != "JWT" {
			return nil, errors.New("another key")
		}
		return &s.key.PublicKey, nil
	}, jwt.WithValidMethods([]string{"RS512"}), jwt.WithIssuer("api-key"), jwt.WithSubject("api-key"), jwt.WithAudience(s.http.URL+"/oauth2/token"), jwt.WithExpirationRequired(), jwt.WithTimeFunc(func() time.Time { return noon }))
	switch {
	case err != nil:
		return err
	case !token.Valid || claims.ExpiresAt.Sub(noon) != 5*time.Minute || len(claims.ID) != 36 || s.jtis[claims.ID]:
		return errors.New("the claims are others")
	}
	s.jtis[claims.ID] = true
	return nil
}

func (s *stub) config() Config {
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	require.NoError(s.t, err)
	roots := x509.NewCertPool()
	roots.AddCert(s.http.Certificate())
	return Config{TokenURL: s.http.URL + "/oauth2/token", APIKey: "api-key", Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), KeyID: "pestle-1",
		Updates: s.http.URL + "/updates", Demographics: s.http.URL + "/pds/", Clock: func() time.Time { return noon }, HTTP: outbound.New(outbound.Options{Private: true, Roots: roots, Timeout: 2 * time.Second})}
}

func (s *stub) client() *Client {
	c, err := New(s.config())
	require.NoError(s.t, err)
	return c
}

func two() *fhir.Resource {
	r, _ := fhir.Parse([]byte(`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Task"}},{"resource":{"resourceType":"Task"}}]}`))
	return r
}

func one() *fhir.Resource {
	r, _ := fhir.Parse([]byte(`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Task"}}]}`))
	return r
}

// TestUpdate: what each answer comes to.
func TestUpdate(t *testing.T) {
	s := newStub(t)
	outcome := `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"value","details":{"coding":[{"code":"INVALID_VALUE"}]},"diagnostics":"9449304130 is wrong"}]}`
	entry := func(status string) string {
		return `{"response":{"status":"` + status + `","outcome":` + outcome + `}}`
	}
	bundle := func(statuses ...string) string {
		var list []string
		for _, one := range statuses {
			list = append(list, entry(one))
		}
		return `{"resourceType":"Bundle","type":"transaction-response","entry":[` + strings.Join(list, ",") + `]}`
	}
	for _, c := range []struct{ answer, parts, err string }{
		{"200 {}", "[]", ""},
		{"201 ", "[]", ""},
		{"200 " + bundle("201 Created", "200 OK"), "[{ } { }]", ""},
		{"200 " + bundle("201 Created", "400 Bad Request"), "[{ } {it answered 400: value INVALID_VALUE }]", ""},
		{"400 " + bundle("409 Conflict", "400"), "[]", "refused it answered 400"},
		{"400 " + bundle("200 OK", "400"), "[]", "refused it answered 400"}, // nothing of it is stored
		{"200 " + bundle("503 Later", "429"), "[{ it answered 503: value INVALID_VALUE} { it answered 429: value INVALID_VALUE}]", ""},
		{"400 " + outcome, "[]", "refused it answered 400: value INVALID_VALUE"},
		{"422 <html>", "[]", "refused it answered 422"},
		{"401 ", "[]", "wait 0s it answered 401"},
		{"403 ", "[]", "wait 0s it answered 403"},
		{"404 ", "[]", "wait 0s it answered 404"},
		{"409 ", "[]", "refused it answered 409"}, // each by itself, which says which were taken
		{"429 ", "[]", "wait 7s it answered 429"},
		{"500 ", "[]", "wait 0s it answered 500"},
		{"302 ", "[]", "wait 0s it answered with a redirect, which is not followed: 302"},
		{"hang", "[]", "wait 0s it did not answer in time"},
	} {
		s.answers = []string{c.answer, c.answer} // of a token that is refused there is a second call
		parts, err := s.client().Update(t.Context(), "3d9a2e63-30a2-4a3c-a1c3-52b8b1c7a1de", two())
		require.Equal(t, c.parts, fmt.Sprint(parts), c.answer)
		said := ""
		var passing *failure
		switch {
		case errors.As(err, &passing):
			said = fmt.Sprintf("wait %s %s", passing.Wait(), passing.why)
		case err != nil:
			said = "refused " + strings.TrimPrefix(err.Error(), "refused for good\n")
		}
		require.Equal(t, c.err, said, c.answer)
	}
	s.answers = []string{"409 "}
	_, err := s.client().Update(t.Context(), "x", one())
	require.NoError(t, err, "it was taken before")
}

// TestToken: one token serves until it ends or is refused, and each JWT is a new one.
func TestToken(t *testing.T) {
	s := newStub(t)
	c := s.client()
	now := noon
	c.c.Clock = func() time.Time { return now }
	send := func() { _, err := c.Update(t.Context(), "x", one()); require.NoError(t, err) }
	send()
	send()
	require.Equal(t, 1, s.tokens)
	now = noon.Add(570 * time.Second)
	s.mu.Lock()
	s.jtis = map[string]bool{}
	s.mu.Unlock()
	_, err := c.Update(t.Context(), "x", one()) // the stub's clock is another: the JWT holds for too long
	require.ErrorContains(t, err, "the token endpoint answered 401")
	now = noon
	c.now = ""
	send()
	require.Equal(t, 2, s.tokens)
	s.answers = []string{"401 "}
	send()
	require.Equal(t, 3, s.tokens, "a token that is refused is replaced, and the call made again")
	s.lives = "599"
	c.now = ""
	send()
	require.Equal(t, noon.Add(569*time.Second), c.ends)
}

// TestPatient: a number that nobody has is told from an address that is wrong.
func TestPatient(t *testing.T) {
	s := newStub(t)
	c := s.client()
	s.answers = []string{`200 {"resourceType":"Patient","id":"9449304130"}`}
	p, err := c.Patient(t.Context(), "r-1", "9449304130")
	require.NoError(t, err)
	require.Equal(t, "9449304130", p.ID())
	require.Equal(t, []string{"GET /pds/Patient/9449304130 r-1"}, s.calls)
	s.answers = []string{`404 {"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}`}
	p, err = c.Patient(t.Context(), "r-2", "9449304130")
	require.NoError(t, err)
	require.Nil(t, p)
	for _, answer := range []string{"404 <html>", "200 {}", "503 "} {
		s.answers = []string{answer}
		_, err = c.Patient(t.Context(), "r-3", "9449304130")
		var passing *failure
		require.ErrorAs(t, err, &passing, answer)
	}
	s.answers = []string{"400 "}
	_, err = c.Patient(t.Context(), "r-4", "9449304130")
	require.ErrorContains(t, err, "refused for good")
	require.NotContains(t, err.Error(), "9449304130")
}

// TestNew names all that is missing at once.
func TestNew(t *testing.T) {
	_, err := New(Config{})
	require.EqualError(t, err, "missing: the address of the token endpoint, the API key, the private key, the id of the key, an address of an API")
	full := newStub(t).config()
	for why, key := range map[string]string{"is not PEM": "x", "is not an RSA key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		c := full
		c.Key = []byte(key)
		_, err = New(c)
		require.ErrorContains(t, err, why)
	}
	short, _ := rsa.GenerateKey(rand.Reader, 1024)
	c := full
	c.Key = pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(short)})
	_, err = New(c)
	require.ErrorContains(t, err, "1024 bits")
}

// FuzzParts: whatever is answered is read, or is none.
func FuzzParts(f *testing.F) {
	f.Add(`{"resourceType":"Bundle","entry":[{"response":{"status":"201 Created"}}]}`)
	f.Add(`{"resourceType":"Bundle","entry":[{"response":{"status":"","outcome":{"issue":[{"code":"value"}]}}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range partsOf([]byte(text), len(text)%2 == 0) {
			require.False(t, p.Again != "" && p.Refused != "")
		}
	})
}

// TestEnd: a call ends with its context.
func TestEnd(t *testing.T) {
	s := newStub(t)
	c := s.client()
	s.answers = []string{"hang"}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := c.Update(ctx, "x", one())
	require.Error(t, err)
}
