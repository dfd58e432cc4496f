// Package subscription serves Subscriptions: those of plain R4 and those of topics, by
// the Subscriptions R5 Backport (http://hl7.org/fhir/uv/subscriptions-backport).
//
// The log of changes is the queue. One reader follows it and notes, for each
// subscription, in which commits its events are; a line of its own delivers them in
// their order, as fast as its receiver takes them. A receiver that does not answer costs
// a few bytes for each event that waits, and no other subscription anything.
//
// Nothing of a resource is kept for delivery: it is read again when it is sent, with
// the rights that the owner of the subscription has then.
package subscription

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/internal/outbound"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/internal/tracing"
	"github.com/pestle-fhir/pestle/server/auth"
)

// Repository is what the service needs of the store. What is read is what the principal
// of the context sees.
type Repository interface {
	Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error)
	Read(ctx context.Context, typ, id string) (*fhir.Version, error)
	VRead(ctx context.Context, typ, id, versionID string) (*fhir.Version, error)
	// Matches reports whether a version met a query when it was committed.
	Matches(ctx context.Context, v *fhir.Version, q *search.Query) (bool, error)
	// Search finds resources.
	Search(ctx context.Context, q *search.Query) (*search.Result, error)
	Log(ctx context.Context, behind fhir.Seq, limit int) ([]fhir.LogEntry, error)
	Wait(ctx context.Context, behind fhir.Seq) error
	// Pick returns versions of a commit by their places within it, and its time.
	Pick(ctx context.Context, seq fhir.Seq, places []int) ([]*fhir.Version, time.Time, error)
	StateAt(ctx context.Context, at fhir.Seq) fhir.State
	Head() fhir.Seq
	Own(base string) bool
}

// Audit keeps who was shown what.
type Audit interface {
	Record(ctx context.Context, list ...*fhir.Access) error
}

// Callers recognises who makes a request.
type Callers interface {
	Authenticate(r *http.Request) (auth.Identity, error)
}

// Config is what a Service is made of. Repository and Shelf are needed.
type Config struct {
	Repository Repository
	Shelf      Shelf
	// Again, which may be set later by [Service.Recognise], recognises the owner of a subscription as they are now, with what is hidden
	// from them.
	Again func(auth.Standing, time.Time) (auth.Identity, error)
	Audit Audit // nil for nobody

	Endpoints outbound.Options // where rest-hooks may be
	// Hosts are those that may be told what resources hold, as in [outbound.Options].
	Hosts []string
	// Trusted says that any endpoint may be told: of a sandbox, which has no patients.
	Trusted bool
	Base    string // of the FHIR service, "https://fhir.example.org/fhir"
	Codes   search.Codes
	// Mail sends an email; nil where none is sent.
	Mail func(context.Context, Mail) error
	// Sockets is the address of the websocket, "wss://fhir.example.org/subscriptions";
	// "" where there is none. Callers is who recognises who opens one.
	Sockets string
	Callers Callers

	// Traces has notifications belong to the trace of the request that made the event; nil
	// for none.
	Traces *tracing.Tracer

	Logger *slog.Logger
	Clock  func() time.Time
	Jitter func() float64 // 0 to 1
}

// Service serves the subscriptions of a repository. Make one with [New], and have it
// [Service.Run].
type Service struct {
	config  Config
	client  *http.Client
	sockets hub

	delivered, refused atomic.Uint64 // notifications

	loaded func()        // closes known, once
	known  chan struct{} // closed when it has been read who owns the subscriptions

	mu    sync.Mutex
	byID  map[string]*line
	types map[string][]*line // by the type of their triggers
	ctx   context.Context    // of Run; nil before it
	lines sync.WaitGroup
	fresh bool // a line is new or has changed: types are to be made again
}

// New reads what the shelf has.
func New(config Config) (*Service, error) {
	if config.Repository == nil || config.Shelf == nil {
		return nil, errors.New("subscription: a service needs a Repository and a Shelf")
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	config.Logger = cmp.Or(config.Logger, slog.New(slog.DiscardHandler))
	config.Endpoints.PerHost = cmp.Or(config.Endpoints.PerHost, 32)
	s := &Service{config: config, byID: map[string]*line{}, client: outbound.New(config.Endpoints), known: make(chan struct{})}
	s.loaded = sync.OnceFunc(func() { close(s.known) })
	s.sockets.service = s
	return s, nil
}

// Recognise says who recognises the owners of subscriptions, and whoever opens a
// websocket. It is called before [Service.Run].
func (s *Service) Recognise(again func(auth.Standing, time.Time) (auth.Identity, error), callers Callers) {
	s.config.Again, s.config.Callers = again, callers
}

func (s *Service) now() time.Time { return s.config.Clock().UTC() }

// rules are what this service can serve.
func (s *Service) rules() rules {
	channels := []string{hook}
	if s.config.Sockets != "" {
		channels = append(channels, socket)
	}
	if s.config.Mail != nil {
		channels = append(channels, email)
	}
	return rules{
		options:  search.Options{Own: s.config.Repository.Own, Codes: s.config.Codes},
		address:  s.checkAddress,
		listed:   func(address string) bool { return s.config.Trusted || listed(s.config.Hosts, address) },
		channels: channels,
	}
}

func (s *Service) checkAddress(address string) error {
	if err := s.config.Endpoints.Check(address); err != nil {
		return err
	}
	u, err := url.Parse(address)
	if err == nil && s.config.Repository.Own(u.Scheme+"://"+u.Host+search.Bases[0]) { // it would notify itself
		err = errors.New("it is an address of this server")
	}
	return err
}

// listed reports whether the host of an endpoint is among those that may be told what
// resources hold; of an email, its domain.
func listed(hosts []string, address string) bool {
	if domain := hostOf(address); strings.HasPrefix(address, "mailto:") {
		return slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, domain) })
	}
	u, err := url.Parse(address)
	return err == nil && outbound.Options{Hosts: hosts}.Listed(u)
}

// most is how many subscriptions are served, mostOwned how many of one owner.
const most, mostOwned = 2000, 100

// Guard refuses a Subscription that could not be served. It is asked by whatever way one
// is written. off and error ask for nothing.
func (s *Service) Guard(_ context.Context, _ fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if after.Type != "Subscription" || after.Deleted() || tx.Purges() || tx.Derived {
		return nil
	}
	r, err := after.Resource()
	if err != nil {
		return err
	}
	p, issues := s.rules().read(r)
	status := r.Get("status")
	if p.status == off || p.status == failed {
		return nil
	}
	if p.status == active && !s.stays(before, p) {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "subscription", Expression: "Subscription.status", Position: status.Position(),
			Message: "The server makes a Subscription active when its receiver has answered.", Expected: requested, Found: active, Fix: "Write requested, also for one that has changed or that was in error."})
	}
	if !p.end.IsZero() && !p.end.After(s.now()) {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.ValueCode, Rule: "subscription", Expression: "Subscription.end", Position: r.Get("end").Position(),
			Message: "The Subscription has ended already.", Expected: "a time to come", Found: r.Get("end").Text()})
	}
	if issues == nil {
		return nil
	}
	return &fhir.Error{Op: "subscription", Kind: fhir.BusinessRule, Issues: fhir.SortIssues(issues)}
}

// stays reports whether an active subscription is still delivered to where it was.
func (s *Service) stays(before *fhir.Version, p *plan) bool {
	if before == nil || before.Deleted() {
		return false
	}
	r, err := before.Resource()
	if err != nil || r == nil {
		return false
	}
	was, _ := s.rules().read(r)
	return was.status == active && was.samePlace(p)
}

// Commit commits by commit, and remembers with whose rights the Subscriptions that are
// written are to be judged: those of who is asking, in whose context it is. Who could not
// be told anything is refused before.
func (s *Service) Commit(ctx context.Context, tx *fhir.Transaction, commit func(context.Context, *fhir.Transaction) (*fhir.Commit, error)) (*fhir.Commit, error) {
	subs := false
	for _, c := range tx.Changes {
		if c.Type == "Subscription" && c.Resource != nil {
			subs = true
			if err := s.admit(ctx, c); err != nil {
				return nil, err
			}
		}
	}
	done, err := commit(ctx, tx)
	if err != nil || !subs {
		return done, err
	}
	for _, result := range done.Results {
		if v := result.Version; v != nil && v.Type == "Subscription" && (result.Applied == fhir.Created || result.Applied == fhir.Updated || result.Applied == fhir.Kept) {
			if err := s.take(ctx, v); err != nil {
				s.config.Logger.ErrorContext(ctx, "who owns a subscription is not stored, so that it is not served", "subscription", v.ID, "error", err)
			}
		}
	}
	return done, nil
}

// admit refuses a Subscription to what its writer may not read.
func (s *Service) admit(ctx context.Context, c fhir.Change) error {
	p, issues := s.rules().read(c.Resource)
	if issues != nil || p.status == off || p.status == failed {
		return nil // the guard says what is wrong
	}
	who := auth.IdentityIn(ctx)
	if who == nil || who.Standing == nil {
		return fhir.E("subscription", fhir.Forbidden, fhir.Issue{Rule: "subscription", Expression: c.Expression,
			Message: "A Subscription is served with the rights of who writes it, and nobody is known again later who comes without a token.", Expected: "an access token"})
	}
	if err := mayRead(who, p); err != nil {
		return err
	}
	key := ownerKey(&who.Requester)
	s.mu.Lock()
	all, own := 0, 0
	for id, l := range s.byID {
		if id == c.ID || l.idle() {
			continue
		}
		all++
		if l.ownedBy(key) {
			own++
		}
	}
	s.mu.Unlock()
	if all >= most || own >= mostOwned {
		return fhir.E("subscription", fhir.Throttled, fhir.Issue{Rule: "subscription", Message: "There are as many Subscriptions as are served at a time.", Fix: "Turn off those that are not needed any more."})
	}
	return nil
}

func ownerKey(p *fhir.Principal) string { return p.OnBehalf + "|" + cmp.Or(p.Client, p.Agent) }

// mayRead refuses who may not search and read what a subscription is about, or asks by
// what is hidden from them.
func mayRead(who *auth.Identity, p *plan) error {
	for _, q := range p.queries() {
		for _, typ := range append(q.Reached(), q.Type) {
			for _, letter := range []auth.Permission{auth.Read, auth.Search} {
				if !who.MaySome(typ, letter) {
					return fhir.E("subscription", fhir.Forbidden, fhir.Issue{Rule: "auth", Message: "The access token does not allow to be told of this.", Expected: "the scope system/" + typ + ".rs, and a role that grants it"})
				}
			}
		}
		if who.Hidden != nil {
			if err := who.Hidden.Query(q); err != nil {
				return err
			}
		}
	}
	return nil
}

// take makes who wrote a Subscription its owner.
func (s *Service) take(ctx context.Context, v *fhir.Version) error {
	who := auth.IdentityIn(ctx)
	if who == nil || who.Standing == nil {
		return nil
	}
	l, err := s.follow(v)
	if err != nil || l == nil {
		return err
	}
	return l.own(owner{Standing: who.Standing(), Since: s.now(), Version: number(v.VersionID), Key: ownerKey(&who.Requester)})
}

// own makes somebody the owner. The secrets stay.
func (l *line) own(o owner) error {
	l.ownerMu.Lock()
	defer l.ownerMu.Unlock()
	l.mu.Lock()
	o.Secrets, o.Rotated = l.owner.Secrets, l.owner.Rotated
	l.mu.Unlock()
	if len(o.Secrets) == 0 {
		o.Secrets = []webhook.Secret{webhook.NewSecret()}
	}
	if err := l.service.config.Shelf.Write(map[string][]byte{ownerName(l.id): encoded(o)}); err != nil {
		return err
	}
	l.mu.Lock()
	l.owner = o
	l.mu.Unlock()
	l.poke()
	return nil
}

// follow takes note of a version of a Subscription, and returns its line; nil where it
// is an older one, or one that asks for nothing and has no line.
func (s *Service) follow(v *fhir.Version) (*line, error) {
	var p *plan
	if !v.Deleted() {
		r, err := v.Resource()
		if err != nil {
			return nil, err
		}
		var issues []fhir.Issue
		if p, issues = s.rules().read(r); issues != nil && p.status != off && p.status != failed {
			// It was accepted, and what the server serves has changed since: the line says so.
			p.triggers, p.filters = nil, nil
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.byID[v.ID]
	if l == nil {
		if p == nil || p.status == off {
			return nil, nil
		}
		l = newLine(s, v.ID)
		s.byID[v.ID] = l
	}
	l.renew(v, p)
	s.fresh = true
	if s.ctx != nil {
		l.start(s.ctx)
	}
	return l, nil
}

// forget drops the line of a Subscription that was deleted, unless it is there again.
func (s *Service) forget(l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.idle() && l.types() == nil {
		delete(s.byID, l.id)
		s.fresh = true
	}
}

// find is the line of a subscription; nil where it has none.
func (s *Service) find(id string) *line {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[id]
}

// Deliveries counts the notifications since the start: those that arrived, and attempts that
// failed.
func (s *Service) Deliveries() map[string]float64 {
	return map[string]float64{"delivered": float64(s.delivered.Load()), "failed": float64(s.refused.Load())}
}

// Failing counts the subscriptions whose notifications do not arrive.
func (s *Service) Failing() (n int) {
	s.mu.Lock()
	lines := slices.Collect(maps.Values(s.byID))
	s.mu.Unlock()
	for _, l := range lines {
		if _, why := l.trouble(); why != "" {
			n++
		}
	}
	return n
}
