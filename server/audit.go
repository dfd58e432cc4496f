package server

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/auth"
)

// Audit keeps who was shown what.
type Audit interface {
	// Record stores accesses and returns when they are durable.
	Record(ctx context.Context, list ...*fhir.Access) error
	// Takes reports why nothing can be recorded at present; nil where it can.
	Takes() error
}

// trail is what is known of a request from outside, and of the entries within
// it, for the audit log.
type trail struct {
	address string
	mu      sync.Mutex
	entries []*fhir.Access
	needed  bool // an entry must not be answered without its record
}

// show notes a version whose content, or whose existence, the answer tells.
func (x *exchange) show(v *fhir.Version) {
	if x.trail == nil {
		return
	}
	x.shown = append(x.shown, fhir.Shown{Type: v.Type, ID: v.ID, VersionID: v.VersionID, Patients: x.patients(v)})
}

// Tell notes for the audit log that the answer to the request of a context tells of
// a version.
func Tell(ctx context.Context, v *fhir.Version) {
	if x := exchangeIn(ctx); x != nil {
		x.show(v)
	}
}

// patients are those whose record a version is part of. It is parsed where it
// refers to one, or carries one.
func (x *exchange) patients(v *fhir.Version) []string {
	refers := mayReferToPatient(v.JSON)
	if v.Type == "Patient" && !refers {
		return []string{v.ID}
	}
	if auth.Definition(v.Type) || v.Type != "Bundle" && v.Type != "Parameters" && !refers {
		return nil
	}
	r, err := v.Resource()
	if err != nil || r == nil {
		return nil
	}
	return search.Patients(r.Root(), x.own)
}

// mayReferToPatient reports whether a resource has a reference to a Patient, or an
// escape with which one can be written: "Patient\/1", "\u0050atient/1".
func mayReferToPatient(text []byte) bool {
	return bytes.Contains(text, []byte("Patient/")) || bytes.Contains(text, []byte(`\/`)) || bytes.Contains(text, []byte(`\u00`))
}

// showAll notes what an operation answers: a resource, or those in a Bundle or
// in Parameters.
func (x *exchange) showAll(r fhir.Node) {
	if x.trail == nil {
		return
	}
	search.Inner(r, x.showAll)
	switch typ := r.Get("resourceType").Text(); typ {
	case "Bundle", "Parameters", "OperationOutcome":
	default:
		x.shown = append(x.shown, fhir.Shown{Type: typ, ID: r.Get("id").Text(), VersionID: r.Path("meta", "versionId").Text(), Patients: search.Patients(r, x.own)})
	}
}

// writing reports whether an interaction is one that the versions which it writes tell of.
func writing(interaction string) bool {
	switch interaction {
	case "create", "update", "update-conditional", "patch", "patch-conditional", "delete", "delete-conditional", "transaction", "batch":
		return true
	}
	return false
}

// audited reports whether an interaction tells of somebody. What the server says
// about itself does not: metadata, health, pages, documentation, its keys.
func audited(interaction string) bool {
	switch interaction {
	case "read", "vread", "search-type", "search-system", "history-instance", "history-type", "history-system", "intake", "operation", "metrics", signIn, introspect, revoke, authorize, launch:
		return true
	}
	return writing(interaction) || strings.HasPrefix(interaction, "$")
}

// The interactions of who asks for a token, about one, and to take one back.
const (
	signIn     = "sign-in"
	introspect = "introspect"
	revoke     = "revoke"
	authorize  = "authorize" // a person is asked to let an app act for them
	launch     = "launch"    // an app is started for a patient
)

// ofTokens reports whether an interaction is with who issues tokens.
func ofTokens(interaction string) bool {
	return interaction == signIn || interaction == introspect || interaction == revoke || interaction == authorize || interaction == launch
}

// impersonal reports whether an interaction is recorded and tells of no patient.
func impersonal(interaction string) bool { return interaction == "metrics" || ofTokens(interaction) }

// access is the record of a request, nil where it needs none. needed reports that
// the answer must not be sent without it.
func (s *Server) access(r *http.Request, x *exchange, status int) (a *fhir.Access, needed bool) {
	denied, unrecorded := status == http.StatusUnauthorized || status == http.StatusForbidden, 0
	switch {
	case status == http.StatusUnauthorized, ofTokens(x.interaction) && status >= 400:
		var ok bool
		if unrecorded, ok = s.denials.Take(s.now()); !ok {
			return nil, false
		}
	case denied:
	case r.Method == http.MethodOptions, !audited(x.interaction):
		return nil, false
	case writing(x.interaction) && len(x.shown) == 0 && x.condition == "":
		return nil, false
	}
	a = &fhir.Access{
		Time: s.now(), Interaction: x.interaction, Status: status, By: x.identity.Requester, Address: x.trail.address,
		RequestID: x.requestID, Method: r.Method, Target: asked(r, x), Shown: x.shown, Unrecorded: unrecorded,
	}
	a.By.Purpose = cmp.Or(x.opened(), a.By.Purpose)
	return a, !denied && (x.ofPatients() || status < 400 && !impersonal(x.interaction) && !auth.Definition(x.resourceType))
}

// opened is the purpose for which the caller was shown what is hidden from them
// otherwise, "" where they were not.
func (x *exchange) opened() string {
	hidden, ok := x.identity.Hidden.(interface {
		Opened(patients []string) string
	})
	if !ok {
		return ""
	}
	for i := range x.shown {
		if purpose := hidden.Opened(x.shown[i].Patients); purpose != "" {
			return purpose
		}
	}
	return ""
}

// ofPatients reports whether anything shown is of more than definitions.
func (x *exchange) ofPatients() bool {
	for i := range x.shown {
		if !auth.Definition(x.shown[i].Type) {
			return true
		}
	}
	return false
}

// maxTarget is how much of what was asked is kept, in bytes.
const maxTarget = 8 << 10

// asked is what was asked: the path, the query with a posted one, and the
// condition of a conditional create.
func asked(r *http.Request, x *exchange) string {
	text, query := r.URL.EscapedPath(), r.URL.RawQuery
	if r.Method == http.MethodPost && (x.interaction == "search-type" || x.interaction == "search-system") && len(x.text) > 0 {
		query = strings.TrimPrefix(query+"&"+string(x.text), "&")
	}
	if query != "" {
		text += "?" + query
	}
	if condition := r.Header.Get("If-None-Exist"); condition != "" {
		text += " If-None-Exist: " + condition
	}
	if len(text) <= maxTarget {
		return text
	}
	cut := maxTarget
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// follow adds the record of an entry to those of its Bundle.
func (s *Server) follow(r *http.Request, x *exchange, status int) {
	if x.trail == nil {
		return
	}
	a, needed := s.access(r, x, status)
	if a == nil {
		return
	}
	x.trail.mu.Lock()
	defer x.trail.mu.Unlock()
	x.trail.entries = append(x.trail.entries, a)
	x.trail.needed = x.trail.needed || needed
}

// recorded makes what a request and its entries were shown durable, before the
// first byte of the answer. An error says that the answer must not be sent.
func (s *Server) recorded(r *http.Request, x *exchange, status int) error {
	if x.trail == nil {
		return nil
	}
	x.trail.mu.Lock()
	list, needed := x.trail.entries, x.trail.needed
	x.trail.entries = nil
	x.trail.mu.Unlock()
	if a, must := s.access(r, x, status); a != nil {
		list, needed = append(list, a), needed || must
	}
	if len(list) == 0 {
		return nil
	}
	ctx, cancel := s.recording(r, x)
	defer cancel()
	err := s.config.Audit.Record(ctx, list...)
	if err == nil || !needed {
		return nil
	}
	return unrecorded(err)
}

// recording is the context of a record: that of the request while most of its time
// is left, else one of its own, since what was answered too late is recorded too.
func (s *Server) recording(r *http.Request, x *exchange) (context.Context, context.CancelFunc) {
	if x.limited != nil && x.limited.Err() == nil {
		if end, ok := x.limited.Deadline(); ok && time.Until(end) > s.config.Timeout/2 {
			return x.limited, func() {}
		}
	}
	return context.WithTimeout(r.Context(), s.config.Timeout)
}

// auditable refuses, before anything is done, what could not be answered since
// the audit log takes nothing. Plain writes go on: their versions hold who wrote.
func (s *Server) auditable(r *http.Request, x *exchange) error {
	if x.trail == nil || !audited(x.interaction) || impersonal(x.interaction) || writing(x.interaction) || r.Method == http.MethodOptions || auth.Definition(x.resourceType) {
		return nil
	}
	if err := s.config.Audit.Takes(); err != nil {
		return unrecorded(err)
	}
	return nil
}

func unrecorded(cause error) error {
	e := fhir.E("audit", fhir.NoStore, fhir.Issue{
		Message: "The server cannot record at present who is shown what, and shows nothing of patients until it can. A write that was part of the request may have happened.",
		Fix:     "Try again later. The operator of the server finds the cause in its log: a full disk, or one that fails.", Rule: "audit",
	})
	e.Err = cause
	return e
}
