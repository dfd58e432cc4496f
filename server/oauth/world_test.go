package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// memory is a shelf that survives the server, not the test.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	fails  error
	writes int
}

func (m *memory) Write(values map[string][]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if m.fails != nil {
		return m.fails
	}
	for name, value := range values {
		if m.values[name] = value; value == nil {
			delete(m.values, name)
		}
	}
	return nil
}

func (m *memory) Each(f func(name string, value []byte) error) error {
	m.mu.Lock()
	values := maps.Clone(m.values)
	m.mu.Unlock()
	for name, value := range values {
		if err := f(name, value); err != nil {
			return err
		}
	}
	return nil
}

const endpoint = "https://pharmacy.example/token"

// world is a server with two clients: ec (P-384) and rsa, of A83008 and X99CL.
type world struct {
	t     *testing.T
	shelf *memory
	now   time.Time
	s     *Server
	ec    *ecdsa.PrivateKey
	rsa   *rsa.PrivateKey
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newWorld(t *testing.T) *world {
	w := &world{t: t, shelf: &memory{values: map[string][]byte{}}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), rsa: rsaKey()}
	var err error
	w.ec, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	w.restart()
	w.add("ec", "A83008", w.keys("ec"))
	w.add("rsa", "X99CL", w.keys("rsa"))
	return w
}

// restart opens the shelf anew, as another process does.
func (w *world) restart() {
	var err error
	w.s, err = New(Config{Shelf: w.shelf, Clock: func() time.Time { return w.now }, Audience: func() []string { return []string{endpoint} },
		Known: func(role string) bool { return role == "auditor" }, AddressRate: Rate{Second: 1e6, Burst: 1e6}, ClientRate: Rate{Second: 1e6, Burst: 1e6}})
	require.NoError(w.t, err)
}

func (w *world) add(id, organisation string, keys string) {
	_, err := w.s.Add(Client{ID: id, Name: id, Organisation: organisation, Scopes: []string{"system/Patient.rs", "system/Task.cruds", "system/Task/$accept"}, Credentials: Credentials{Keys: json.RawMessage(keys)}})
	require.NoError(w.t, err)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (w *world) keys(kid string) string {
	if kid == "rsa" {
		return `{"keys":[{"kty":"RSA","kid":"rsa","n":"` + b64(w.rsa.N.Bytes()) + `","e":"` + b64(big.NewInt(int64(w.rsa.E)).Bytes()) + `"}]}`
	}
	public, err := w.ec.PublicKey.Bytes()
	require.NoError(w.t, err)
	return `{"keys":[{"kty":"EC","crv":"P-384","kid":"` + kid + `","x":"` + b64(public[1:49]) + `","y":"` + b64(public[49:]) + `"}]}`
}

// claims of a good assertion of a client, each with another jti.
func (w *world) claims(client string) map[string]any {
	return map[string]any{"iss": client, "sub": client, "aud": endpoint, "exp": w.now.Add(4 * time.Minute).Unix(), "jti": strconv.FormatInt(jtis.next(), 10)}
}

type counter struct {
	mu sync.Mutex
	n  int64
}

func (c *counter) next() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return c.n
}

var jtis counter

// sign makes an assertion; nil in header or claims leaves a member out.
func (w *world) sign(alg string, key crypto.PrivateKey, header, claims map[string]any) string {
	t := jwt.NewWithClaims(jwt.GetSigningMethod(alg), jwt.MapClaims(claims))
	for name, value := range header {
		if t.Header[name] = value; value == nil {
			delete(t.Header, name)
		}
	}
	for name, value := range claims {
		if value == nil {
			delete(claims, name)
		}
	}
	text, err := t.SignedString(key)
	require.NoError(w.t, err)
	return text
}

func (w *world) good(client string) string {
	if client == "rsa" {
		return w.sign("RS384", w.rsa, map[string]any{"kid": "rsa"}, w.claims(client))
	}
	return w.sign("ES384", w.ec, map[string]any{"kid": client}, w.claims(client))
}

func tokenForm(assertion string, change ...string) url.Values {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"system/Patient.rs"}, "client_assertion_type": {assertionType}, "client_assertion": {assertion}}
	for i := 0; i < len(change); i += 2 {
		if form.Set(change[i], change[i+1]); change[i+1] == "" {
			form.Del(change[i])
		}
	}
	return form
}

type answer struct {
	Code        int `json:"-"`
	Header      http.Header
	Error       string
	Description string `json:"error_description"`
	Token       string `json:"access_token"`
	Type        string `json:"token_type"`
	Expires     int    `json:"expires_in"`
	Scope       string
	Active      bool
	ClientID    string `json:"client_id"`
}

func (w *world) post(path string, form url.Values, headers ...string) (a answer) {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	out := httptest.NewRecorder()
	w.s.ServeHTTP(out, r)
	require.NoError(w.t, json.Unmarshal(out.Body.Bytes(), &a), out.Body.String())
	a.Code, a.Header = out.Code, out.Header()
	return a
}

// bearer asks who a token is of; "" where it is refused.
func (w *world) bearer(token string) (agent string) {
	r := httptest.NewRequest(http.MethodGet, "/fhir/Patient", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	who, err := w.s.Authenticate(r)
	if err != nil {
		return ""
	}
	return who.Requester.Agent
}
