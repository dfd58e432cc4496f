package auth

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pestle-fhir/pestle/fhir"
)

// Bearer recognises callers by a JSON Web Token in the Authorization header:
// https://www.rfc-editor.org/rfc/rfc6750 and rfc7519.
type Bearer struct {
	Keys     []Key
	Issuer   string // wanted iss, "" for any
	Audience string // wanted aud, "" for any
	Leeway   time.Duration
	Clock    func() time.Time // nil for time.Now
	// Grants turns scopes of another vocabulary into SMART scopes, such as the
	// urn:nhsd:apim: scopes of the NHS into "system/*.cruds".
	Grants map[string]string
	// Organisation names the claim that holds the caller's ODS code;
	// "organisation" where it is empty.
	Organisation string
}

// Authenticate checks the token: signature, time, issuer and audience.
func (b *Bearer) Authenticate(r *http.Request) (Identity, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme == "" {
		return Identity{}, refused(fhir.Login, "The request does not say who is asking.",
			"Send an access token: Authorization: Bearer <token>.", errNoToken)
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return Identity{}, refused(fhir.Login, "The Authorization header uses a scheme that this server does not take.",
			"Send an access token: Authorization: Bearer <token>.", errNoToken)
	}
	claims := jwt.MapClaims{}
	if _, err := jwt.ParseWithClaims(strings.TrimSpace(token), claims, b.key, b.options()...); err != nil {
		return Identity{}, refused(fhir.Forbidden, reason(err), "Get a new token and send the request again.", err)
	}
	return b.identity(claims), nil
}

var errNoToken = errors.New("no bearer token")

// Challenge is the WWW-Authenticate header of a refusal: RFC 6750 section 3.
func (b *Bearer) Challenge(err error) string {
	if errors.Is(err, errNoToken) {
		return `Bearer realm="fhir"`
	}
	return `Bearer realm="fhir", error="invalid_token"`
}

func (b *Bearer) options() []jwt.ParserOption {
	options := []jwt.ParserOption{
		jwt.WithValidMethods(b.methods()), jwt.WithExpirationRequired(), jwt.WithLeeway(b.Leeway),
	}
	if b.Issuer != "" {
		options = append(options, jwt.WithIssuer(b.Issuer))
	}
	if b.Audience != "" {
		options = append(options, jwt.WithAudience(b.Audience))
	}
	if b.Clock != nil {
		options = append(options, jwt.WithTimeFunc(b.Clock))
	}
	return options
}

func (b *Bearer) methods() []string {
	var names []string
	for _, k := range b.Keys {
		names = append(names, k.Algorithm)
	}
	return names
}

// key gives the keys that may have signed the token: those of its algorithm
// and, when it names one, of its key id.
func (b *Bearer) key(t *jwt.Token) (any, error) {
	id, _ := t.Header["kid"].(string)
	var set jwt.VerificationKeySet
	for _, k := range b.Keys {
		if k.Algorithm == t.Method.Alg() && (id == "" || k.ID == "" || k.ID == id) {
			set.Keys = append(set.Keys, k.Public)
		}
	}
	if len(set.Keys) == 0 {
		return nil, errors.New("no key of that id and algorithm")
	}
	return set, nil
}

func (b *Bearer) identity(claims jwt.MapClaims) Identity {
	text := func(name string) string { s, _ := claims[name].(string); return s }
	var scopes []string
	switch v := claims["scope"].(type) {
	case string:
		scopes = strings.Fields(v)
	case []any:
		for _, s := range v {
			if s, ok := s.(string); ok {
				scopes = append(scopes, s)
			}
		}
	}
	for i, s := range scopes {
		if smart, ok := b.Grants[s]; ok {
			scopes[i] = smart
		}
	}
	return Identity{
		Requester: fhir.Requester{
			Agent:    cmp.Or(text("fhirUser"), text("sub"), text("client_id"), "unnamed"),
			Display:  text("name"),
			OnBehalf: text(cmp.Or(b.Organisation, "organisation")),
		},
		Scopes: ParseScopes(strings.Join(scopes, " ")),
	}
}

// reason says what is wrong with a token, without a word of its content.
func reason(err error) string {
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return "The access token has expired."
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return "The access token is not valid yet."
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return "The access token was issued for another server: its aud is not ours."
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return "The access token comes from an issuer that this server does not trust."
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return "The access token lacks a claim that this server needs (exp, aud or iss)."
	case errors.Is(err, jwt.ErrTokenMalformed):
		return "The access token is no JSON Web Token."
	}
	return "The access token's signature is not by a key that this server trusts."
}
