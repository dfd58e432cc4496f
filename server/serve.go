package server

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

// serve does for each request from outside what entries of Bundles are spared:
// CORS, what tells of nobody, and who is asking.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	x := exchangeIn(r.Context())
	if s.cors(w, r) || s.probed(w, r) {
		return
	}
	if r.URL.Path == x.prefix+smartPath {
		s.smart(w, r)
		return
	}
	if s.config.Issuer != nil && s.config.Issuer.Serves(r.URL.Path) {
		if x.interaction = strings.TrimPrefix(r.URL.Path, "/"); x.interaction == "token" {
			x.interaction = signIn
		}
		s.config.Issuer.ServeHTTP(w, r)
		return
	}
	if r.URL.Path == metricsPath {
		s.figures(w, r)
		return
	}
	if isLogFile(r.URL.Path) {
		s.logFile(w, r)
		return
	}
	defer x.dismiss()
	if s.openAPI(w, r) || s.open(w, r) {
		return
	}
	if err := s.identify(x, r); err != nil {
		s.fail(w, r, err)
		return
	}
	if notice := x.notice(); notice != "" {
		w.Header().Set(emergencyHeader, notice)
	}
	s.engine.ServeHTTP(w, r)
}

// emergencyHeader says, as long as it lasts, which patients' records are open to a caller
// from whom parts of them are hidden otherwise.
const emergencyHeader = "Pestle-Emergency-Access"

// notice is the value of that header, "" where nothing is open.
func (x *exchange) notice() string {
	if h, ok := x.identity.Hidden.(interface{ Notice() string }); ok {
		return h.Notice()
	}
	return ""
}

// anonymous are all callers of a server that asks nobody who they are.
const anonymous = "anonymous"

// identify asks the Authenticator, but for what anybody may ask.
func (s *Server) identify(x *exchange, r *http.Request) (err error) {
	x.identity = auth.Identity{Requester: fhir.Principal{Agent: anonymous, Unbound: s.config.Authenticator == nil}, Scopes: auth.Full}
	if s.config.Authenticator == nil || r.Method == http.MethodOptions || x.discovery(r) {
		return nil
	}
	known, recognised := auth.RecognisedIn(r.Context())
	if !recognised {
		known, err = s.config.Authenticator.Authenticate(r)
	}
	if err == nil {
		x.identity = Complete(known, s.config.Hidden)
	}
	return err
}

// Complete adds to a caller who was recognised what follows from their scopes and roles:
// what their token reaches, and what is hidden from them. hidden may be nil.
func Complete(known auth.Identity, hidden func(*fhir.Principal) auth.Hidden) auth.Identity {
	known.Requester.ChoosesIDs = known.Scopes.AllowOperation(clientIDs, "")
	known.Requester.KeepsDirectory = known.MayInvoke(directory, "")
	if known.Scopes.Confined() {
		known.Requester.Reach = known.Scopes
	}
	if hidden != nil {
		known.Hidden = hidden(&known.Requester)
	}
	return known
}

// clientIDs is the scope system/$client-ids, by which a caller who sees a part of
// the resources may create them under ids of their choice.
const clientIDs = "$client-ids"

// directory is the scope system/$directory, by which a caller may change what the
// directories say of other organisations.
const directory = "$directory"

// plainPath is an address without empty segments and without a slash at its
// end: clients join a base that ends in one to a path that begins with one.
func plainPath(u *url.URL) *url.URL {
	if !strings.Contains(u.Path, "//") && (!strings.HasSuffix(u.Path, "/") || len(u.Path) == 1) {
		return u
	}
	short := *u
	short.Path = "/" + strings.Join(strings.FieldsFunc(u.Path, func(r rune) bool { return r == '/' }), "/")
	short.RawPath = ""
	return &short
}
