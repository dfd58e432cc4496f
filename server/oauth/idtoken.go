package oauth

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/internal/sorting"
)

// signing are the keys that sign id_tokens, oldest first. Another one takes over
// each month by itself; the older ones can be verified with until what they signed
// has expired.
type signing struct {
	mu   sync.Mutex
	keys []signKey
}

type signKey struct {
	Created int64  `json:"created"`
	PKCS1   []byte `json:"pkcs1"`

	kid string
	key *rsa.PrivateKey
}

const (
	keyLife   = 30 * 24 * time.Hour // how long a key signs
	keyKept   = 24 * time.Hour      // how long it is published after that
	idLife    = 5 * time.Minute     // of an id_token
	rsaBits   = 2048
	idSigning = "RS256" // SMART App Launch: id_token_signed_response_alg
)

// add adds a key as it is stored.
func (s *signing) add(kid string, record []byte) error {
	k := signKey{kid: kid}
	err := json.Unmarshal(record, &k)
	if err == nil {
		k.key, err = x509.ParsePKCS1PrivateKey(k.PKCS1)
	}
	if err != nil {
		return errors.New("it is not a key as this server stores it")
	}
	s.keys = append(s.keys, k)
	sorting.By(s.keys, func(a, b signKey) int { return int(a.Created - b.Created) })
	return nil
}

// signer is the key that signs now: another one where the newest is too old.
func (s *Server) signer() (signKey, error) {
	s.signing.mu.Lock()
	defer s.signing.mu.Unlock()
	now := s.now()
	if n := len(s.signing.keys); n > 0 && now.Before(time.Unix(s.signing.keys[n-1].Created, 0).Add(keyLife)) {
		return s.signing.keys[n-1], nil
	}
	key, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return signKey{}, err
	}
	k := signKey{Created: now.Unix(), PKCS1: x509.MarshalPKCS1PrivateKey(key), kid: uuid.NewString(), key: key}
	record, err := json.Marshal(k)
	if err != nil {
		return signKey{}, err
	}
	values := map[string][]byte{signName + k.kid: record}
	s.signing.keys = slices.DeleteFunc(s.signing.keys, func(old signKey) bool {
		over := now.After(time.Unix(old.Created, 0).Add(keyLife + keyKept))
		if over {
			values[signName+old.kid] = nil
		}
		return over
	})
	if err := s.writer.write(values); err != nil {
		return signKey{}, err
	}
	s.signing.keys = append(s.signing.keys, k)
	return k, nil
}

// jwks is the key set by which id_tokens are verified.
func (s *Server) jwks() (map[string]any, error) {
	if _, err := s.signer(); err != nil {
		return nil, err
	}
	s.signing.mu.Lock()
	defer s.signing.mu.Unlock()
	keys := []map[string]string{}
	for _, k := range s.signing.keys {
		text := base64.RawURLEncoding.EncodeToString
		keys = append(keys, map[string]string{"kty": "RSA", "use": "sig", "alg": idSigning, "kid": k.kid,
			"n": text(k.key.N.Bytes()), "e": text(big.NewInt(int64(k.key.E)).Bytes())})
	}
	return map[string]any{"keys": keys}, nil
}

// idToken says to an app who has signed in: OpenID Connect Core section 2, and
// fhirUser of SMART App Launch.
func (s *Server) idToken(r *http.Request, g *grant, nonce string) (string, error) {
	k, err := s.signer()
	if err != nil {
		return "", err
	}
	now := s.now()
	claims := jwt.MapClaims{"iss": s.issuer(r), "sub": g.Person.Agent, "aud": g.Client, "iat": now.Unix(), "exp": now.Add(idLife).Unix(), "auth_time": g.Proved}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if g.has("fhirUser") {
		claims["fhirUser"], claims["name"] = s.fhirUser(r, &g.Person), g.Person.Display
	}
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	t.Header["kid"] = k.kid
	return t.SignedString(k.key)
}

// fhirUser is the address of the resource that a person is.
func (s *Server) fhirUser(r *http.Request, p *Person) string {
	if p.reference() == "" || len(s.config.Bases) == 0 {
		return ""
	}
	return s.issuer(r) + s.config.Bases[0] + "/" + p.reference()
}
