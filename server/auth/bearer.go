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
	Issuer   string // wanted iss
	Audience string // wanted aud
	// AnyIssuer and AnyAudience take tokens whatever their iss and aud say.
	// Without them a Bearer that has no Issuer or no Audience takes no token.
	AnyIssuer, AnyAudience bool
	Leeway                 time.Duration
	Clock                  func() time.Time // nil for time.Now
	// Grants turns scopes of another vocabulary into SMART scopes, such as the
	// urn:nhsd:apim: scopes of the NHS into "system/*.cruds".
	Grants map[string]string
	// Organisation names the claim that holds the caller's ODS code;
	// "organisation" where it is empty.
	Organisation string
	// RolesClaim names the claim that holds the names of the caller's roles, a text
	// with blanks or a list; "roles" where it is empty. Roles returns what they
	// grant together, and nil Roles takes no notice of the claim. A token without
	// the claim has no roles: its scopes alone limit it.
	RolesClaim string
	Roles      func(names []string) Grants
	// Delegates are, by the ODS code of an organisation in capitals, those that it
	// may act for besides itself.
	Delegates map[string][]string
}

// Authenticate checks the token: signature, time, issuer and audience.
func (b *Bearer) Authenticate(r *http.Request) (Identity, error) {
	if len(r.Header.Values("Authorization")) > 1 {
		return Identity{}, refused(fhir.Login, "The request has several Authorization headers.", "Send one access token: Authorization: Bearer <token>.", errNoToken)
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme == "" {
		return Identity{}, refused(fhir.Login, "The request does not say who is asking.",
			"Send an access token: Authorization: Bearer <token>.", errNoToken)
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return Identity{}, refused(fhir.Login, "The Authorization header uses a scheme that this server does not take.",
			"Send an access token: Authorization: Bearer <token>.", errNoToken)
	}
	token = strings.TrimSpace(token)
	if len(token) > maxToken {
		return Identity{}, refused(fhir.Forbidden, "The access token is longer than this server takes.", "Get a token with fewer scopes.", errForm)
	}
	claims := jwt.MapClaims{}
	err := b.configured()
	if err == nil {
		_, err = jwt.ParseWithClaims(token, claims, b.key, b.options()...)
	}
	if err == nil {
		err = checkForm(token)
	}
	if cnf, bound := claims["cnf"]; err == nil && bound {
		err = confirm(cnf, r.TLS)
	}
	if err != nil {
		return Identity{}, refused(fhir.Forbidden, reason(err), "Get a new token and send the request again.", err)
	}
	return b.identity(claims), nil
}

// maxToken is the longest token that is read, in bytes.
const maxToken = 16 << 10

var errNoToken = errors.New("no bearer token")

// configured refuses every token where it is not said which issuer and which
// audience are wanted: the options of the parser take "" for any.
func (b *Bearer) configured() error {
	if b.Issuer == "" && !b.AnyIssuer || b.Audience == "" && !b.AnyAudience {
		return errors.New("no issuer or no audience is configured")
	}
	return nil
}

// Challenge is the WWW-Authenticate header of a refusal: RFC 6750 section 3.
func (b *Bearer) Challenge(err error) string {
	if errors.Is(err, errNoToken) {
		return `Bearer realm="fhir"`
	}
	return `Bearer realm="fhir", error="invalid_token"`
}

func (b *Bearer) options() []jwt.ParserOption {
	options := []jwt.ParserOption{
		jwt.WithValidMethods(b.methods()), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(), jwt.WithLeeway(b.Leeway),
	}
	if !b.AnyIssuer {
		options = append(options, jwt.WithIssuer(b.Issuer))
	}
	if !b.AnyAudience {
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

// key returns the one key that may have signed the token: the one that its kid
// names, or the only one there is where it names none.
func (b *Bearer) key(t *jwt.Token) (any, error) {
	id, named := "", false
	if text, ok := t.Header["kid"]; ok {
		if id, named = text.(string); !named || id == "" {
			return nil, errors.New("the kid is not a name")
		}
	}
	if !named && len(b.Keys) > 1 {
		return nil, errors.New("no kid, and several keys")
	}
	for _, k := range b.Keys {
		if k.Algorithm == t.Method.Alg() && (!named || k.ID == id || k.ID == "" && len(b.Keys) == 1) {
			return k.Public, nil
		}
	}
	return nil, errors.New("no key of that id and algorithm")
}

func (b *Bearer) identity(claims jwt.MapClaims) Identity {
	text := func(name string) string { s, _ := claims[name].(string); return s }
	scopes := words(claims["scope"])
	for i, s := range scopes {
		if smart, ok := b.Grants[s]; ok {
			scopes[i] = smart
		}
	}
	organisation := strings.ToUpper(text(cmp.Or(b.Organisation, "organisation"))) // as ODS codes are written
	out := Identity{
		Requester: fhir.Principal{
			Agent:    cmp.Or(text("fhirUser"), text("sub"), text("client_id"), "unnamed"),
			Display:  text("name"),
			OnBehalf: organisation, Delegates: b.Delegates[organisation],
			Client: text("client_id"),
		},
		Scopes: ParseScopes(strings.Join(scopes, " ")),
	}
	if claim, ok := claims[cmp.Or(b.RolesClaim, "roles")]; ok && b.Roles != nil {
		out.Requester.Roles = words(claim)
		out.Roles = b.Roles(out.Requester.Roles)
		out.Requester.SeesAll = out.Roles.SeesAll()
	}
	return out
}

// words are those of a claim that is a text with blanks, or a list of texts.
func words(claim any) (out []string) {
	switch v := claim.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		for _, s := range v {
			if s, ok := s.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

// reason says what is wrong with a token, without a word of its content.
func reason(err error) string {
	switch {
	case errors.Is(err, errBound):
		return "The access token is bound to a client certificate (cnf), and the connection has another or none."
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
	case errors.Is(err, jwt.ErrTokenMalformed), errors.Is(err, errForm):
		return "The access token is not a JSON Web Token for access in the form of RFC 7519 and RFC 9068."
	}
	return "The access token's signature is not by a key that this server trusts."
}
