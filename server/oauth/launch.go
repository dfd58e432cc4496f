package oauth

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// launch is what a clinic's software starts an app with: whose record was open. The
// app gets a handle that is taken once.
type launch struct {
	Client    string `json:"client"`
	Patient   string `json:"patient"`
	Encounter string `json:"encounter,omitempty"`
	Expires   int64  `json:"exp"`
}

// launchLife is how long a handle waits for the app.
const launchLife = 5 * time.Minute

// mayLaunch is the operation whose scope, system/$launch or user/$launch, lets a
// caller start apps.
const mayLaunch = "$launch"

// Launch makes a handle with which an app is started for a patient and a visit; ""
// for no visit. It is durable when Launch returns. The app is refused a patient whom
// the person who uses it does not see.
func (s *Server) Launch(client, patient, encounter string) (handle string, err error) {
	c := s.clients.get(client)
	switch {
	case c == nil || c.Kind != App || c.Disabled:
		return "", badRequest("client_id", "expected an app that is registered and not disabled")
	case !slices.Contains(c.Scopes, "launch"):
		return "", badRequest("client_id", "the app is not registered with the scope launch")
	case !fhir.IsID(patient):
		return "", badRequest("patient", "expected the logical id of a Patient")
	case encounter != "" && !fhir.IsID(encounter):
		return "", badRequest("encounter", "expected the logical id of an Encounter, or nothing")
	}
	handle = random(tokenSize)
	key := hash(sha256.Sum256([]byte(handle)))
	l := &launch{client, patient, encounter, s.now().Add(launchLife).Unix()}
	record, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	if err := s.writer.write(map[string][]byte{launchName + string(key[:]): record}); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.launches[key] = l
	return handle, nil
}

// launchFor answers a clinic's software that starts an app.
func (s *Server) launchFor(r *http.Request, form url.Values) (client string, answer map[string]any, err error) {
	who, err := s.Authenticate(r)
	if err != nil {
		return "", nil, unknownClient("Authorization", "expected one Bearer token that is in force")
	}
	if !who.MayInvoke(mayLaunch, "") {
		return who.Requester.Client, nil, &failure{status: http.StatusForbidden, code: "insufficient_scope", member: "scope", message: "expected system/$launch or user/$launch"}
	}
	if s.config.SignIn == nil || s.config.Chart == nil {
		return who.Requester.Client, nil, badRequest("", "this server signs nobody in, so that no app can be started")
	}
	if fhir.IsID(form.Get("patient")) {
		if _, err := s.config.Chart.Patient(r.Context(), who, form.Get("patient")); err != nil {
			return who.Requester.Client, nil, badRequest("patient", "there is no such Patient")
		}
	}
	handle, err := s.Launch(form.Get("client_id"), form.Get("patient"), form.Get("encounter"))
	if err != nil {
		return who.Requester.Client, nil, err
	}
	return who.Requester.Client, map[string]any{"launch": handle, "expires_in": int(launchLife.Seconds())}, nil
}

// launched takes the handle that an app was started with, and what it is for.
func (s *Server) launched(r *http.Request, q *asking) *failure {
	if q.launch == "" {
		if slices.Contains(q.granted, "launch") {
			q.granted = slices.DeleteFunc(q.granted, func(scope string) bool { return scope == "launch" })
		}
		return nil
	}
	refuse := func(message string) *failure {
		return &failure{code: invalidRequest, member: "launch", message: message}
	}
	if !slices.Contains(q.granted, "launch") {
		return refuse("an app that is started with a launch asks for the scope launch")
	}
	key := hash(sha256.Sum256([]byte(q.launch)))
	s.mu.Lock()
	l := s.launches[key]
	delete(s.launches, key)
	s.mu.Unlock()
	if l == nil || s.now().Unix() >= l.Expires || l.Client != q.client.ID {
		return refuse("it was used before, has expired, or is another app's")
	}
	if err := s.writer.write(map[string][]byte{launchName + string(key[:]): nil}); err != nil {
		return &failure{code: "temporarily_unavailable", message: "what must be remembered cannot be stored now"}
	}
	who := s.identityOf(&q.person, q.client.ID)
	if _, err := s.config.Chart.Patient(r.Context(), who, l.Patient); err != nil {
		return &failure{code: "access_denied", member: "launch", message: "the person does not see the patient"}
	}
	if l.Encounter != "" {
		visits, err := s.config.Chart.Encounters(r.Context(), who, l.Patient)
		if err != nil || !slices.ContainsFunc(visits, func(v Record) bool { return v.ID == l.Encounter }) {
			return &failure{code: "access_denied", member: "launch", message: "the person does not see the visit"}
		}
	}
	q.patient, q.encounter = l.Patient, l.Encounter
	return nil
}
