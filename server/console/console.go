// Package console is the screens of the people who do the work: customer service,
// pharmacists, finance and auditors. A screen reads and writes by the FHIR interface of
// the server, as the person who has signed in, so that what their role may not see is
// not in its bytes, and each reading is recorded as any other.
//
// Everything can be read and every form be sent without JavaScript. What a screen shows
// is a plain struct that writes itself (package markup); one file is one screen.
package console

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/server/page"
)

// Config is what a console is made of. REST, SignIn and Identity are needed.
type Config struct {
	REST     http.Handler // the FHIR interface of the server
	Commands http.Handler // the commands of the server, below /admin/; nil where it is not administered by its console
	Sandbox  bool         // what is sent here is tried out
	SignIn   oauth.SignIn // who uses a browser
	Identity func(*oauth.Person, oauth.Proof) auth.Identity
	Site     page.Site
	Origin   string        // scheme and host by which browsers know the server; "" to take them from each request
	Pharmacy string        // whose records these are, for the banner: "Pestle Pharmacy (FX123)"
	Idle     time.Duration // after which a session is over; 0 where it is not
	// Display is the name of a code in its system, "" for one that is not known.
	Display func(system, code string) string
	// Unit is the name of the unit of a quantity, one for all codes and words that mean it.
	Unit func(unit, system, code string) string
	// Operations are those that the FHIR interface offers: an act is asked for by what they
	// declare. Codes are the codes that a parameter of one takes, "Task/$hold" "hold"; nil
	// for a parameter whose codes are not known.
	Operations []fhir.Operation
	Codes      func(operation, parameter string) []fhir.Coding
	// Verify verifies an answer to $proof with the key of the server; nil where it has no
	// log of its changes.
	Verify func(answer []byte) (Proved, error)
	// Head is the last commit, and Wait returns when there is one behind another; without
	// them pages do not tell how what they show changes.
	Head func() fhir.Seq
	Wait func(ctx context.Context, behind fhir.Seq) error
	// Last is the time of the last commit, the zero time where there is none: whatever is
	// not stored yet comes at that time or later.
	Last func() time.Time
	// Still reports whether the session of a request is in force, without using it; nil
	// where sessions do not end.
	Still  func(r *http.Request) bool
	Zone   *time.Location // in which days and times are told; nil for UTC
	Clock  func() time.Time
	Logger *slog.Logger
}

// Server serves the screens. Make one with [New].
type Server struct {
	config Config
	mux    *http.ServeMux
	own    *http.CrossOriginProtection
	once   sync.Once
	closed chan struct{}
}

// New makes a console.
func New(config Config) *Server {
	if config.Zone == nil {
		config.Zone = time.UTC
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	if config.Display == nil {
		config.Display = func(string, string) string { return "" }
	}
	if config.Unit == nil {
		config.Unit = func(unit, _, code string) string { return strings.ToLower(strings.TrimSpace(cmp.Or(unit, code))) }
	}
	if config.Codes == nil {
		config.Codes = func(string, string) []fhir.Coding { return nil }
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{config: config, mux: http.NewServeMux(), own: http.NewCrossOriginProtection(), closed: make(chan struct{})}
	for pattern, show := range screens {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, show) })
	}
	s.mux.HandleFunc(page.ConsolePath+"/", func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, (*visit).nowhere) })
	s.mux.HandleFunc("GET "+fhirPath+"/", s.mirror)
	s.mux.HandleFunc("GET "+page.ConsolePath+"/events", s.live)
	for name := range files {
		s.mux.HandleFunc("GET "+page.ConsolePath+"/"+name, func(w http.ResponseWriter, r *http.Request) { file(w, r, name) })
	}
	return s
}

// screens are what is served, by the patterns of [http.ServeMux].
var screens = map[string]func(*visit) (view, error){
	"GET /console":                           (*visit).home,
	"GET /console/find":                      (*visit).findForm,
	"POST /console/find":                     (*visit).find,
	"GET /console/patient/{id}":              (*visit).patient,
	"GET /console/order/{rx}":                (*visit).order,
	"GET /console/queue":                     (*visit).firstQueue,
	"GET /console/queue/{name}":              (*visit).queue,
	"GET /console/task/{id}":                 (*visit).reviewPage,
	"GET /console/task/{id}/{act}":           (*visit).actForm,
	"POST /console/task/{id}/{act}":          (*visit).do,
	"GET /console/issue/{id}/{act}":          (*visit).actForm,
	"POST /console/issue/{id}/{act}":         (*visit).do,
	"GET /console/patient/{id}/{act}":        (*visit).actForm,
	"POST /console/patient/{id}/{act}":       (*visit).do,
	"GET /console/register":                  (*visit).register,
	"GET /console/register/{id}/{act}":       (*visit).actForm,
	"POST /console/register/{id}/{act}":      (*visit).do,
	"GET /console/stock":                     (*visit).stock,
	"GET /console/stock/{id}/{act}":          (*visit).actForm,
	"POST /console/stock/{id}/{act}":         (*visit).do,
	"GET /console/waiting/{id}/{act}":        (*visit).actForm,
	"POST /console/waiting/{id}/{act}":       (*visit).do,
	"GET /console/responsible":               (*visit).responsible,
	"GET /console/try":                       (*visit).tryForm,
	"POST /console/try":                      (*visit).try,
	"GET /console/audit":                     (*visit).audit,
	"GET /console/history/{type}/{id}":       (*visit).history,
	"GET /console/patient/{id}/access":       (*visit).accessReport,
	"GET /console/money":                     (*visit).thisMonth,
	"GET /console/money/{month}":             (*visit).month,
	"GET /console/money/{id}/{act}":          (*visit).actForm,
	"POST /console/money/{id}/{act}":         (*visit).do,
	"GET /console/money/{month}/file/{file}": (*visit).file,
	"GET /console/messages":                  (*visit).messagesPage,
	"GET /console/messages/{id}":             (*visit).messagePage,
	"POST /console/messages/{id}":            (*visit).replay,
	"GET /console/alerts":                    (*visit).alertsPage,
	"GET /console/alert/{id}/{act}":          (*visit).actForm,
	"POST /console/alert/{id}/{act}":         (*visit).do,
	"GET /console/admin":                     (*visit).adminStart,
	"GET /console/admin/{page}":              (*visit).adminPage,
	"GET /console/admin/{page}/{op}":         (*visit).adminForm,
	"POST /console/admin/{page}/{op}":        (*visit).adminDo,
	"GET /console/help":                      (*visit).help,
	"GET /console/accessibility":             (*visit).accessibility,
}

// Within serves the console beside everything else; nothing where there is no console.
func (s *Server) Within(next http.Handler) http.Handler {
	if s == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == page.ConsolePath || strings.HasPrefix(r.URL.Path, page.ConsolePath+"/") {
			s.mux.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// now is the time, where the people are who read it.
func (s *Server) now() time.Time { return s.config.Clock().In(s.config.Zone) }

// identified is the context of a request to the FHIR interface by the person.
func (v *visit) identified() context.Context { return auth.Recognised(v.r.Context(), v.who) }

// may reports whether the person may search or read some of a type.
func (v *visit) may(typ string, p auth.Permission) bool { return v.who.MaySome(typ, p) }

// acts reports whether the person may invoke an operation: "Task/$approve".
func (v *visit) acts(name string) bool { return v.who.MayInvoke(name, "") }

// reads reports whether the person may read and search a type.
func (v *visit) reads(typ string) bool { return v.may(typ, auth.Read) && v.may(typ, auth.Search) }

// problem is why a screen is not shown.
type problem struct {
	status           int
	heading, message string
	outcome          *fhir.Resource // what the FHIR interface said; nil for nothing
}

func (p *problem) Error() string { return p.heading + ": " + p.message }

// elsewhere leads to another address of the console.
type elsewhere struct{ to string }

func (e *elsewhere) Error() string { return "see " + e.to }
