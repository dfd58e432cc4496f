package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"
)

// scopes are what the program asks for, and no more than it needs.
const scopes = "system/Task.rs system/Subscription.cruds system/$validate system/$process-message system/$progress system/$webhook-secret"

// signingKey is a private key on P-384 with the id under which its public key is registered.
type signingKey struct {
	id      string
	private *ecdsa.PrivateKey
}

// readKey reads a JSON Web Key, as `pestle client key` writes it.
func readKey(file string) (*signingKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("PESTLE_KEY: %w", err)
	}
	var jwk struct{ Kid, Crv, D string }
	if err := json.Unmarshal(text, &jwk); err != nil || jwk.Crv != "P-384" {
		return nil, fmt.Errorf("%s is not a JSON Web Key on P-384", file)
	}
	secret, err := base64.RawURLEncoding.DecodeString(jwk.D)
	if err != nil {
		return nil, fmt.Errorf("%s: the member d is not base64url", file)
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P384(), secret)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &signingKey{jwk.Kid, private}, nil
}

// assertion is a JSON Web Token by which the client proves to the token endpoint who it is.
func (k *signingKey) assertion(client, endpoint string) (string, error) {
	header := map[string]string{"alg": "ES384", "typ": "JWT", "kid": k.id}
	claims := map[string]any{"iss": client, "sub": client, "aud": endpoint, "jti": rand.Text(), "exp": time.Now().Add(4 * time.Minute).Unix()}
	signed := encoded(header) + "." + encoded(claims)
	digest := sha512.Sum384([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, k.private, digest[:])
	if err != nil {
		return "", err
	}
	signature := make([]byte, 96)
	r.FillBytes(signature[:48])
	s.FillBytes(signature[48:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func encoded(v any) string {
	text, _ := json.Marshal(v) // a map of strings and numbers
	return base64.RawURLEncoding.EncodeToString(text)
}

// renew gets an access token, and says how long it lasts.
func (c *client) renew(ctx context.Context) (time.Duration, error) {
	var known struct {
		Endpoint string `json:"token_endpoint"`
	}
	answer, err := c.retried(ctx, func() (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/.well-known/smart-configuration", http.NoBody)
	})
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal(answer, &known); err != nil {
		return 0, fmt.Errorf("smart-configuration: %w", err)
	}
	answer, err = c.retried(ctx, func() (*http.Request, error) { // each attempt with an assertion of its own, which is taken once
		assertion, err := c.key.assertion(c.id, known.Endpoint)
		if err != nil {
			return nil, err
		}
		form := url.Values{"grant_type": {"client_credentials"}, "scope": {scopes}, "client_assertion": {assertion},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, known.Endpoint, bytes.NewBufferString(form.Encode()))
		if err == nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return r, err
	})
	if err != nil {
		return 0, err
	}
	var granted struct {
		Token   string `json:"access_token"`
		Expires int    `json:"expires_in"`
	}
	if err := json.Unmarshal(answer, &granted); err != nil || granted.Token == "" {
		return 0, fmt.Errorf("the token endpoint answered without a token: %.200s", answer)
	}
	lifetime := time.Duration(granted.Expires) * time.Second
	c.token, c.until = granted.Token, time.Now().Add(lifetime-30*time.Second)
	return lifetime, nil
}
