package days

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pestle-fhir/pestle/conformance/process"
)

// site is a pharmacy's server, which is killed now and then.
type site struct {
	t    *testing.T
	data string

	mu     sync.Mutex
	up     *sync.Cond
	server *process.Server // nil while it is down
	kills  int

	requests, unknown, later atomic.Int64
}

func newSite(t *testing.T) *site {
	s := &site{t: t, data: t.TempDir()}
	s.up = sync.NewCond(&s.mu)
	s.start()
	return s
}

func (s *site) start() {
	server := process.Start(s.t, s.data, "--memory", "512MB", "--verify-hours", "0")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server = server
	s.up.Broadcast()
}

// kill ends the process in the middle of what it does; requests wait for the next.
func (s *site) kill() {
	s.mu.Lock()
	server := s.server
	s.server, s.kills = nil, s.kills+1
	s.mu.Unlock()
	server.Kill()
}

func (s *site) current() *process.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.server == nil {
		s.up.Wait()
	}
	return s.server
}

// request is one act of a person: who is a name of the sandbox, "" for its user.
type request struct {
	who, method, path string // path without the base
	body              string
}

// answer is what came of a request.
type answer struct {
	status int
	text   []byte
	body   object
}

// patience is how often a request is sent again that has no answer, or one that says
// to come again.
const patience = 1500

// ask makes a request under an id of its own. Where the server is killed before it
// has answered, what became of the request is unknown: it is sent again under the same
// id, and must be done once.
func (s *site) ask(r request, id string) (a answer, err error) {
	s.requests.Add(1)
	headers := []string{"Content-Type", "application/fhir+json", "X-Request-ID", id}
	if r.who != "" {
		headers = append(headers, "Pestle-Person", r.who)
	}
	for range patience {
		a.status, a.text, err = s.current().Send(r.method, "/fhir"+r.path, []byte(r.body), headers...)
		switch {
		case err != nil:
			s.unknown.Add(1)
		case a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable:
			s.later.Add(1)
		default:
			a.body = nil
			if len(a.text) > 0 {
				err = json.Unmarshal(a.text, &a.body)
			}
			return a, err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return a, fmt.Errorf("%s %s: no answer: %d %.300s %w", r.method, r.path, a.status, a.text, err)
}

// rules are the ids of the rules that a refusal names.
func (a answer) rules() (ids []string) {
	for _, issue := range a.body.list("issue") {
		if s := issue.text("severity"); s != "error" && s != "fatal" {
			continue
		}
		for _, e := range issue.list("extension") {
			if strings.HasSuffix(e.text("url"), "/operationoutcome-message-id") {
				ids = append(ids, e.text("valueString"))
			}
		}
	}
	return ids
}

func (o object) get(names ...string) object {
	for _, n := range names {
		m, _ := o[n].(map[string]any)
		o = m
	}
	return o
}

func (o object) text(names ...string) string {
	last := len(names) - 1
	t, _ := o.get(names[:last]...)[names[last]].(string)
	return t
}

// number is a whole number; no amount here is another.
func (o object) number(names ...string) int {
	last := len(names) - 1
	n, _ := o.get(names[:last]...)[names[last]].(float64)
	return int(n)
}

func (o object) list(name string) (items []object) {
	all, _ := o[name].([]any)
	for _, i := range all {
		m, _ := i.(map[string]any)
		items = append(items, m)
	}
	return items
}

// code is the first code of a concept.
func (o object) code(name string) string {
	for _, c := range o.get(name).list("coding") {
		return c.text("code")
	}
	return ""
}

// identifier is the value of a system among the identifiers.
func (o object) identifier(system string) string {
	for _, id := range o.list("identifier") {
		if id.text("system") == system {
			return id.text("value")
		}
	}
	return ""
}

// extension is the one whose address ends so.
func (o object) extension(suffix string) object {
	for _, e := range o.list("extension") {
		if strings.HasSuffix(e.text("url"), suffix) {
			return e
		}
	}
	return nil
}
