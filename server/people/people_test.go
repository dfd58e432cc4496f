package people_test

import (
	"bytes"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server/people"
	"github.com/pestle-fhir/pestle/server/webauthn"
	"github.com/pestle-fhir/pestle/server/webauthn/webauthntest"
)

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

type world struct {
	t     *testing.T
	r     *people.Registry
	shelf *shelf
	now   time.Time

	withdrawn bool           // there are no roles any more
	needs     map[string]int // see people.Config.Needs
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, shelf: &shelf{values: map[string][]byte{}}, now: time.Unix(1_790_000_000, 0)}
	w.restart()
	return w
}

// restart is as after a kill: what was not durable is gone.
func (w *world) restart() {
	r, err := people.New(people.Config{Shelf: w.shelf, Known: func(role string) bool { return !w.withdrawn && (role == "pharmacist" || role == "finance") },
		Needs: func(way string) int { return w.needs[way] }, Idle: 15 * time.Minute, Most: 12 * time.Hour, Clock: func() time.Time { return w.now }})
	require.NoError(w.t, err)
	w.r = r
}

func (w *world) add(id string) people.Person {
	p, err := w.r.Add(people.Person{ID: id, Name: "A B", Organisation: "FA565", Roles: []string{"pharmacist"}, Subjects: []string{people.Subject("https://id.example", id)}})
	require.NoError(w.t, err)
	return p
}

func (w *world) begin(id string) string {
	name, err := w.r.Begin(people.Session{Person: id, Way: people.WayPasskey}, "")
	require.NoError(w.t, err)
	return name
}

func (w *world) signed(name string) bool { _, _, ok := w.r.Signed(name); return ok }

func TestProblems(t *testing.T) {
	w := newWorld(t)
	_, err := w.r.Add(people.Person{ID: "-", Name: "\n", Organisation: "x", Roles: []string{"king", "finance", "finance"}, Practitioner: "x", Subjects: []string{"x"}})
	for _, part := range []string{`id "-"`, "name", "organisation", `role "king"`, "named twice", "practitioner", "subject"} {
		require.ErrorContains(t, err, part, "all problems at once")
	}
	w.add("anna")
	_, err = w.r.Add(people.Person{ID: "anna", Name: "x", Organisation: "FA565"})
	require.ErrorContains(t, err, "already")
	_, err = w.r.Add(people.Person{ID: "bob", Name: "x", Organisation: "FA565", Subjects: []string{"https://id.example anna"}})
	require.ErrorContains(t, err, "that of the user anna")
	_, err = w.r.Person("nobody")
	require.ErrorContains(t, err, "There is no user")
	for _, fine := range []string{"Practitioner/1", "sds-user-id|555", "https://fhir.nhs.uk/Id/sds-user-id|555"} {
		_, err = w.r.Add(people.Person{ID: strings.Map(func(r rune) rune {
			if r == '/' || r == '|' || r == ':' {
				return '-'
			}
			return r
		}, fine), Name: "x", Organisation: "FA565", Practitioner: fine})
		require.NoError(t, err, fine)
	}
}

// TestSessionsEnd: by each rule that ends them, at once and after a restart.
func TestSessionsEnd(t *testing.T) {
	for name, end := range map[string]func(w *world, session string){
		"idle":        func(w *world, _ string) { w.now = w.now.Add(15 * time.Minute) },
		"sign-out":    func(w *world, s string) { require.NoError(w.t, w.r.End(s)) },
		"everywhere":  func(w *world, _ string) { require.NoError(w.t, w.r.SignOutEverywhere("anna")) },
		"disabled":    func(w *world, _ string) { _, err := w.r.Disable("anna", true); require.NoError(w.t, err) },
		"enabled":     func(w *world, _ string) { _, err := w.r.Disable("anna", false); require.NoError(w.t, err) },
		"other roles": func(w *world, _ string) { _, err := w.r.SetRoles("anna", nil); require.NoError(w.t, err) },
		"another sign-in in the browser": func(w *world, s string) {
			_, err := w.r.Begin(people.Session{Person: "bob"}, s)
			require.NoError(w.t, err)
		},
		"absolute limit": func(w *world, s string) {
			for range 12 * 6 {
				require.True(w.t, w.signed(s))
				w.now = w.now.Add(10 * time.Minute)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.add("anna")
			w.add("bob")
			session, other := w.begin("anna"), w.begin("bob")
			require.True(t, w.signed(session))
			end(w, session)
			require.False(t, w.signed(session))
			w.restart()
			require.False(t, w.signed(session))
			if !strings.Contains("idle absolute limit", name) {
				require.True(t, w.signed(other), "the session of another")
			}
		})
	}
}

// TestHolds: to ask whether a session is in force is no use of it, so that it ends as if
// nobody had asked.
func TestHolds(t *testing.T) {
	w := newWorld(t)
	w.add("anna")
	session := w.begin("anna")
	for range 14 {
		require.True(t, w.r.Holds(session))
		w.now = w.now.Add(time.Minute)
	}
	require.True(t, w.r.Holds(session))
	w.now = w.now.Add(time.Minute)
	require.False(t, w.r.Holds(session))
	require.False(t, w.r.Holds(""))
	again := w.begin("anna")
	require.NoError(t, w.r.End(again))
	require.False(t, w.r.Holds(again))
}

// TestSessionsAreKept: over a restart, with when they were last used; only hashes
// are stored.
func TestSessionsAreKept(t *testing.T) {
	w := newWorld(t)
	w.add("anna")
	session := w.begin("anna")
	for range 4 {
		w.now = w.now.Add(10 * time.Minute)
		require.True(t, w.signed(session))
		w.restart()
	}
	_, s, ok := w.r.Signed(session)
	require.True(t, ok)
	require.Equal(t, w.now.Add(-40*time.Minute).Unix(), s.Verified)
	for name, v := range w.shelf.values {
		require.False(t, strings.Contains(name, session) || bytes.Contains(v, []byte(session)))
	}
	require.False(t, w.signed(session[:42]+"."), "another one")
	require.False(t, w.signed(""))
	w.shelf.full = true
	w.now = w.now.Add(10 * time.Minute)
	require.True(t, w.signed(session), "a full disk ends no session")
	_, err := w.r.Begin(people.Session{Person: "anna"}, session)
	require.Error(t, err)
	require.True(t, w.signed(session))
}

// TestProvide: who the provider says people are is what they are, anew each time; who
// was registered by hand, or disabled, stays as they are here.
func TestProvide(t *testing.T) {
	w := newWorld(t)
	said := people.Person{ID: "openid-x", Name: "X", Organisation: "FA565", Roles: []string{"finance"}, Practitioner: "https://id.example|x", Subjects: []string{people.Subject("https://id.example", "x")}}
	p, err := w.r.Provide(said)
	require.NoError(t, err)
	require.True(t, p.Provided)
	session := w.begin("openid-x")
	said.Name = "Y"
	_, err = w.r.Provide(said)
	require.NoError(t, err)
	require.True(t, w.signed(session), "another name")
	_, err = w.r.SetRoles("openid-x", nil)
	require.ErrorContains(t, err, "provider")
	said.Roles = []string{"pharmacist"}
	p, err = w.r.Provide(said)
	require.NoError(t, err)
	require.Equal(t, "Y", p.Name)
	require.Equal(t, []string{"pharmacist"}, p.Roles)
	require.False(t, w.signed(session), "another role")
	_, err = w.r.Disable("openid-x", true)
	require.NoError(t, err)
	p, err = w.r.Provide(said)
	require.NoError(t, err)
	require.True(t, p.Disabled)
	said.Roles = []string{"king"}
	_, err = w.r.Provide(said)
	require.ErrorContains(t, err, `role "king"`)

	anna := w.add("anna")
	said.Subjects = anna.Subjects
	p, err = w.r.Provide(said)
	require.NoError(t, err)
	require.Equal(t, "anna", p.ID)
	require.Equal(t, anna.Roles, p.Roles, "as it was registered")
}

var party = webauthn.Party{ID: "pestle.example", Origin: "https://pestle.example"}

func (w *world) passkey(code string) (*webauthntest.Authenticator, error) {
	a := webauthntest.New(party)
	c, err := party.Register(a.Register([]byte("c")), []byte("c"))
	require.NoError(w.t, err)
	p, err := w.r.Register(code, c)
	a.User = p.Handle
	return a, err
}

func (w *world) use(a *webauthntest.Authenticator) (people.Person, error) {
	answer := a.Assert([]byte("c"))
	return w.r.Use(answer.ID, answer.Response.User, func(c webauthn.Credential) (webauthn.Credential, error) { return party.Assert(answer, []byte("c"), c) })
}

// TestInvites are taken once, while they last, and as people type them.
func TestInvites(t *testing.T) {
	w := newWorld(t)
	w.add("anna")
	first, _, err := w.r.Invite("anna", time.Hour, false, people.Maker{})
	require.NoError(t, err)
	code, until, err := w.r.Invite("anna", time.Hour, false, people.Maker{})
	require.NoError(t, err)
	require.Equal(t, w.now.Add(time.Hour).UTC(), until)
	for name := range w.shelf.values {
		require.NotContains(t, name, code)
	}
	w.restart()
	_, err = w.passkey(first)
	require.ErrorIs(t, err, people.ErrInvite, "another took its place")
	a, err := w.passkey(strings.ToLower(strings.ReplaceAll(code, "-", " ")))
	require.NoError(t, err)
	_, err = w.passkey(code)
	require.ErrorIs(t, err, people.ErrInvite, "used")
	w.restart()
	_, err = w.passkey(code)
	require.ErrorIs(t, err, people.ErrInvite, "used, after a restart")
	p, err := w.use(a)
	require.NoError(t, err)
	require.Equal(t, "anna", p.ID)

	late, _, err := w.r.Invite("anna", time.Minute, false, people.Maker{})
	require.NoError(t, err)
	w.now = w.now.Add(time.Minute)
	_, err = w.passkey(late)
	require.ErrorIs(t, err, people.ErrInvite, "expired")
	session := w.begin("anna")
	lost, _, err := w.r.Invite("anna", time.Minute, true, people.Maker{})
	require.NoError(t, err)
	b, err := w.passkey(lost)
	require.NoError(t, err)
	_, err = w.use(a)
	require.ErrorIs(t, err, people.ErrUnknown, "replaced")
	require.False(t, w.signed(session))
	_, err = w.use(b)
	require.NoError(t, err)
	open, _, err := w.r.Invite("anna", time.Minute, true, people.Maker{})
	require.NoError(t, err)
	_, err = w.r.Disable("anna", true)
	require.NoError(t, err)
	_, err = w.passkey(open)
	require.ErrorIs(t, err, people.ErrInvite, "disabled")
	_, err = w.use(b)
	require.ErrorIs(t, err, people.ErrUnknown, "disabled")
	_, _, err = w.r.Invite("anna", time.Minute, false, people.Maker{})
	require.ErrorContains(t, err, "disabled")
	_, _, err = w.r.Invite("anna", 8*24*time.Hour, false, people.Maker{})
	require.ErrorContains(t, err, "a week")
}

// TestCopiedPasskey: a counter that goes back ends the passkey and the sessions,
// for whoever has it.
func TestCopiedPasskey(t *testing.T) {
	w := newWorld(t)
	w.add("anna")
	code, _, err := w.r.Invite("anna", time.Hour, false, people.Maker{})
	require.NoError(t, err)
	a, err := w.passkey(code)
	require.NoError(t, err)
	twin := *a
	_, err = w.use(a)
	require.NoError(t, err)
	session := w.begin("anna")
	w.restart()
	_, err = w.use(&twin)
	require.ErrorIs(t, err, webauthn.ErrCount)
	require.False(t, w.signed(session))
	_, err = w.use(a)
	require.ErrorIs(t, err, people.ErrUnknown)
	_, err = w.use(webauthntest.New(party))
	require.ErrorIs(t, err, people.ErrUnknown)
}

// TestOwnPasskeysAndSessions: a person lists, adds and removes them; what was begun
// with a passkey ends with it, and nobody else's does.
func TestOwnPasskeysAndSessions(t *testing.T) {
	w := newWorld(t)
	w.add("anna")
	w.add("bob")
	code, _, err := w.r.Invite("anna", time.Hour, false, people.Maker{})
	require.NoError(t, err)
	first, err := w.passkey(code)
	require.NoError(t, err)
	require.ErrorIs(t, w.r.RemovePasskey("anna", first.ID), people.ErrLast)

	second := webauthntest.New(party)
	c, err := party.Register(second.Register([]byte("c")), []byte("c"))
	require.NoError(t, err)
	require.NoError(t, w.r.AddPasskey("anna", c))
	require.ErrorContains(t, w.r.AddPasskey("bob", c), "registered already")
	second.User = []byte("somebody else")
	_, err = w.use(second)
	require.ErrorIs(t, err, people.ErrUnknown, "the user handle of another")
	second.User = first.User
	_, err = w.use(second)
	require.NoError(t, err)

	begin := func(person string, passkey []byte) string {
		name, err := w.r.Begin(people.Session{Person: person, Way: people.WayPasskey, Passkey: passkey}, "")
		require.NoError(t, err)
		return name
	}
	a, b, other := begin("anna", first.ID), begin("anna", second.ID), begin("bob", nil)
	require.Len(t, w.r.Sessions("anna"), 2)
	require.NoError(t, w.r.EndSessions("bob", people.SessionID(a)), "of another: nothing happens")
	require.True(t, w.signed(a))
	require.NoError(t, w.r.RemovePasskey("anna", first.ID))
	require.NoError(t, w.r.RemovePasskey("anna", first.ID))
	require.False(t, w.signed(a), "begun with the passkey that was removed")
	w.restart()
	require.False(t, w.signed(a))
	require.True(t, w.signed(b))
	require.Equal(t, people.SessionID(b), w.r.Sessions("anna")[0].ID)
	require.NoError(t, w.r.EndSessions("anna", people.SessionID(b), people.SessionID(other)))
	require.False(t, w.signed(b))
	require.True(t, w.signed(other))
	_, err = w.r.Disable("anna", true)
	require.NoError(t, err)
	require.ErrorIs(t, w.r.AddPasskey("anna", c), people.ErrUnknown)
}

// TestWithdrawnRole: whose role is in the table no more can be disabled, and signs in to
// do nothing.
func TestWithdrawnRole(t *testing.T) {
	w := newWorld(t)
	w.add("anna")
	code, _, err := w.r.Invite("anna", time.Hour, false, people.Maker{})
	require.NoError(t, err)
	w.withdrawn = true
	a, err := w.passkey(code)
	require.NoError(t, err)
	_, err = w.use(a)
	require.NoError(t, err)
	_, err = w.r.SetRoles("anna", []string{"pharmacist"})
	require.ErrorContains(t, err, "not in the table")
	_, err = w.r.Disable("anna", true)
	require.NoError(t, err)
	_, err = w.use(a)
	require.ErrorIs(t, err, people.ErrUnknown)
}
