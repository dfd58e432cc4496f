package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/limit"
	"github.com/pestle-fhir/pestle/server/people"
	"github.com/pestle-fhir/pestle/server/webauthn"
)

// OpenID is an OpenID provider that signs people in: OpenID Connect Core, the
// authorization code flow with PKCE. Issuer and Client are needed.
type OpenID struct {
	Issuer   string
	ClientID string
	Secret   string   // of the client
	Name     string   // as the page names it
	Scopes   []string // besides openid
	// ACR are the values of acr of which an id_token must have one, such as those of
	// an authentication with a smartcard; none for any.
	ACR    []string
	Claims Claims
	Most   time.Duration // how long ago the person may have proved there who they are
	Client *http.Client

	mu       sync.Mutex
	provider *oidc.Provider // nil until it was found
	failed   error          // why it was not
	asked    time.Time      // when it was looked for
}

// The paths of the flow: where it begins, and where the provider leads back.
const (
	openIDPath   = SignInPath + "/openid"
	CallbackPath = openIDPath + "/callback" // the redirect_uri, below the origin
)

const (
	openIDSkew   = time.Minute // of the provider's clock
	openIDTime   = 10 * time.Second
	openIDLife   = 10 * time.Minute // of an id_token since it was issued
	openIDPacing = 5 * time.Second  // between two looks for a provider that fails
	openIDCookie = "pestle-openid"
)

// algorithms are those by which id_tokens may be signed.
var openIDAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// find asks the provider how it works, once; one that fails is left alone for a while.
func (o *OpenID) find(now time.Time) (*oidc.Provider, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider != nil || o.failed != nil && now.Sub(o.asked) < openIDPacing {
		return o.provider, o.failed
	}
	// The context is kept for the keys, which are fetched later.
	o.provider, o.failed = oidc.NewProvider(oidc.ClientContext(context.Background(), o.Client), o.Issuer)
	o.asked = now
	return o.provider, o.failed
}

func (o *OpenID) oauth(p *oidc.Provider, origin string) (*oauth2.Config, error) {
	var said struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := p.Claims(&said); err != nil {
		return nil, err
	}
	endpoint := p.Endpoint()
	if endpoint.AuthStyle = oauth2.AuthStyleInHeader; len(said.Methods) > 0 && !slices.Contains(said.Methods, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{ClientID: o.ClientID, ClientSecret: o.Secret, Endpoint: endpoint, RedirectURL: origin + CallbackPath, Scopes: append([]string{oidc.ScopeOpenID}, o.Scopes...)}, nil
}

// A flow is a sign-in at the provider that is under way. The browser has its secret and
// where it goes then, in a cookie; what the provider gets is derived from that, so that
// nothing is kept here.
type flow struct{ cookie, back string }

func newFlow(back string) flow {
	var secret [sessionSecret]byte
	_, _ = rand.Read(secret[:]) // never fails
	return flow{encode(secret[:]) + "." + encode([]byte(back)), back}
}

const sessionSecret = 32

// readFlow is the flow of a cookie; false where it is not one.
func readFlow(cookie string) (flow, bool) {
	secret, back, ok := strings.Cut(cookie, ".")
	text, err := base64.RawURLEncoding.DecodeString(back)
	return flow{cookie, backOf(string(text))}, ok && err == nil && len(secret) == base64.RawURLEncoding.EncodedLen(sessionSecret)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// derived is a secret of a flow for a purpose.
func (s *Server) derived(purpose string, f flow) string {
	return encode(s.challenges.mac(purpose, []byte(f.cookie)))
}

func (f flow) purpose() string { return "openid " + f.cookie }

func (s *Server) flowCookie() string {
	if s.secure {
		return "__Host-" + openIDCookie
	}
	return openIDCookie
}

// toProvider sends the browser to the provider.
func (s *Server) toProvider(w http.ResponseWriter, form url.Values) {
	o := s.config.OpenID
	provider, err := o.find(s.config.Clock())
	var config *oauth2.Config
	if err == nil {
		config, err = o.oauth(provider, s.party.Origin)
	}
	if err != nil {
		s.config.Logger.Error("the OpenID provider does not answer", "issuer", o.Issuer, "error", err)
		s.refuse(w, http.StatusBadGateway, o.Name+" does not answer. Try again later, or sign in with a passkey.")
		return
	}
	f := newFlow(backOf(form.Get("back")))
	state, _ := webauthn.Bytes(s.challenges.issue(f.purpose(), s.config.Clock())).MarshalText()
	options := []oauth2.AuthCodeOption{oidc.Nonce(s.derived("nonce", f)), oauth2.S256ChallengeOption(s.derived("pkce", f)), oauth2.SetAuthURLParam("max_age", fmt.Sprint(int(o.Most.Seconds())))}
	if since := sinceIn(f.back); !since.IsZero() {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	if acr := o.acrFor(f.back); acr != "" {
		options = append(options, oauth2.SetAuthURLParam("acr_values", acr))
	}
	http.SetCookie(w, &http.Cookie{Name: s.flowCookie(), Value: f.cookie, Path: "/", MaxAge: int(challengeLife.Seconds()), Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	lead(w, config.AuthCodeURL(string(state), options...))
}

// acrFor are the values of acr that the provider is asked for: of those that it may
// answer, what the app wants to which the browser goes back.
func (o *OpenID) acrFor(back string) string {
	_, query, _ := strings.Cut(back, "?")
	values, err := url.ParseQuery(query)
	wanted := strings.Fields(values.Get("acr_values"))
	if err != nil || len(wanted) == 0 {
		return strings.Join(o.ACR, " ")
	}
	if len(o.ACR) > 0 {
		wanted = slices.DeleteFunc(wanted, func(acr string) bool { return !slices.Contains(o.ACR, acr) })
	}
	if len(wanted) == 0 {
		wanted = o.ACR
	}
	return strings.Join(wanted, " ")
}

// errOpenID is the error of an answer that is not taken; the log has more.
type errOpenID struct{ reason string }

func (e *errOpenID) Error() string { return e.reason }

func refusedOpenID(format string, args ...any) error {
	return &errOpenID{fmt.Sprintf(format, args...)}
}

// fromProvider takes what the provider answers, with a code.
func (s *Server) fromProvider(w http.ResponseWriter, r *http.Request, form url.Values) {
	if s.attempts.Take(limit.Address(r), s.config.Clock()) > 0 {
		s.refuse(w, http.StatusTooManyRequests, "There were too many attempts from this address. Try again in a minute.")
		return
	}
	f, ok := flow{}, false
	if list := r.CookiesNamed(s.flowCookie()); len(list) == 1 {
		f, ok = readFlow(list[0].Value)
	}
	state := s.challenges.read(form.Get("state"), f.purpose(), s.config.Clock())
	if !ok || state == nil || !s.challenges.take(state, s.config.Clock()) {
		s.signInPage(w, http.StatusForbidden, f.back, tooLate)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: s.flowCookie(), Path: "/", MaxAge: -1, Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	ctx, cancel := context.WithTimeout(r.Context(), openIDTime)
	defer cancel()
	p, session, err := s.proven(ctx, form, f)
	if err != nil {
		s.config.Logger.Warn("sign-in at the OpenID provider refused", "issuer", s.config.OpenID.Issuer, "fault", err)
		s.failed(r, signedIn, known(&p))
		said := "You are not signed in: " + s.config.OpenID.Name + " did not answer as it should. Ask who runs this server."
		if reason := (*errOpenID)(nil); errors.As(err, &reason) {
			said = "You are not signed in: " + reason.reason + ". Ask who runs this server."
		}
		s.signInPage(w, http.StatusForbidden, f.back, said)
		return
	}
	if err := s.done(r, signedIn, &p); err != nil {
		s.unavailable(w, err)
		return
	}
	session.Person = p.ID
	s.begin(w, r, session, f.back)
}

// proven is who signed in at the provider, and the session that they may have here.
func (s *Server) proven(ctx context.Context, form url.Values, f flow) (p people.Person, session people.Session, err error) {
	o := s.config.OpenID
	switch {
	case form.Get("error") != "":
		return p, session, refusedOpenID("%s refused it", o.Name)
	case form.Has("iss") && form.Get("iss") != o.Issuer: // RFC 9207
		return p, session, errors.New("the answer is of another issuer")
	case form.Get("code") == "":
		return p, session, errors.New("the answer has no code")
	}
	provider, err := o.find(s.config.Clock())
	if err != nil {
		return p, session, err
	}
	config, err := o.oauth(provider, s.party.Origin)
	if err != nil {
		return p, session, err
	}
	ctx = oidc.ClientContext(ctx, o.Client)
	token, err := config.Exchange(ctx, form.Get("code"), oauth2.VerifierOption(s.derived("pkce", f)))
	if err != nil {
		return p, session, err
	}
	claims, err := s.idToken(ctx, provider, token, f)
	if err != nil {
		return p, session, err
	}
	p.Practitioner = o.Issuer + "|" + claims.text("sub") // for the record, until more is known
	proved, err := o.judge(claims, sinceIn(f.back), s.config.Clock())
	if err != nil {
		return p, session, err
	}
	session = people.Session{Way: people.WayOpenID, Verified: proved.Unix(), Strength: s.strength(claims), Provider: o.Issuer, SID: claims.text("sid")}
	found, err := s.admitted(ctx, provider, token, claims)
	if found.ID != "" {
		p = found
	}
	return p, session, err
}

// idToken verifies the id_token: OpenID Connect Core section 3.1.3.7.
func (s *Server) idToken(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, f flow) (claimSet, error) {
	o := s.config.OpenID
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("the provider sent no id_token")
	}
	if _, _, err := auth.Parts(raw, "jwt"); err != nil {
		return nil, err
	}
	id, err := provider.Verifier(&oidc.Config{ClientID: o.ClientID, SupportedSigningAlgs: openIDAlgorithms, Now: func() time.Time { return s.config.Clock().Add(-openIDSkew) }}).Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	claims := claimSet{}
	if err := id.Claims(&claims); err != nil {
		return nil, err
	}
	now := s.config.Clock()
	azp, hasParty := claims["azp"]
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(s.derived("nonce", f))) != 1:
		return nil, errors.New("nonce: it is of another sign-in")
	case hasParty && azp != o.ClientID, !hasParty && len(id.Audience) > 1:
		return nil, errors.New("azp: it is for another client")
	case id.IssuedAt.After(now.Add(openIDSkew)) || now.Sub(id.IssuedAt) > openIDLife:
		return nil, errors.New("iat: it was issued in the future, or long ago: compare the clocks")
	case id.Subject == "" || len(id.Subject) > 255:
		return nil, errors.New("sub: there is none")
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			return nil, err
		}
	}
	return claims, nil
}

// judge compares how and when a person proved who they are with what is asked for.
func (o *OpenID) judge(claims claimSet, since, now time.Time) (proved time.Time, err error) {
	seconds, ok := claims["auth_time"].(float64)
	if !ok || seconds <= 0 || seconds > 1<<40 {
		return proved, refusedOpenID("%s does not say when you proved who you are (auth_time)", o.Name)
	}
	proved = time.Unix(int64(seconds), 0)
	switch {
	case proved.After(now.Add(openIDSkew)):
		return proved, errors.New("auth_time: it is in the future: compare the clocks")
	case now.Sub(proved) > o.Most+openIDSkew, proved.Before(since.Add(-openIDSkew)):
		return proved, refusedOpenID("you proved too long ago at %s who you are", o.Name)
	case len(o.ACR) > 0 && !slices.Contains(o.ACR, claims.text("acr")):
		return proved, refusedOpenID("%s is asked for a stronger proof of who you are than you gave", o.Name)
	}
	return proved, nil
}
