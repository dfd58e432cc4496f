package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/page"
)

// The members of the form of the consent page.
const (
	askingName = "asking"
	scopeName  = "scope"
)

// asking is a request of an app that a person is asked about. The page has its name,
// which nobody else knows, and it is answered by that person alone.
type asking struct {
	*authorization
	person    Person
	proof     Proof
	granted   []string // what the app can get
	patient   string   // of the launch by a clinic's software, else ""
	encounter string
	expires   time.Time
}

const (
	askingLife = 10 * time.Minute
	maxAsking  = 10_000
)

// waiting is what people are asked at present.
type waiting struct {
	mu sync.Mutex
	of map[string]*asking
}

// add returns the name of what somebody is asked.
func (w *waiting) add(a *asking, now time.Time) (string, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.of) >= maxAsking {
		for name, other := range w.of {
			if !now.Before(other.expires) {
				delete(w.of, name)
			}
		}
	}
	if len(w.of) >= maxAsking {
		return "", false
	}
	name := random(tokenSize)
	w.of[name] = a
	return name, true
}

func (w *waiting) get(name string, now time.Time) *asking {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a := w.of[name]; a != nil && now.Before(a.expires) {
		return a
	}
	return nil
}

// take takes a question away; false where somebody did before.
func (w *waiting) take(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.of[name]
	delete(w.of, name)
	return ok
}

// ask asks the person who uses the browser, once they have signed in.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, a *authorization) {
	refuse := func(code, message string) {
		f := &failure{code: code, message: message}
		s.back(w, r, a, url.Values{"error": {code}, "error_description": {f.description()}})
	}
	p, proof, ok := s.config.SignIn.Signed(r)
	if !ok || a.stale(proof, s.now()) {
		if a.silent() {
			refuse("login_required", "nobody is signed in, or they proved too long ago who they are")
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Location", s.config.SignIn.SignInURL(AuthorizePath+"?"+a.again(s.now()).Encode()))
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	fhir.Identify(r.Context(), s.identityOf(&p, a.client.ID).Requester)
	if a.client.Organisation != "" && a.client.Organisation != p.Organisation {
		refuse("access_denied", "the app is for people of "+a.client.Organisation)
		return
	}
	granted, err := s.askable(a.scope, a.client, &p)
	if err != nil {
		refuse(invalidScope, err.(*failure).description()) //nolint:errorlint // askable returns no other
		return
	}
	if a.silent() {
		refuse("consent_required", "the person is asked each time")
		return
	}
	q := &asking{authorization: a, person: p, proof: proof, granted: granted, expires: s.now().Add(askingLife)}
	if f := s.launched(r, q); f != nil {
		refuse(f.code, f.description())
		return
	}
	name, ok := s.waiting.add(q, s.now())
	if !ok {
		refuse("temporarily_unavailable", "too many people are being asked at present")
		return
	}
	s.consentPage(w, r, q, &choice{asking: name, scopes: granted}, http.StatusOK)
}

// choice is what a person has chosen on the page so far.
type choice struct {
	asking, find       string
	scopes             []string
	patient, encounter string
	problem            string
}

// decide takes the answer of a person: of the one who was asked, from our own page.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, form url.Values) {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		s.refusePage(w, http.StatusForbidden, "The answer came from a page of another site. Nothing was granted.")
		return
	}
	q := s.waiting.get(form.Get(askingName), s.now())
	if q == nil {
		s.refusePage(w, http.StatusBadRequest, "This question was answered before, or waited for more than 10 minutes. Go back to the app and start again.")
		return
	}
	p, _, ok := s.config.SignIn.Signed(r)
	if !ok || p.Name != q.person.Name || p.Agent != q.person.Agent {
		s.refusePage(w, http.StatusForbidden, "Somebody else was asked. Go back to the app and start again.")
		return
	}
	fhir.Identify(r.Context(), s.identityOf(&p, q.client.ID).Requester)
	c := &choice{asking: form.Get(askingName), find: form.Get("find"), scopes: form[scopeName], patient: form.Get("patient"), encounter: form.Get("encounter")}
	for _, scope := range c.scopes {
		if !slices.Contains(q.granted, scope) {
			s.refusePage(w, http.StatusBadRequest, "The answer grants what was not asked for.")
			return
		}
	}
	switch form.Get("answer") {
	case "allow":
		s.allow(w, r, q, c)
	case "find":
		s.consentPage(w, r, q, c, http.StatusOK)
	default:
		if s.waiting.take(c.asking) {
			s.back(w, r, q.authorization, url.Values{"error": {"access_denied"}, "error_description": {"the person refused"}})
			return
		}
		s.refusePage(w, http.StatusBadRequest, "This question was answered before.")
	}
}

// allow issues the app a code for what was chosen, once all is chosen that it needs.
func (s *Server) allow(w http.ResponseWriter, r *http.Request, q *asking, c *choice) {
	if err := s.context(r, q, c); err != nil {
		s.refusePage(w, http.StatusServiceUnavailable, "The records cannot be read at present. Try again later.")
		return
	}
	if c.problem != "" {
		s.consentPage(w, r, q, c, http.StatusUnprocessableEntity)
		return
	}
	if !s.waiting.take(c.asking) {
		s.refusePage(w, http.StatusBadRequest, "This question was answered before.")
		return
	}
	text, err := s.newCode(&code{Redirect: q.redirect, Challenge: q.challenge, Nonce: q.nonce,
		Grant: grant{Client: q.client.ID, Person: q.person, Proved: q.proof.At.Unix(), Strength: q.proof.Strength, Scope: strings.Join(c.scopes, " "), Patient: c.patient, Encounter: c.encounter}})
	if err != nil {
		s.config.Logger.Error("authorization endpoint", "error", err)
		s.back(w, r, q.authorization, url.Values{"error": {"temporarily_unavailable"}})
		return
	}
	s.back(w, r, q.authorization, url.Values{"code": {text}})
}

// context finds out whose record the app gets, and says on the page what is missing.
func (s *Server) context(r *http.Request, q *asking, c *choice) error {
	if !slices.ContainsFunc(c.scopes, isRight) {
		c.problem = "Choose at least one thing that the app may do, or refuse."
		return nil
	}
	who := s.identityOf(&q.person, q.client.ID)
	switch {
	case q.patient != "":
		c.patient, c.encounter = q.patient, q.encounter
		return nil
	case !needsPatient(c.scopes):
		c.patient, c.encounter = "", ""
		return nil
	}
	_, err := s.config.Chart.Patient(r.Context(), who, c.patient)
	if fhir.KindOf(err) == fhir.NotFound || c.patient == "" {
		c.patient, c.problem = "", "Choose the patient whose record the app gets."
		return nil
	}
	if err != nil || !slices.Contains(c.scopes, "launch/encounter") {
		c.encounter = ""
		return err
	}
	visits, err := s.config.Chart.Encounters(r.Context(), who, c.patient)
	if len(visits) == 0 || slices.ContainsFunc(visits, func(v Record) bool { return v.ID == c.encounter }) {
		if len(visits) == 0 {
			c.encounter = ""
		}
		return err
	}
	c.encounter, c.problem = "", "Choose the visit that it is about."
	return err
}

// needsPatient reports whether scopes are of one patient.
func needsPatient(scopes []string) bool {
	return slices.ContainsFunc(scopes, func(text string) bool {
		return text == "launch/patient" || text == "launch/encounter" || strings.HasPrefix(text, "patient/")
	})
}

// consentPage asks a person: who asks, for what, and whose record it gets.
func (s *Server) consentPage(w http.ResponseWriter, r *http.Request, q *asking, c *choice, status int) {
	view := page.Consent{Site: s.config.Site, App: q.client.Name, Host: hostOf(q.redirect), Person: q.person.Display, Organisation: q.person.Organisation,
		Asking: c.asking, Find: c.find, Problem: c.problem, Offline: slices.Contains(q.granted, offlineAccess)}
	for _, scope := range q.granted {
		view.Scopes = append(view.Scopes, page.Choice{Value: scope, Words: inWords(scope), Chosen: slices.Contains(c.scopes, scope)})
	}
	if err := s.choices(r, q, c, &view); err != nil {
		s.config.Logger.Error("authorization endpoint", "error", err)
		s.refusePage(w, http.StatusServiceUnavailable, "The records cannot be read at present. Try again later.")
		return
	}
	page.FormHeaders(w.Header(), originOf(q.redirect))
	w.WriteHeader(status)
	_, _ = w.Write(view.HTML())
}

// choices adds the patients and the visits that can be chosen.
func (s *Server) choices(r *http.Request, q *asking, c *choice, view *page.Consent) error {
	who := s.identityOf(&q.person, q.client.ID)
	if q.patient != "" {
		p, err := s.config.Chart.Patient(r.Context(), who, q.patient)
		view.Given = p.Name
		return err
	}
	if !needsPatient(q.granted) {
		return nil
	}
	view.Patients = true
	var list []Record
	var err error
	if c.find != "" {
		list, err = s.config.Chart.Patients(r.Context(), who, c.find)
	}
	if err == nil && c.patient != "" && !slices.ContainsFunc(list, func(p Record) bool { return p.ID == c.patient }) {
		p, e := s.config.Chart.Patient(r.Context(), who, c.patient)
		if err = e; fhir.KindOf(e) == fhir.NotFound {
			err = nil
		} else if e == nil {
			list = append([]Record{p}, list...)
		}
	}
	view.Found = chosen(list, c.patient)
	if err == nil && c.patient != "" && slices.Contains(q.granted, "launch/encounter") {
		list, err = s.config.Chart.Encounters(r.Context(), who, c.patient)
		view.Visits = chosen(list, c.encounter)
	}
	return err
}

func chosen(list []Record, id string) (out []page.Choice) {
	for _, one := range list {
		out = append(out, page.Choice{Value: one.ID, Words: one.Name, Note: one.Note, Chosen: one.ID == id})
	}
	return out
}

// refusePage says why an app is not answered.
func (s *Server) refusePage(w http.ResponseWriter, status int, message string) {
	view := &page.Refusal{Site: s.config.Site, Heading: "This app cannot go on", Message: message}
	page.FormHeaders(w.Header(), "")
	w.WriteHeader(status)
	_, _ = w.Write(view.HTML())
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// originOf is the scheme and the host of an address.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
