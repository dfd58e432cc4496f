// Package oauth issues access tokens to registered clients: to programs that act for
// themselves (SMART Backend Services, RFC 7523) and to apps that act for a person who
// has signed in and consented (SMART App Launch: authorization codes with PKCE,
// RFC 6749, RFC 7636, refresh tokens, launch context, id_token). It has endpoints for
// introspection (RFC 7662) and revocation (RFC 7009) as SMART App Launch 2.2 asks:
// https://hl7.org/fhir/smart-app-launch/STU2.2/
//
// Access tokens are 256 random bits that mean nothing by themselves. The server
// keeps their SHA-256 alone, so that they are verified by one look-up and revoked
// at once. What it must not forget is on a [Shelf], durable before it answers.
package oauth

import (
	"cmp"
	"crypto/x509"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/keyset"
	"github.com/pestle-fhir/pestle/server/page"
)

// Shelf keeps values by name.
type Shelf interface {
	// Write stores values and deletes those that are nil: all or none, and durable
	// when it returns.
	Write(values map[string][]byte) error
	// Each calls f with each name and value.
	Each(f func(name string, value []byte) error) error
}

// Next recognises callers that have none of this server's tokens.
type Next interface {
	Authenticate(r *http.Request) (auth.Identity, error)
	Challenge(err error) string
}

// Config is what a Server is made of. Shelf and Audience are needed.
type Config struct {
	Shelf Shelf
	// Audience returns the values of aud that assertions of clients may have: the
	// URLs of the token endpoint.
	Audience func() []string
	// Next is asked about callers without a token of this server; nil where there
	// are no others.
	Next Next
	// SignIn tells who uses a browser; nil where the server knows no people, and then
	// it authorizes no launches.
	SignIn SignIn
	// Strength is how strongly a value of acr says that somebody proved who they are; nil
	// where apps do not ask for that.
	Strength func(acr string) int
	// Account returns a person by the name of their account as they are now, false
	// where they have left; nil where they stay as they were.
	Account func(name string) (Person, bool)
	// Chart finds the patients of launches. Bases are the paths of the FHIR service
	// below an origin, by which apps name it as the audience of what they ask for.
	Chart Chart
	Bases []string
	// Site is what the pages say about the server.
	Site page.Site
	// Roles returns what roles grant together, and Known whether there is one of a
	// name; with nil Roles, clients have none.
	Roles func(names []string) auth.Grants
	Known func(role string) bool
	// Delegates are, by ODS code, the organisations that one may act for besides
	// itself.
	Delegates map[string][]string

	Lifetime    time.Duration  // of access tokens; 0 for 5 minutes, which is the most
	PrivateKeys bool           // key sets may be fetched from addresses of private networks
	KeysRoots   *x509.CertPool // of who signs the certificates of key sets; nil for the system's
	ClientRate  Rate           // requests of one client; 0 for 20 a second, 200 at once
	AddressRate Rate           // requests from one address; 0 for 100 a second, 1000 at once
	Logger      *slog.Logger
	Clock       func() time.Time
}

// lifetime is the longest life of an access token: SMART Backend Services, "the
// expires_in value … SHOULD NOT exceed 300".
const lifetime = 5 * time.Minute

// Server issues, verifies and revokes tokens. Make one with [New].
type Server struct {
	config  Config
	writer  writer
	fetcher *keyset.Fetcher
	clients registry
	replay  replay
	limits  limits

	delegates atomic.Pointer[map[string][]string] // in the place of those of the config

	waiting waiting
	signing signing

	mu       sync.RWMutex
	tokens   map[hash]*token
	codes    map[hash]*code
	grants   map[string]*grant
	launches map[hash]*launch
	swept    time.Time // when what had expired was last dropped
}

// ReplaceDelegates puts others in the place of the delegates of the config, and works out
// again what the bearers of tokens may do, by the roles as they are now: for the requests
// that are made from then on. It may be called at any time.
func (s *Server) ReplaceDelegates(of map[string][]string) {
	s.delegates.Store(&of)
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, t := range s.tokens {
		now := *t // a request may hold the other
		s.identify(&now)
		s.tokens[key] = &now
	}
}

// delegatesOf are the organisations that one may act for.
func (s *Server) delegatesOf(organisation string) []string {
	if replaced := s.delegates.Load(); replaced != nil {
		return (*replaced)[organisation]
	}
	return s.config.Delegates[organisation]
}

// New reads the clients and the tokens in force from the shelf.
func New(config Config) (*Server, error) {
	config.Lifetime = min(cmp.Or(config.Lifetime, lifetime), lifetime)
	config.ClientRate = config.ClientRate.Or(Rate{Second: 20, Burst: 200})
	config.AddressRate = config.AddressRate.Or(Rate{Second: 100, Burst: 1000})
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	s := &Server{config: config, writer: writer{shelf: config.Shelf}, tokens: map[hash]*token{},
		codes: map[hash]*code{}, grants: map[string]*grant{}, launches: map[hash]*launch{}, waiting: waiting{of: map[string]*asking{}}}
	s.fetcher = newFetcher(config.PrivateKeys, config.KeysRoots)
	s.clients.byID = map[string]*Client{}
	s.replay.seen = map[hash]int64{}
	s.limits = newLimits(config.ClientRate, config.AddressRate)
	return s, s.load()
}

// newFetcher fetches the key sets that clients publish: SMART App Launch 2.2,
// "Asymmetric authentication".
func newFetcher(private bool, roots *x509.CertPool) *keyset.Fetcher {
	return keyset.New(keyset.Client(private, roots), parseKeys)
}

func (s *Server) now() time.Time { return s.config.Clock() }

// Authenticate recognises the bearer of a token of this server, and asks Next
// about everybody else.
func (s *Server) Authenticate(r *http.Request) (auth.Identity, error) {
	text, err := auth.Token(r)
	if err == nil && isOpaque(text) {
		if t := s.find(text); t != nil {
			return t.identity, nil
		}
		return auth.Identity{}, auth.Invalid(&auth.Fault{Member: "token", Message: "it has expired, was revoked, or is of another server"})
	}
	if s.config.Next != nil {
		return s.config.Next.Authenticate(r)
	}
	if err == nil {
		err = auth.Invalid(&auth.Fault{Member: "token", Message: "it was not issued by this server"})
	}
	return auth.Identity{}, err
}

// Challenge is the WWW-Authenticate header of a refusal.
func (s *Server) Challenge(err error) string {
	if s.config.Next != nil && s.config.Next.Challenge(err) == "" && fhir.KindOf(err) != fhir.Login {
		return ""
	}
	return auth.Challenge(err)
}
