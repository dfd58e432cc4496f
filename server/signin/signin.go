// Package signin signs people in to the server in their browsers: with a passkey,
// which they register by the code of an invitation. It serves the pages for that and
// for what is their own: passkeys and sessions.
//
// A session is known by a cookie that authenticates these pages and the
// authorization endpoint of package oauth, and never the API. Every sign-in, failure,
// sign-out and registration is recorded in the audit log before it has an effect.
package signin

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/limit"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/server/page"
	"github.com/pestle-fhir/pestle/server/people"
	"github.com/pestle-fhir/pestle/server/webauthn"
)

// Audit keeps what people did to sign in.
type Audit interface {
	// Record stores accesses and returns when they are durable.
	Record(ctx context.Context, list ...*fhir.Access) error
}

// Apps are what people have let apps do.
type Apps interface {
	AppsOf(person string) []oauth.Granted
	EndApp(person, id string) error
	// EndOnline ends what apps may do as long as a person is signed in.
	EndOnline(person string) error
}

// Config is what a Server is made of. People, Audit and Origin are needed.
type Config struct {
	People *people.Registry
	Audit  Audit
	Origin string  // by which browsers know the server: "https://pestle.example"
	Apps   Apps    // nil where there are none
	OpenID *OpenID // who signs people in besides; nil for nobody
	// Strength is how strongly somebody proved who they are, by the claims of an id_token;
	// of a passkey that is the claim "way". nil where nobody knows.
	Strength func(claims map[string]any) int
	Site     page.Site
	Rate     limit.Rate // attempts from one address; zero for 1 a second, 30 at once
	Logger   *slog.Logger
	Clock    func() time.Time
}

// Server serves the pages. Make one with [New].
type Server struct {
	config     Config
	party      webauthn.Party
	cookie     string // the name of the cookie
	secure     bool
	challenges challenges
	attempts   *limit.Limiter
	logouts    *limit.Limiter
	ids        usedIDs // of logout tokens
	denials    limit.Denials
	own        *http.CrossOriginProtection
}

// The paths of the pages.
const (
	SignInPath     = "/sign-in"
	SignOutPath    = "/sign-out"
	InvitationPath = "/invitation"
	AccountPath    = "/account"
)

// The names of the cookie. The prefix keeps other hosts of a domain, and pages in
// clear text, from setting it: RFC 6265bis section 4.1.3.2. Browsers refuse it without
// TLS, as a server on localhost is tried out.
const (
	secureCookie = "__Host-pestle-session"
	localCookie  = "pestle-session"
)

// New returns a server for the pages. The error says why passkeys cannot be used at
// its origin.
func New(config Config) (*Server, error) {
	party, err := partyOf(config.Origin)
	if err != nil {
		return nil, err
	}
	config.Rate = config.Rate.Or(limit.Rate{Second: 1, Burst: 30})
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	s := &Server{config: config, party: party, secure: strings.HasPrefix(party.Origin, "https://"), attempts: limit.New(config.Rate), logouts: limit.New(logoutRate), challenges: newChallenges()}
	s.own = http.NewCrossOriginProtection()
	if err := s.own.AddTrustedOrigin(party.Origin); err != nil { // whatever name a proxy asks by
		return nil, err
	}
	s.cookie = localCookie
	if s.secure {
		s.cookie = secureCookie
	}
	return s, nil
}

// partyOf is the relying party of an origin: browsers have passkeys for names of
// hosts, under TLS or on localhost (Web Authentication Level 3, section 5.1.3).
func partyOf(origin string) (webauthn.Party, error) {
	refuse := func(why string) (webauthn.Party, error) {
		return webauthn.Party{}, fmt.Errorf("browsers have no passkeys for %s: %s; expected https and the name of a host, or http://localhost", origin, why)
	}
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Hostname() == "":
		return refuse("it is not an origin")
	case isAddress(u.Hostname()):
		return refuse("an IP address is not the name of a host")
	case u.Scheme != "https" && u.Hostname() != "localhost":
		return refuse("it is not reached under TLS")
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	}
	return webauthn.Party{ID: strings.ToLower(u.Hostname()), Origin: u.Scheme + "://" + host}, nil
}

// Check refuses an origin for which browsers have no passkeys.
func Check(origin string) error {
	_, err := partyOf(origin)
	return err
}

// Serves reports whether a path is one of a page.
func (s *Server) Serves(path string) bool {
	switch path {
	case SignInPath, SignOutPath, InvitationPath, AccountPath:
		return true
	case openIDPath, CallbackPath, LogoutPath:
		return s.config.OpenID != nil
	}
	return false
}

// Within serves the pages beside everything else.
func (s *Server) Within(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Serves(r.URL.Path) {
			s.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ServeHTTP serves the pages.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == LogoutPath {
		s.logout(w, r)
		return
	}
	form, refused := s.form(w, r)
	switch {
	case refused:
	case r.URL.Path == SignInPath:
		s.signIn(w, r, form)
	case r.URL.Path == openIDPath:
		s.toProvider(w, form)
	case r.URL.Path == CallbackPath:
		s.fromProvider(w, r, form)
	case r.URL.Path == InvitationPath:
		s.invitation(w, r, form)
	case r.URL.Path == SignOutPath:
		s.signOut(w, r)
	default:
		s.account(w, r, form)
	}
}

// Signed returns the person whose session a request of a browser belongs to: see
// [oauth.SignIn].
func (s *Server) Signed(r *http.Request) (oauth.Person, oauth.Proof, bool) {
	p, session, ok := s.config.People.Signed(s.nameIn(r))
	if !ok {
		return oauth.Person{}, oauth.Proof{}, false
	}
	return personOf(&p), oauth.Proof{At: time.Unix(session.Verified, 0), Strength: session.Strength}, true
}

// Still reports whether the session of a request is in force, and does not count as its
// use: a page that is told of changes keeps nobody signed in.
func (s *Server) Still(r *http.Request) bool { return s.config.People.Holds(s.nameIn(r)) }

// SignInURL is the address of the page on which a person signs in and then goes back.
func (*Server) SignInURL(back string) string {
	return SignInPath + "?" + url.Values{"back": {back}}.Encode()
}

// Account returns a person as they are now, false where they may not sign in.
func (s *Server) Account(name string) (oauth.Person, bool) {
	p, err := s.config.People.Person(name)
	if err != nil || p.Disabled {
		return oauth.Person{}, false
	}
	return personOf(&p), true
}

// personOf is a person as those see them who act for them.
func personOf(p *people.Person) oauth.Person {
	return oauth.Person{Name: p.ID, Agent: p.Agent(), Display: p.Name, Organisation: p.Organisation, Roles: p.Roles}
}

// nameIn is the name of the session in the cookie of a request, "" where there is
// none, or several.
func (s *Server) nameIn(r *http.Request) string {
	list := r.CookiesNamed(s.cookie)
	if len(list) != 1 {
		return ""
	}
	return list[0].Value
}

// strength is how strongly claims say that somebody proved who they are.
func (s *Server) strength(claims map[string]any) int {
	if s.config.Strength == nil {
		return 0
	}
	return s.config.Strength(claims)
}

// passkeySession is a session of who has shown a passkey.
func (s *Server) passkeySession(person string, passkey []byte) people.Session {
	return people.Session{Person: person, Way: people.WayPasskey, Passkey: passkey, Strength: s.strength(map[string]any{"way": people.WayPasskey})}
}

// begin begins a session in the browser, and leads to where it was to go.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, session people.Session, back string) {
	name, err := s.config.People.Begin(session, s.nameIn(r))
	if err != nil {
		s.unavailable(w, err)
		return
	}
	s.setCookie(w, name, 0)
	lead(w, cmp.Or(back, AccountPath))
}

func (s *Server) setCookie(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: s.cookie, Value: value, Path: "/", MaxAge: age, Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// lead sends the browser to another page of the server.
func lead(w http.ResponseWriter, to string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// backOf is where a browser may be sent after it has signed in: to the authorization
// endpoint, to the console or to their account, and to nowhere else.
func backOf(text string) string {
	if page.MayReturn(text) || strings.HasPrefix(text, oauth.AuthorizePath+"?") && !strings.ContainsAny(text, "\r\n\\") {
		return text
	}
	return AccountPath
}

// sinceIn is since when the app to which a browser goes back wants the person to have
// proved who they are; zero where it does not say.
func sinceIn(back string) time.Time {
	_, query, _ := strings.Cut(back, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return time.Time{}
	}
	return oauth.Since(values)
}
