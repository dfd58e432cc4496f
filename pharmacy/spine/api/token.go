// Package api is the APIs of the NHS's platform, for software that acts by itself
// (application-restricted): a token for a signed JWT, the Prescription Status Update API and
// the Personal Demographics Service.
//
// A JWT (RS512) has the key's id as kid, the API key as iss and sub, the address of the
// token endpoint as aud, a new UUID as jti, and holds for five minutes.
package api

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
)

// Config is how the platform is reached. Of the two APIs either may be left out.
type Config struct {
	TokenURL     string // https://api.service.nhs.uk/oauth2/token
	APIKey       string
	Key          []byte // RSA private key, PEM
	KeyID        string // kid under which the public key is registered
	Updates      string // address to which status updates are posted, "" for none
	Demographics string // base address below which Patient/[number] is, "" for none
	HTTP         *http.Client
	Clock        func() time.Time
}

// Client calls the platform.
type Client struct {
	c    Config
	key  *rsa.PrivateKey
	mu   sync.Mutex // held while a token is asked for
	now  string     // the token
	ends time.Time  // when it is renewed
}

const (
	lives      = 5 * time.Minute  // of a JWT
	leastKey   = 2048             // bits
	early      = 30 * time.Second // before its end a token is renewed
	unsaid     = time.Minute      // how long a token is used that does not say how long it holds
	mostAnswer = 1 << 20
)

// New refuses a configuration that is incomplete, and names all that is missing.
func New(c Config) (*Client, error) {
	var missing []string
	for _, part := range []struct {
		name string
		set  bool
	}{{"the address of the token endpoint", c.TokenURL != ""}, {"the API key", c.APIKey != ""}, {"the private key", len(c.Key) > 0}, {"the id of the key", c.KeyID != ""},
		{"an address of an API", c.Updates != "" || c.Demographics != ""}} {
		if !part.set {
			missing = append(missing, part.name)
		}
	}
	if len(missing) > 0 {
		return nil, errors.New("missing: " + strings.Join(missing, ", "))
	}
	key, err := readKey(c.Key)
	if err != nil {
		return nil, err
	}
	return &Client{c: c, key: key}, nil
}

// readKey reads an RSA key in PKCS #8 or PKCS #1.
func readKey(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the private key is not PEM")
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		other, failed := x509.ParsePKCS8PrivateKey(block.Bytes)
		key, _ = other.(*rsa.PrivateKey)
		if failed != nil || key == nil {
			return nil, errors.New("the private key is not an RSA key without a passphrase")
		}
	}
	if bits := key.N.BitLen(); bits < leastKey {
		return nil, fmt.Errorf("the private key has %d bits: expected %d at least", bits, leastKey)
	}
	return key, nil
}

// Has says which APIs are set.
func (c *Client) Has() (updates, demographics bool) {
	return c.c.Updates != "", c.c.Demographics != ""
}

// assertion is a new JWT.
func (c *Client) assertion(now time.Time) (string, error) {
	head, _ := json.Marshal(map[string]string{"alg": "RS512", "typ": "JWT", "kid": c.c.KeyID})
	body, _ := json.Marshal(map[string]any{"iss": c.c.APIKey, "sub": c.c.APIKey, "aud": c.c.TokenURL, "jti": uuid.NewString(), "exp": now.Add(lives).Unix()})
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	digest := sha512.Sum512([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, c.key, crypto.SHA512, digest[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

// token is an access token that holds; stale is one that was refused.
func (c *Client) token(ctx context.Context, stale string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.c.Clock()
	if c.now != "" && c.now != stale && now.Before(c.ends) {
		return c.now, nil
	}
	signed, err := c.assertion(now)
	if err != nil {
		return "", err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {signed}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.c.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := c.do(r)
	if err != nil {
		return "", err
	}
	var said struct {
		Token string      `json:"access_token"`
		Lives json.Number `json:"expires_in"` // a number, or one in quotes
	}
	if !answer.result.Delivered || json.Unmarshal(answer.body, &said) != nil || said.Token == "" {
		return "", &failure{why: fmt.Sprintf("the token endpoint answered %d, and no token", answer.result.Status), wait: answer.result.After}
	}
	c.now, c.ends = said.Token, now.Add(unsaid)
	if seconds, err := said.Lives.Int64(); err == nil && seconds > 0 {
		c.ends = now.Add(max(time.Duration(seconds)*time.Second-early, 0))
	}
	return c.now, nil
}

// failure is what may pass.
type failure struct {
	why  string
	wait time.Duration
}

func (f *failure) Error() string { return f.why }

// Wait is how long nothing is to be sent, 0 where the answer does not say.
func (f *failure) Wait() time.Duration { return f.wait }

// answered is an answer with its body.
type answered struct {
	result webhook.Result
	body   []byte
}

func (c *Client) do(r *http.Request) (a answered, err error) {
	answer, err := c.c.HTTP.Do(r)
	if err != nil {
		return a, &failure{why: webhook.Judge(nil, err, c.c.Clock()).Reason}
	}
	defer func() { _ = answer.Body.Close() }()
	a.result = webhook.Judge(answer, nil, c.c.Clock())
	a.body, err = io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	if err != nil {
		return a, &failure{why: webhook.Judge(nil, err, c.c.Clock()).Reason}
	}
	return a, nil
}

// call makes one call with a token, and once more with a new one where the token is refused.
func (c *Client) call(ctx context.Context, method, address, request string, body []byte) (a answered, err error) {
	stale := ""
	for range 2 {
		token, err := c.token(ctx, stale)
		if err != nil {
			return a, err
		}
		r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
		if err != nil {
			return a, err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("X-Request-ID", request)
		r.Header.Set("Accept", "application/fhir+json")
		if body != nil {
			r.Header.Set("Content-Type", "application/fhir+json")
		}
		if a, err = c.do(r); err != nil || a.result.Status != http.StatusUnauthorized {
			return a, err
		}
		stale = token
	}
	return a, nil
}

// passes reports whether a status that is not 2xx may pass: by itself, or when the operator
// has put something right.
func passes(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status < 400 || status >= 500
}
