// Package server is the FHIR R4 REST interface over gin: one file for each
// interaction of https://hl7.org/fhir/R4/http.html, named as it is named there.
//
// A handler returns an error and never writes one: [Server.handle] wraps each
// once, and outcome.go alone turns errors into a status and an
// OperationOutcome. What the server needs of the rest of the program stands in
// ports.go; it imports neither storage nor business.
package server

import (
	"cmp"
	"crypto/cipher"
	"crypto/rand"
	"io/fs"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/internal/tracing"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/limit"
	"github.com/pestle-fhir/pestle/server/messages"
	"github.com/pestle-fhir/pestle/server/page"
)

// Config is what a server is made of. Repository and Validator are needed;
// everything else works as it is zero.
type Config struct {
	Repository Repository
	Validator  Validator
	Operations []fhir.Operation
	Intakes    []fhir.Intake
	Narrowings []fhir.Narrowing

	// Authenticator recognises callers. Without one everybody may do
	// everything, as "anonymous".
	Authenticator Authenticator
	// Hidden returns what is hidden from a caller, nil for nothing; without it
	// everybody is shown whole resources.
	Hidden func(*fhir.Principal) auth.Hidden
	// Codecs are wire formats besides JSON and XML.
	Codecs []Codec

	// PublicURL is the scheme and host under which clients know the server,
	// "https://fhir.example.org"; "" to take them from each request.
	PublicURL string
	// Name and Version name the software in the CapabilityStatement.
	Name, Version string

	// Contents keeps large contents of Binaries; nil has them in their JSON, within
	// MaxBody.
	Contents   Contents
	MaxContent int64 // bytes of the content of a Binary that is the body, unpacked; 0 for 2 GiB

	MaxBody      int64         // bytes of a request's body, unpacked; 0 for 64 MiB
	MaxAnswers   int64         // bytes of the answers to all entries of a Bundle; 0 for 64 MiB
	Memory       int64         // bytes for the requests in flight together, with what is made of them; 0 for 1 GiB
	MaxInFlight  int           // requests answered at a time; 0 for 1024
	MaxHeavy     int           // requests that do much work at a time; 0 for one less than there are processors
	Timeout      time.Duration // for one request; 0 for a minute
	PageSize     int           // default _count; 0 for 50
	DeleteAtMost int           // how many resources a conditional delete deletes at once; 0 for 1
	MaxPageSize  int           // largest _count that is granted; 0 for 1000
	Story        Story         // of a sandbox, for the front page; nil elsewhere
	// Examples are resources that the server takes, by their type, and bodies of operations
	// by their name with its $, for the OpenAPI documents; nil for none.
	Examples func(now time.Time) map[string][]byte
	Rules    []page.Rule // what issues may be about, for /docs/rules; nil for none
	Docs     fs.FS       // the documentation in Markdown, for /docs; nil for none
	// Repeats says that a plain write is done once by its X-Request-ID or Idempotency-Key:
	// a repeat is answered as before, as long as the repository keeps its receipt.
	Repeats bool
	Lenient bool     // unknown search parameters are left out, with a warning, unless Prefer: handling=strict
	Origins []string // web origins that may call (CORS), "*" for all; none by default
	Console bool     // there is a console, to which pages lead

	// Terminology returns the members of the TerminologyCapabilities that say what
	// is loaded; nil for a server without a terminology service.
	Terminology func() []any

	// Codes answers searches by value sets and hierarchies of codes; nil for a server
	// without a terminology service.
	Codes search.Codes

	// Subscriptions says how Subscriptions are served; the zero value where they are
	// not.
	Subscriptions Subscriptions

	// Log proves what was stored; nil for a server without one.
	Log Log

	// SMART says where tokens are issued; the zero SMART where that is not known.
	SMART SMART
	// Issuer issues tokens here; nil where another server does.
	Issuer Issuer

	// Shelf keeps the jobs of exports and of requests that are answered later; without
	// one they end with the process.
	Shelf Shelf

	// Secret seals the links of pages; with the same one they outlive a
	// restart. Without one the server makes one up.
	Secret []byte

	// Writable reports why the store takes no writes, for /health/ready; nil
	// where it does. Without it only reads are tried.
	Writable func() error
	// Purges counts the times that content was erased, so that no answer is kept beyond
	// them; nil where none is.
	Purges func() uint64
	// Warnings each say what is wrong although requests are served, for
	// /health/ready; "" for nothing.
	Warnings []func() string
	// Notes say what the server is among several, for /health; nil for nothing.
	Notes func() []string
	// Wrong says why answers may be wrong, for /health/ready; "" where they are
	// right, and nil for a store that is not verified.
	Wrong func() string

	// Messages keeps what organisations sent, with what came of it; nil for nobody.
	Messages interface{ Keep(m *messages.Message) }

	// Traces follows requests into what comes of them; nil for nobody.
	Traces *tracing.Tracer

	ReadOnly []string  // types that clients do not write
	Audit    Audit     // keeps who was shown what; nil for nobody
	Counters []Counter // further figures for /metrics
	// Slow is how long a request may take before the log has it as slow, with how its
	// search was answered; 0 for any time.
	Slow   time.Duration
	Logger *slog.Logger
	Clock  func() time.Time
	NewID  func() string // of requests and incidents: GUIDs
}

// quiet has the mode of gin set once: it is one variable for all servers of a process.
var quiet sync.Once

// Server answers FHIR requests. Make one with [New].
type Server struct {
	config     Config
	engine     *gin.Engine
	codecs     []Codec
	operations operations
	flights    flights
	seal       *search.Sealer
	positions  cipher.AEAD // seals those of commits
	metrics    *metrics
	ledger     *ledger
	routes     []route
	statements statements
	documents  documents
	jobs       *jobs
	denials    limit.Denials
}

// Bases are the paths that all interactions are served under: the usual one and
// that of NHS England's interfaces.
var Bases = search.Bases

// New makes a server. It fails on a configuration that cannot work.
func New(config Config) (*Server, error) {
	if err := config.complete(); err != nil {
		return nil, err
	}
	s := &Server{config: config}
	s.codecs = append([]Codec{jsonCodec, xmlCodec}, config.Codecs...)
	s.ledger = newLedger(s.config.Memory, s.config.MaxInFlight, s.config.MaxHeavy)
	s.seal = search.NewSealer(s.config.Secret)
	var err error
	if s.positions, err = positionKey(s.config.Secret); err != nil {
		return nil, err
	}
	if s.jobs, err = newJobs(s.config.Shelf); err != nil {
		return nil, err
	}
	s.metrics = newMetrics(s.config.Counters)
	quiet.Do(func() { gin.SetMode(gin.ReleaseMode) }) // no tables of routes on stdout
	s.engine = gin.New()
	if err := s.operations.add(s.builtin(), s.config.Operations, s.config.Intakes); err != nil {
		return nil, err
	}
	s.operations.known = slices.Concat(s.operations.known, everythings(), metas(), exports(), views(), diffs(), []fhir.Operation{timeline, lastN, compositionDocument})
	s.route()
	s.statements.started = s.now()
	return s, nil
}

// complete puts in what is not set.
func (c *Config) complete() error {
	if c.Repository == nil || c.Validator == nil {
		return fhir.E("server", fhir.Exception, fhir.Issue{Message: "A server needs a Repository and a Validator."})
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	c.Name = cmp.Or(c.Name, "Pestle")
	c.Version = cmp.Or(c.Version, "0.0.0")
	c.MaxBody = cmp.Or(c.MaxBody, 64<<20)
	c.MaxContent = cmp.Or(c.MaxContent, 2<<30)
	c.MaxAnswers = cmp.Or(c.MaxAnswers, 64<<20)
	c.Memory = cmp.Or(c.Memory, 1<<30)
	c.MaxInFlight = cmp.Or(c.MaxInFlight, 1024)
	c.MaxHeavy = cmp.Or(c.MaxHeavy, max(1, runtime.GOMAXPROCS(0)-1))
	c.Timeout = cmp.Or(c.Timeout, time.Minute)
	c.MaxPageSize = cmp.Or(c.MaxPageSize, 1000)
	c.DeleteAtMost = min(c.DeleteAtMost, mostDeleted)
	c.PageSize = min(cmp.Or(c.PageSize, 50), c.MaxPageSize)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.NewID == nil {
		c.NewID = uuid.NewString
	}
	if len(c.Secret) == 0 {
		c.Secret = make([]byte, 32)
		if _, err := rand.Read(c.Secret); err != nil {
			return err
		}
	}
	return nil
}

// Metrics is /metrics for whoever can reach it: for a listener of its own.
func (s *Server) Metrics() http.Handler { return s.metrics.handler() }

// Handler is the whole HTTP interface: the FHIR bases, /health, and
// /metrics for callers with the scope system/$metrics.
func (s *Server) Handler() http.Handler {
	bases := s.observe(s.compress(http.HandlerFunc(s.serve)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Whoever reads slowly must not hold a place for ever. An error says
		// that w is no connection.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(2 * s.config.Timeout))
		if page.Asset(w, r) {
			return
		}
		switch r.URL.Path {
		case "/health":
			s.health(w, r)
		case "/health/ready":
			s.healthReady(w, r)
		case "/health/live":
			s.live(w, r)
		default:
			bases.ServeHTTP(w, r)
		}
	})
}
