package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// AssertionType is the client_assertion_type of what [PrivateKey.Assert] makes.
const AssertionType = assertionType

// PrivateKey is a client's key on P-384, as a JSON Web Key (RFC 7518 section 6.2).
type PrivateKey struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	Alg string `json:"alg"`
	Kid string `json:"kid"`
	X   string `json:"x"`
	Y   string `json:"y"`
	D   string `json:"d,omitempty"`
}

// NewPrivateKey makes a key for ES384.
func NewPrivateKey() (*PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, err
	}
	secret, err := key.Bytes()
	if err != nil {
		return nil, err
	}
	public, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	half := len(public) / 2
	text := base64.RawURLEncoding.EncodeToString
	return &PrivateKey{Kty: "EC", Crv: "P-384", Alg: "ES384", Kid: uuid.NewString(), X: text(public[1 : 1+half]), Y: text(public[1+half:]), D: text(secret)}, nil
}

// Public is the key set to register the client with.
func (k PrivateKey) Public() ([]byte, error) {
	k.D = ""
	return json.Marshal(map[string]any{"keys": []PrivateKey{k}})
}

// Assert makes an assertion of a client for a token endpoint.
func (k PrivateKey) Assert(client, endpoint string, now time.Time) (string, error) {
	secret, err := base64.RawURLEncoding.DecodeString(k.D)
	if err != nil || k.Kty != "EC" || k.Crv != "P-384" {
		return "", errors.New("it is not a private key on P-384 in the form of a JSON Web Key, as pestle client key writes it")
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P384(), secret)
	if err != nil {
		return "", err
	}
	t := jwt.NewWithClaims(jwt.SigningMethodES384, jwt.MapClaims{"iss": client, "sub": client, "aud": endpoint, "jti": uuid.NewString(), "exp": now.Add(4 * time.Minute).Unix()})
	t.Header["kid"] = k.Kid
	return t.SignedString(key)
}
