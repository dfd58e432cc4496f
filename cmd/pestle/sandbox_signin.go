package main

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/server/page"
)

// sandboxSignIn lets whoever uses a browser be one of the people of the sandbox: by
// choice on a page, or by the header of [sandboxCaller].
type sandboxSignIn struct{ site page.Site }

const (
	choosePath   = "/sandbox/people"
	personCookie = "pestle-person"
)

// sandboxStrength is how strongly the people of a sandbox are taken to have proved who
// they are.
const sandboxStrength = 3

// Signed returns the person who was chosen.
func (sandboxSignIn) Signed(r *http.Request) (oauth.Person, oauth.Proof, bool) {
	name := r.Header.Get(personHeader)
	if cookie, err := r.Cookie(personCookie); name == "" && err == nil {
		name = cookie.Value
	}
	p, err := sandboxPerson(name)
	return p, oauth.Proof{At: time.Now(), Strength: sandboxStrength}, err == nil
}

// SignInURL is the address of the page on which a person is chosen.
func (sandboxSignIn) SignInURL(back string) string {
	return choosePath + "?" + url.Values{"back": {back}}.Encode()
}

// account is a person of the sandbox by name.
func (sandboxSignIn) account(name string) (oauth.Person, bool) {
	p, err := sandboxPerson(name)
	return p, err == nil
}

// within serves the page, and what the buttons of the front page do, beside everything else.
func (s sandboxSignIn) within(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if playing(r.URL.Path) {
			s.plays(next, w, r)
			return
		}
		if r.URL.Path != choosePath {
			next.ServeHTTP(w, r)
			return
		}
		s.choose(w, r)
	})
}

func (s sandboxSignIn) choose(w http.ResponseWriter, r *http.Request) {
	back := r.FormValue("back")
	if !strings.HasPrefix(back, oauth.AuthorizePath+"?") && !page.MayReturn(back) {
		back = "/" // to nowhere else
	}
	if r.Method != http.MethodPost {
		s.offer(w, http.StatusOK, back, "")
		return
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		http.Error(w, "The choice came from a page of another site.", http.StatusForbidden)
		return
	}
	if name := r.PostFormValue("person"); name == "" {
		s.offer(w, http.StatusBadRequest, back, "Nobody was chosen: press one of the names.")
		return
	} else if _, err := sandboxPerson(name); err != nil {
		s.offer(w, http.StatusBadRequest, back, "The sandbox has nobody of the name that was chosen: press one of these.")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: personCookie, Value: r.PostFormValue("person"), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", back)
	w.WriteHeader(http.StatusSeeOther)
}

// offer shows whom there is to choose, and why the choice was not taken.
func (s sandboxSignIn) offer(w http.ResponseWriter, status int, back, problem string) {
	view := page.People{Site: s.site, Action: choosePath, Back: back, Problem: problem}
	for _, p := range sandboxPeople {
		view.Choices = append(view.Choices, page.Choice{Value: p.Name, Words: p.Display, Note: p.Organisation + ", " + strings.Join(p.Roles, " ")})
	}
	page.FormHeaders(w.Header(), "")
	w.WriteHeader(status)
	_, _ = w.Write(view.HTML())
}
