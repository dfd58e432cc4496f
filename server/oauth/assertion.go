package oauth

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pestle-fhir/pestle/server/auth"
)

// assertionType is the one way in which clients say who they are: RFC 7523
// section 2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// maxAssertion is the longest assertion that is read, in bytes.
const maxAssertion = 16 << 10

// Of an assertion: how long it may last, and how far the client's clock may be
// ahead where it says when it was made.
const (
	assertionLife = 5 * time.Minute
	clockSkew     = 30 * time.Second
)

// assertion is what a client says of itself, and signs.
type assertion struct {
	header, claims map[string]json.RawMessage
	client         *Client
	jti            string
	expires        int64
}

// authenticate returns the client that signed an assertion, and what must be
// durable before it is answered. It refuses with the claim that is at fault.
func (s *Server) authenticate(ctx context.Context, text string) (*Client, map[string][]byte, error) {
	a, err := s.read(text)
	if err != nil {
		return nil, nil, err
	}
	if err := s.verify(ctx, a, text); err != nil {
		return nil, nil, err
	}
	if wait := s.limits.clients.Take(a.client.ID, s.now()); wait > 0 { // before the replay set, so that it may be sent again
		return nil, nil, tooMany(wait)
	}
	values, first := s.replay.take(a.client.ID, a.jti, a.expires)
	if !first {
		return nil, nil, unknownClient("jti", "this assertion was used before: make a new one, with a new jti, for each request")
	}
	return a.client, values, nil
}

// read checks everything but the signature.
func (s *Server) read(text string) (a *assertion, err error) {
	if len(text) > maxAssertion {
		return nil, unknownClient("client_assertion", "it is longer than 16 kB")
	}
	a = &assertion{}
	if a.header, a.claims, err = auth.Parts(text, "jwt", "client-authentication+jwt"); err != nil {
		fault := err.(*auth.Fault) //nolint:errorlint // Parts returns no other
		return nil, unknownClient(fault.Member, fault.Message)
	}
	for _, check := range []func(*assertion) error{s.checkClient, s.checkAudience, s.checkTimes, checkJTI, checkHeader} {
		if err := check(a); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func textOf(members map[string]json.RawMessage, name string) (text string) {
	if json.Unmarshal(members[name], &text) != nil {
		return ""
	}
	return text
}

func (s *Server) checkClient(a *assertion) error {
	issuer := textOf(a.claims, "iss")
	if issuer == "" {
		return unknownClient("iss", "expected the client_id")
	}
	if textOf(a.claims, "sub") != issuer {
		return unknownClient("sub", "expected the client_id, as in iss")
	}
	if a.client = s.clients.get(issuer); a.client == nil {
		return unknownClient("iss", "no client is registered under this client_id")
	}
	if a.client.Disabled {
		return unknownClient("iss", "the client is disabled")
	}
	return nil
}

func (s *Server) checkAudience(a *assertion) error {
	audience := textOf(a.claims, "aud")
	var list []string
	if audience == "" && json.Unmarshal(a.claims["aud"], &list) == nil && len(list) == 1 {
		audience = list[0]
	}
	if wanted := s.config.Audience(); !slices.Contains(wanted, audience) {
		return unknownClient("aud", "expected the URL of the token endpoint alone: "+strings.Join(wanted, " or "))
	}
	return nil
}

func (s *Server) checkTimes(a *assertion) error {
	now := s.now()
	expires, ok := seconds(a.claims["exp"])
	switch {
	case !ok:
		return unknownClient("exp", "expected a whole number of seconds since 1970")
	case expires <= now.Unix():
		return unknownClient("exp", fmt.Sprintf("the assertion has expired; the server's clock says %d: compare the clocks", now.Unix()))
	case expires > now.Add(assertionLife).Unix():
		return unknownClient("exp", fmt.Sprintf("it is more than 300 seconds ahead of the server's clock, which says %d: let assertions last less, or compare the clocks", now.Unix()))
	}
	a.expires = expires
	for _, name := range []string{"nbf", "iat"} {
		text, given := a.claims[name]
		if !given {
			continue
		}
		if at, ok := seconds(text); !ok || at > now.Add(clockSkew).Unix() {
			return unknownClient(name, fmt.Sprintf("expected a whole number of seconds since 1970, not in the future; the server's clock says %d", now.Unix()))
		}
	}
	return nil
}

// seconds reads a NumericDate without a fraction.
func seconds(text json.RawMessage) (int64, bool) {
	n, err := strconv.ParseInt(string(text), 10, 64)
	return n, err == nil && n >= 0 && n < math.MaxInt64/2
}

func checkJTI(a *assertion) error {
	if a.jti = textOf(a.claims, "jti"); a.jti == "" || len(a.jti) > 255 {
		return unknownClient("jti", "expected a text of 1 to 255 bytes, another in each assertion")
	}
	return nil
}

func checkHeader(a *assertion) error {
	if !slices.Contains(algorithms, textOf(a.header, "alg")) {
		return unknownClient("alg", "expected "+strings.Join(algorithms, ", "))
	}
	if textOf(a.header, "kid") == "" {
		return unknownClient("kid", "expected the id of one of the client's keys")
	}
	if _, ok := a.header["jku"]; ok && (a.client.KeysURL == "" || textOf(a.header, "jku") != a.client.KeysURL) {
		return unknownClient("jku", "it is not the URL that is registered for the client")
	}
	return nil
}

// verify checks the signature by the one key that the header names.
func (s *Server) verify(ctx context.Context, a *assertion, text string) error {
	match := func(keys []auth.Key) (found []auth.Key) {
		for _, k := range keys {
			if k.ID == textOf(a.header, "kid") && fits(k, textOf(a.header, "alg")) {
				found = append(found, k)
			}
		}
		return found
	}
	keys, err := s.keysOf(ctx, a.client, func(keys []auth.Key) bool { return len(match(keys)) == 1 })
	found := match(keys)
	if len(found) != 1 {
		why := "the client has no key of this id and of the type that alg needs"
		if err != nil {
			why += ": " + strings.ReplaceAll(err.Error(), "\n", "; ")
		}
		return unknownClient("kid", why)
	}
	if !signed(text, textOf(a.header, "alg"), found[0].Public) {
		return unknownClient("signature", "it does not verify with the client's key of this kid")
	}
	return nil
}

// signed reports whether a JSON Web Token, whose form was checked, is signed by a key
// with one of [algorithms]: RFC 7515 section 5.2.
func signed(text, alg string, key any) bool {
	method := jwt.GetSigningMethod(alg)
	at := strings.LastIndexByte(text, '.')
	if method == nil || at < 0 || !slices.Contains(algorithms, alg) {
		return false
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(text[at+1:])
	return err == nil && method.Verify(text[:at], signature, key) == nil
}

// keysOf returns the keys of a client: those that it registered, or published.
func (s *Server) keysOf(ctx context.Context, c *Client, wanted func([]auth.Key) bool) ([]auth.Key, error) {
	if c.KeysURL != "" {
		return s.fetcher.Keys(ctx, c.ID, c.KeysURL, s.now(), wanted)
	}
	return s.clients.keysOf(c)
}

// fits reports whether a key may verify an algorithm: by its type, and by what its
// set says.
func fits(k auth.Key, alg string) bool {
	if k.Declared {
		return k.Algorithm == alg
	}
	switch k.Public.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(alg, "RS")
	case *ecdsa.PublicKey:
		return k.Algorithm == alg
	}
	return false
}
