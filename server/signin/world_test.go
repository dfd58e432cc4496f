package signin_test

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/limit"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/server/page"
	"github.com/pestle-fhir/pestle/server/people"
	"github.com/pestle-fhir/pestle/server/signin"
	"github.com/pestle-fhir/pestle/server/webauthn"
	"github.com/pestle-fhir/pestle/server/webauthn/webauthntest"
)

const origin = "https://pestle.example"

var party = webauthn.Party{ID: "pestle.example", Origin: origin}

// shelf is a Shelf in memory that can be full.
type shelf struct {
	mu     sync.Mutex
	values map[string][]byte
	full   bool
}

func (s *shelf) Write(values map[string][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return errors.New("full")
	}
	maps.Copy(s.values, values)
	maps.DeleteFunc(s.values, func(_ string, v []byte) bool { return v == nil })
	return nil
}

func (s *shelf) Each(f func(string, []byte) error) error {
	for name, v := range s.values {
		if err := f(name, v); err != nil {
			return err
		}
	}
	return nil
}

// audit keeps records in memory, unless it is full.
type audit struct {
	list []*fhir.Access
	full bool
}

func (a *audit) Record(_ context.Context, list ...*fhir.Access) error {
	if a.full {
		return errors.New("full")
	}
	a.list = append(a.list, list...)
	return nil
}

// last is the newest record, as "interaction status agent".
func (a *audit) last() string {
	if len(a.list) == 0 {
		return ""
	}
	e := a.list[len(a.list)-1]
	return strings.Join([]string{e.Interaction, http.StatusText(e.Status), e.By.Agent}, " ")
}

// world is a server with the users anna and bob.
type world struct {
	t      *testing.T
	now    time.Time
	shelf  *shelf
	audit  *audit
	people *people.Registry
	s      *signin.Server
	rate   limit.Rate
	apps   map[string][]oauth.Granted // by person
	online []string                   // of whom what apps do was ended
}

func (w *world) AppsOf(person string) []oauth.Granted { return w.apps[person] }

func (w *world) EndApp(person, id string) error {
	w.apps[person] = slices.DeleteFunc(w.apps[person], func(a oauth.Granted) bool { return a.ID == id })
	return nil
}

func (w *world) EndOnline(person string) error {
	w.online = append(w.online, person)
	return nil
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: time.Unix(1_790_000_000, 0), shelf: &shelf{values: map[string][]byte{}}, audit: &audit{}, rate: limit.Rate{Second: 1e6, Burst: 1e6}}
	w.restart()
	for _, id := range []string{"anna", "bob"} {
		_, err := w.people.Add(people.Person{ID: id, Name: "Name of " + id, Organisation: "FA565", Roles: []string{"pharmacist"}})
		require.NoError(t, err)
	}
	return w
}

func (w *world) restart() {
	clock := func() time.Time { return w.now }
	var err error
	w.people, err = people.New(people.Config{Shelf: w.shelf, Known: func(string) bool { return true }, Clock: clock})
	require.NoError(w.t, err)
	w.s, err = signin.New(signin.Config{People: w.people, Apps: w, Audit: w.audit, Origin: origin, Site: page.Site{Name: "Pestle"}, Rate: w.rate, Clock: clock})
	require.NoError(w.t, err)
}

// browser has the cookies of one, and may have a passkey.
type browser struct {
	w       *world
	cookies map[string]string
	key     *webauthntest.Authenticator
}

func (w *world) browser() *browser { return &browser{w: w, cookies: map[string]string{}} }

// seen is what a browser gets.
type seen struct {
	code   int
	body   string
	header http.Header
	cookie *http.Cookie
}

func (b *browser) ask(method, target string, form url.Values, headers ...string) *seen {
	r := httptest.NewRequest(method, origin+target, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	out := httptest.NewRecorder()
	b.w.s.ServeHTTP(out, r)
	a := &seen{code: out.Code, body: out.Body.String(), header: out.Header()}
	for _, c := range out.Result().Cookies() { //nolint:bodyclose // a recorder's
		a.cookie = c
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return a
}

func (b *browser) get(target string) *seen { return b.ask(http.MethodGet, target, nil) }

func (b *browser) post(target string, pairs ...string) *seen {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.ask(http.MethodPost, target, form)
}

var challengeField = regexp.MustCompile(`name="challenge" value="([^"]+)"`)

// challenge is that of the form on a page, and what the script is asked for.
func (a *seen) challenge(t *testing.T) (text string, raw []byte, options map[string]any) {
	t.Helper()
	found := challengeField.FindStringSubmatch(a.body)
	require.NotNil(t, found, a.body)
	data := regexp.MustCompile(`data-options="([^"]+)"`).FindStringSubmatch(a.body)
	require.NotNil(t, data)
	require.NoError(t, json.Unmarshal([]byte(html.UnescapeString(data[1])), &options))
	require.Equal(t, found[1], options["challenge"])
	var b webauthn.Bytes
	require.NoError(t, b.UnmarshalText([]byte(found[1])))
	return found[1], b, options
}

func (w *world) text(a *webauthn.Answer) string {
	out, err := json.Marshal(a)
	require.NoError(w.t, err)
	return string(out)
}

// join registers a passkey for a person by an invitation; the browser is signed in
// then.
func (b *browser) join(person string) *seen {
	code, _, err := b.w.people.Invite(person, time.Hour, false, people.Maker{})
	require.NoError(b.w.t, err)
	return b.register(code)
}

func (b *browser) register(code string) *seen {
	page := b.post("/invitation", "code", code)
	require.Equal(b.w.t, 200, page.code, page.body)
	text, raw, options := page.challenge(b.w.t)
	b.key = webauthntest.New(party)
	var user webauthn.Bytes
	require.NoError(b.w.t, user.UnmarshalText([]byte(options["user"].(map[string]any)["id"].(string))))
	b.key.User = user
	return b.post("/invitation", "code", code, "challenge", text, "answer", b.w.text(b.key.Register(raw)))
}

// enter signs in with the browser's passkey.
func (b *browser) enter(pairs ...string) *seen {
	text, raw, _ := b.get("/sign-in").challenge(b.w.t)
	return b.post("/sign-in", append([]string{"challenge", text, "answer", b.w.text(b.key.Assert(raw))}, pairs...)...)
}

// who is the person whom the server takes the browser for, "" for nobody.
func (b *browser) who() string {
	r := httptest.NewRequest(http.MethodGet, origin+"/authorize", nil)
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	p, _, ok := b.w.s.Signed(r)
	if !ok {
		return ""
	}
	return p.Name
}
