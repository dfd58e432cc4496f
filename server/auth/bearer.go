package auth

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
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
	// Grants turns scopes of another vocabulary into SMART scopes, with blanks between,
	// such as the urn:nhsd:apim: scopes of the NHS into "system/*.cruds".
	Grants map[string]string
	// Patient names the claim that holds the logical id of the patient to whom scopes
	// of the context patient are confined; "patient" where it is empty. Without the
	// claim they grant nothing.
	Patient string
	// Organisation names the claim that holds the caller's ODS code;
	// "organisation" where it is empty.
	Organisation string
	// RolesClaim names the claim that holds the names of the caller's roles, a text
	// with blanks or a list; "roles" where it is empty. Roles returns what they
	// grant together, and nil Roles takes no notice of the claim. A token without
	// the claim has no roles: its scopes alone limit it.
	RolesClaim string
	Roles      func(names []string) Grants
	// Strength is how strongly a person proved who they are, by the claims of a token;
	// nil where nobody knows.
	Strength func(claims map[string]any) int
	// Delegates are, by the ODS code of an organisation in capitals, those that it
	// may act for besides itself.
	Delegates map[string][]string

	replaced  atomic.Pointer[[]Key]               // in the place of Keys
	delegates atomic.Pointer[map[string][]string] // in the place of Delegates
}

// Authenticate checks the token: form, signature, time, issuer and audience.
func (b *Bearer) Authenticate(r *http.Request) (Identity, error) {
	token, err := Token(r)
	if err != nil {
		return Identity{}, err
	}
	claims, err := b.verify(token)
	if cnf, bound := claims["cnf"]; err == nil && bound {
		err = confirm(cnf, r.TLS)
	}
	if err != nil {
		return Identity{}, Invalid(err)
	}
	return b.identity(claims), nil
}

func (b *Bearer) verify(token string) (jwt.MapClaims, error) {
	if err := b.configured(); err != nil {
		return nil, err
	}
	if _, _, err := Parts(token, "jwt", "at+jwt"); err != nil {
		return nil, err
	}
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(token, claims, b.key, b.options()...)
	return claims, fault(err, claims)
}

// Token returns the access token of a request; an error of kind Login where it
// has none, or several: RFC 6750 section 2.1.
func Token(r *http.Request) (string, error) {
	if len(r.Header.Values("Authorization")) > 1 {
		return "", refused(fhir.Login, "The request has several Authorization headers.", "Send one access token: Authorization: Bearer <token>.", errNoToken)
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme == "" {
		return "", refused(fhir.Login, "The request does not say who is asking.",
			"Send an access token: Authorization: Bearer <token>.", errNoToken)
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return "", refused(fhir.Login, "The Authorization header uses a scheme that this server does not take.",
			"Send an access token: Authorization: Bearer <token>.", errNoToken)
	}
	token = strings.TrimSpace(token)
	if len(token) > maxToken {
		return "", refused(fhir.Forbidden, "The access token is longer than this server takes.", "Get a token with fewer scopes.", malformed("too long"))
	}
	return token, nil
}

// Invalid is the refusal of a token, by what is at fault with it.
func Invalid(err error) error {
	return refused(fhir.Forbidden, "The access token is not valid: "+err.Error()+".", "Get a new token and send the request again.", err)
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
func (b *Bearer) Challenge(err error) string { return Challenge(err) }

// Challenge is the WWW-Authenticate header for an error of [Token] or [Invalid], and
// for a person who must prove anew who they are.
func Challenge(err error) string {
	if errors.Is(err, errNoToken) {
		return `Bearer realm="fhir"`
	}
	if old := (*fhir.ProofTooOld)(nil); errors.As(err, &old) { // RFC 9470 section 3
		challenge := fmt.Sprintf(`Bearer realm="fhir", error="insufficient_user_authentication", error_description="The person must prove anew who they are", max_age="%d"`, int(old.MaxAge.Seconds()))
		if len(old.ACR) > 0 {
			challenge += `, acr_values="` + strings.Join(old.ACR, " ") + `"`
		}
		return challenge
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

// ReplaceDelegates puts others in the place of Delegates, for the tokens that are taken from
// then on. It may be called at any time.
func (b *Bearer) ReplaceDelegates(of map[string][]string) { b.delegates.Store(&of) }

// delegatesOf are the organisations that one may act for.
func (b *Bearer) delegatesOf(organisation string) []string {
	if replaced := b.delegates.Load(); replaced != nil {
		return (*replaced)[organisation]
	}
	return b.Delegates[organisation]
}

// Replace puts other keys in the place of Keys, for the tokens that are verified from
// then on. It may be called at any time.
func (b *Bearer) Replace(keys []Key) { b.replaced.Store(&keys) }

// keys are those by which tokens are verified now.
func (b *Bearer) keys() []Key {
	if replaced := b.replaced.Load(); replaced != nil {
		return *replaced
	}
	return b.Keys
}

func (b *Bearer) methods() []string {
	var names []string
	for _, k := range b.keys() {
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
			return nil, errKid
		}
	}
	keys := b.keys()
	if !named && len(keys) > 1 {
		return nil, errKid
	}
	for _, k := range keys {
		if k.Algorithm == t.Method.Alg() && (!named || k.ID == id || k.ID == "" && len(keys) == 1) {
			return k.Public, nil
		}
	}
	return nil, errKid
}

func (b *Bearer) identity(claims jwt.MapClaims) Identity {
	text := func(name string) string { s, _ := claims[name].(string); return s }
	var scopes []string
	for _, s := range words(claims["scope"]) {
		if smart, ok := b.Grants[s]; ok {
			scopes = append(scopes, strings.Fields(smart)...)
		} else {
			scopes = append(scopes, s)
		}
	}
	organisation := strings.ToUpper(text(cmp.Or(b.Organisation, "organisation"))) // as ODS codes are written
	out := Identity{
		Requester: fhir.Principal{
			Agent:    cmp.Or(text("fhirUser"), text("sub"), text("client_id"), "unnamed"),
			Display:  text("name"),
			OnBehalf: organisation, Delegates: b.delegatesOf(organisation),
			Client: text("client_id"),
		},
		Scopes:   ParseScopes(strings.Join(scopes, " ")).OfPatient(text(cmp.Or(b.Patient, "patient"))),
		Standing: func() Standing { return standing(claims) },
	}
	if at, ok := claims["auth_time"].(float64); ok && at > 0 && at < 1<<40 {
		out.Requester.Verified = time.Unix(int64(at), 0).UTC()
	}
	if b.Strength != nil {
		out.Requester.Strength = b.Strength(claims)
	}
	out.Requester.Person = b.ofPerson(claims, scopes)
	if claim, ok := claims[cmp.Or(b.RolesClaim, "roles")]; ok && b.Roles != nil {
		out.Requester.Roles = words(claim)
		out.Roles = b.Roles(out.Requester.Roles)
		out.Requester.SeesAll, out.Requester.SeesNone = out.Roles.SeesAll(), out.Roles.SeesNone()
	}
	return out
}

// ofPerson reports whether a token is of a person: it says when they proved who they
// are, has their roles, or scopes of a user or a patient.
func (b *Bearer) ofPerson(claims jwt.MapClaims, scopes []string) bool {
	_, proved := claims["auth_time"]
	_, roles := claims[cmp.Or(b.RolesClaim, "roles")]
	return proved || roles || slices.ContainsFunc(scopes, func(text string) bool {
		context, _, _ := strings.Cut(text, "/")
		return context == "user" || context == "patient"
	})
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

// fault names the claim or the member of the header for which the parser refused
// a token, without a word of its content; nil where it did not.
func fault(err error, claims jwt.MapClaims) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing), errors.Is(err, jwt.ErrInvalidType):
		return ill(claims)
	case errors.Is(err, jwt.ErrTokenExpired):
		return &Fault{"exp", "the token has expired"}
	case errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return &Fault{"iat", "the token was issued in the future: compare the clocks"}
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return &Fault{"nbf", "the token is not valid yet: compare the clocks"}
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return &Fault{"aud", "the token was issued for another server"}
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return &Fault{"iss", "the server does not trust this issuer"}
	case errors.Is(err, errKid):
		return &Fault{"kid", "it must name one key that the server trusts, of the algorithm that the token uses"}
	case errors.Is(err, jwt.ErrTokenMalformed):
		return malformed("it is not a JSON Web Token")
	}
	return &Fault{"signature", "it is not by a key that the server trusts, or alg is not the algorithm of that key"}
}

// ill names the claim that is missing or of another type.
func ill(claims jwt.MapClaims) error {
	for _, name := range []string{"exp", "nbf", "iat"} {
		if _, number := claims[name].(float64); !number && (claims[name] != nil || name == "exp") {
			return &Fault{name, "it must be a number of seconds"}
		}
	}
	if _, text := claims["iss"].(string); !text {
		return &Fault{"iss", "it must be a text"}
	}
	return &Fault{"aud", "it must be a text, or a list of texts"}
}

var errKid = errors.New("no such key")
