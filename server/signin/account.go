package signin

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/server/page"
	"github.com/pestle-fhir/pestle/server/people"
)

// fresh is how long after they proved who they are people may change their passkeys.
const fresh = 5 * time.Minute

// account shows a person their passkeys and sessions, and changes them.
func (s *Server) account(w http.ResponseWriter, r *http.Request, form url.Values) {
	name := s.nameIn(r)
	p, session, ok := s.config.People.Signed(name)
	if !ok {
		lead(w, SignInPath+"?"+url.Values{"back": {AccountPath}}.Encode())
		return
	}
	own := &own{s, r, &p, name, session}
	status, done, problem := http.StatusOK, "", ""
	if r.Method == http.MethodPost {
		var err error
		switch {
		case form.Has("end"):
			done, err = own.end(form.Get("end"))
		case form.Has("app"):
			done, err = own.endApp(form.Get("app"))
		case !own.fresh():
			status, problem = http.StatusForbidden, "Sign in with a passkey once more: passkeys are changed within 5 minutes of that."
		case form.Has("remove"):
			done, problem, err = own.remove(form.Get("remove"))
		case form.Has("answer"):
			done, problem, err = own.add(form)
		default:
			status, problem = http.StatusBadRequest, "The form asks for nothing that can be done here."
		}
		if err != nil {
			s.unavailable(w, err)
			return
		}
		if problem != "" && status == http.StatusOK {
			status = http.StatusUnprocessableEntity
		}
		if p, session, ok = s.config.People.Signed(name); !ok { // its passkey was removed
			lead(w, SignInPath)
			return
		}
		own.session = session
	}
	show(w, status, own.page(done, problem))
}

// own is what a person does with what is theirs.
type own struct {
	s       *Server
	r       *http.Request
	p       *people.Person
	name    string // of the session
	session people.Session
}

func (o *own) fresh() bool {
	return o.session.Way == people.WayPasskey && o.s.config.Clock().Sub(time.Unix(o.session.Verified, 0)) < fresh
}

// end ends one of the sessions, or all others.
func (o *own) end(which string) (done string, err error) {
	var ids []string
	for _, session := range o.s.config.People.Sessions(o.p.ID) {
		if session.ID != people.SessionID(o.name) && (which == "others" || which == session.ID) {
			ids = append(ids, session.ID)
		}
	}
	if ids == nil {
		return "There is nothing to sign out of.", nil
	}
	if err := o.s.done(o.r, sessionsEnded, o.p); err != nil {
		return "", err
	}
	return "Signed out.", o.s.config.People.EndSessions(o.p.ID, ids...)
}

// endApp ends what the person has let an app do.
func (o *own) endApp(id string) (done string, err error) {
	if !slices.ContainsFunc(o.apps(), func(a oauth.Granted) bool { return a.ID == id }) {
		return "The app has ended already.", nil
	}
	if err := o.s.done(o.r, appEnded, o.p); err != nil {
		return "", err
	}
	return "The app may do nothing for you any more.", o.s.config.Apps.EndApp(o.p.ID, id)
}

func (o *own) apps() []oauth.Granted {
	if o.s.config.Apps == nil {
		return nil
	}
	return o.s.config.Apps.AppsOf(o.p.ID)
}

func (o *own) remove(text string) (done, problem string, err error) {
	id, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || !slices.ContainsFunc(o.p.Passkeys, func(k people.Passkey) bool { return string(k.ID) == string(id) }) {
		return "", "You have no such passkey.", nil
	}
	if len(o.p.Passkeys) == 1 {
		return "", "The passkey is not removed: " + people.ErrLast.Error() + ".", nil
	}
	if err := o.s.done(o.r, removed, o.p); err != nil {
		return "", "", err
	}
	err = o.s.config.People.RemovePasskey(o.p.ID, id)
	if errors.Is(err, people.ErrLast) {
		return "", "The passkey is not removed: " + err.Error() + ".", nil
	}
	return "The passkey is removed, and what was signed in to with it is ended.", "", err
}

func (o *own) purpose() string { return registered + " session " + o.name }

func (o *own) add(form url.Values) (done, problem string, err error) {
	c, challenge, problem := o.s.made(form, o.purpose())
	if problem != "" {
		return "", problem, nil
	}
	if !o.s.challenges.take(challenge, o.s.config.Clock()) {
		return "", tooLate, nil
	}
	if err := o.s.done(o.r, registered, o.p); err != nil {
		return "", "", err
	}
	err = o.s.config.People.AddPasskey(o.p.ID, c)
	if errors.Is(err, people.ErrPasskeys) || errors.Is(err, people.ErrUnknown) {
		return "", "The passkey is not registered: " + err.Error() + ".", nil
	}
	return "The passkey is registered.", "", err
}

// dayLayout is how the pages write when something was.
const dayLayout = "2 January 2006, 15:04 MST"

func at(t time.Time) string { return t.UTC().Format(dayLayout) }

func (o *own) page(done, problem string) *page.Account {
	view := &page.Account{Site: o.s.config.Site, Done: done, Problem: problem, Person: o.p.Name, ID: o.p.ID, Organisation: o.p.Organisation, Roles: strings.Join(o.p.Roles, ", "), Fresh: o.fresh(), ByPasskey: o.session.Way == people.WayPasskey}
	for _, k := range o.p.Passkeys {
		words := "Of one device"
		if k.Synced {
			words = "Synchronised between devices"
		}
		words += ", registered " + at(k.Created)
		if !k.Used.IsZero() {
			words += ", last used " + at(k.Used)
		}
		view.Passkeys = append(view.Passkeys, page.Own{Value: base64.RawURLEncoding.EncodeToString(k.ID), Words: words, This: string(k.ID) == string(o.session.Passkey), Only: len(o.p.Passkeys) == 1})
	}
	this := people.SessionID(o.name)
	for _, session := range o.s.config.People.Sessions(o.p.ID) {
		view.Others = view.Others || session.ID != this
		view.Sessions = append(view.Sessions, page.Own{Value: session.ID, This: session.ID == this,
			Words: "Since " + at(time.Unix(session.Begun, 0)) + ", last used " + at(time.Unix(session.Seen, 0))})
	}
	for _, app := range o.apps() {
		view.Apps = append(view.Apps, page.Own{Value: app.ID, Words: app.Name + ", since " + at(app.Given) + ", until " + at(app.Expires) + ": " + strings.Join(app.Words(), "; ")})
	}
	if view.Fresh {
		view.Passkey = o.s.creation(o.p, o.purpose())
		view.Passkey.Button = "Add a passkey"
	}
	return view
}
