package signin_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server/limit"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/server/people"
	"github.com/pestle-fhir/pestle/server/signin"
	"github.com/pestle-fhir/pestle/server/webauthn"
	"github.com/pestle-fhir/pestle/server/webauthn/webauthntest"
)

const cookie = "__Host-pestle-session"

// TestWays: registered by an invitation, signed out, signed in, on one's own page.
func TestWays(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	out := b.get("/account")
	require.Equal(t, 303, out.code)
	require.Equal(t, "/sign-in?back=%2Faccount", out.header.Get("Location"))
	out = b.join("anna")
	require.Equal(t, 303, out.code, out.body)
	require.Equal(t, "/account", out.header.Get("Location"))
	require.Equal(t, "passkey-register OK anna", w.audit.last())
	require.Equal(t, "anna", b.who())
	page := b.get("/account")
	require.Contains(t, page.body, "Name of anna")
	require.Contains(t, page.body, "this browser")
	require.Contains(t, page.header.Get("Content-Security-Policy"), "script-src 'self'")
	require.NotContains(t, page.header.Get("Content-Security-Policy"), "unsafe")
	require.Equal(t, "no-store", page.header.Get("Cache-Control"))

	out = b.post("/sign-out")
	require.Equal(t, 303, out.code)
	require.Equal(t, "sign-out OK anna", w.audit.last())
	require.Empty(t, b.who())
	require.Equal(t, 303, b.post("/sign-out").code, "twice")
	out = b.enter("back", "/authorize?client_id=growth&state=x")
	require.Equal(t, 303, out.code, out.body)
	require.Equal(t, "/authorize?client_id=growth&state=x", out.header.Get("Location"))
	require.Equal(t, "sign-in OK anna", w.audit.last())
	require.Equal(t, "anna", b.who())
	w.restart()
	require.Equal(t, "anna", b.who(), "after a restart")
	p, ok := w.s.Account("anna")
	require.True(t, ok)
	require.Equal(t, "FA565", p.Organisation)
	w.now = w.now.Add(15 * time.Minute)
	require.Empty(t, b.who(), "idle")
}

// TestCookie is one that no other host of the domain can set or read, and no script.
func TestCookie(t *testing.T) {
	w := newWorld(t)
	out := w.browser().join("anna")
	require.Equal(t, cookie, out.cookie.Name)
	require.True(t, out.cookie.Secure && out.cookie.HttpOnly)
	require.Equal(t, "/", out.cookie.Path)
	require.Empty(t, out.cookie.Domain)
	require.Equal(t, http.SameSiteLaxMode, out.cookie.SameSite)

	local, err := signin.New(signin.Config{People: w.people, Audit: w.audit, Origin: "http://localhost:8080"})
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: "pestle-session", Value: out.cookie.Value})
	_, _, ok := local.Signed(r)
	require.True(t, ok, "without TLS it has another name")
	_, _, ok = w.s.Signed(r)
	require.False(t, ok, "which is nothing under TLS: another host could have set it")

	b := w.browser()
	b.join("bob")
	r = httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: cookie, Value: out.cookie.Value})
	r.AddCookie(&http.Cookie{Name: cookie, Value: b.cookies[cookie]})
	_, _, ok = w.s.Signed(r)
	require.False(t, ok, "two of them say nothing")
}

func TestOrigins(t *testing.T) {
	for origin, fine := range map[string]bool{"https://pestle.example": true, "https://pestle.example:8443": true, "http://localhost:8080": true, "https://PESTLE.example:443/": true,
		"http://127.0.0.1:8080": false, "https://10.0.0.7": false, "https://[::1]": false, "http://pestle.example": false, "": false, "pestle": false} {
		_, err := signin.New(signin.Config{Origin: origin})
		require.Equal(t, fine, err == nil, origin)
	}
}

// TestSessionFixation: a sign-in never takes the name of a session that the browser
// brings, and ends that session.
func TestSessionFixation(t *testing.T) {
	w := newWorld(t)
	b, victim := w.browser(), w.browser()
	b.join("bob")
	known := b.cookies[cookie]
	victim.cookies[cookie] = known
	victim.join("anna")
	require.Equal(t, "anna", victim.who())
	require.NotEqual(t, known, victim.cookies[cookie])
	require.Empty(t, b.who(), "the session that was planted is over")
	chosen := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	victim.cookies[cookie] = chosen
	victim.enter()
	require.NotEqual(t, chosen, victim.cookies[cookie])
	before := victim.cookies[cookie]
	victim.enter()
	require.NotEqual(t, before, victim.cookies[cookie], "each sign-in has a session of its own")
}

// TestAssertionAttacks: whatever is wrong with an answer, nobody is signed in, the
// page says so, and the failure is recorded under whose passkey it was.
func TestAssertionAttacks(t *testing.T) {
	for name, c := range map[string]struct {
		attack func(w *world, b *browser, challenge []byte) *webauthn.Answer
		by     string
	}{
		"another origin": {func(_ *world, b *browser, c []byte) *webauthn.Answer {
			b.key.Party.Origin = "https://pestle.example.evil"
			return b.key.Assert(c)
		}, "anna"},
		"a subdomain": {func(_ *world, b *browser, c []byte) *webauthn.Answer {
			b.key.Party.Origin = "https://x.pestle.example"
			return b.key.Assert(c)
		}, "anna"},
		"without TLS": {func(_ *world, b *browser, c []byte) *webauthn.Answer {
			b.key.Party.Origin = "http://pestle.example"
			return b.key.Assert(c)
		}, "anna"},
		"in a frame": {func(_ *world, b *browser, c []byte) *webauthn.Answer {
			b.key.ClientData = func(m map[string]any) { m["crossOrigin"] = true }
			return b.key.Assert(c)
		}, "anna"},
		"another relying party": {func(_ *world, b *browser, c []byte) *webauthn.Answer {
			b.key.Party.ID = "evil.example"
			return b.key.Assert(c)
		}, "anna"},
		"another challenge": {func(_ *world, b *browser, c []byte) *webauthn.Answer { return b.key.Assert(c[1:]) }, "anna"},
		"a registration": {func(_ *world, b *browser, c []byte) *webauthn.Answer {
			a := b.key.Assert(c)
			b.key.ClientData = func(m map[string]any) { m["type"] = "webauthn.create" }
			a.Response.ClientData = b.key.Assert(c).Response.ClientData
			return a
		}, "anna"},
		"nobody verified": {func(_ *world, b *browser, c []byte) *webauthn.Answer {
			b.key.Flags = 0x01
			return b.key.Assert(c)
		}, "anna"},
		"another key": {func(_ *world, b *browser, c []byte) *webauthn.Answer {
			b.key.Key = webauthntest.New(party).Key
			return b.key.Assert(c)
		}, "anna"},
		"a passkey of nobody": {func(_ *world, b *browser, c []byte) *webauthn.Answer {
			other := webauthntest.New(party)
			other.User = b.key.User
			return other.Assert(c)
		}, "anonymous"},
		"another person's handle": {func(w *world, b *browser, c []byte) *webauthn.Answer {
			bob, err := w.people.Person("bob")
			require.NoError(w.t, err)
			b.key.User = bob.Handle
			return b.key.Assert(c)
		}, "anonymous"},
		"another person's passkey under one's own id": {func(w *world, b *browser, c []byte) *webauthn.Answer {
			bob := w.browser()
			bob.join("bob")
			a := bob.key.Assert(c)
			a.ID, a.Response.User = b.key.ID, b.key.User
			return a
		}, "anna"},
		"no handle": {func(_ *world, b *browser, c []byte) *webauthn.Answer {
			b.key.User = nil
			return b.key.Assert(c)
		}, "anonymous"},
		"disabled": {func(w *world, b *browser, c []byte) *webauthn.Answer {
			_, err := w.people.Disable("anna", true)
			require.NoError(w.t, err)
			return b.key.Assert(c)
		}, "anna"},
		"copied": {func(_ *world, b *browser, c []byte) *webauthn.Answer {
			b.key.Count = 0
			return b.key.Assert(c)
		}, "anna"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser()
			b.join("anna")
			b.enter()
			b.post("/sign-out")
			text, raw, _ := b.get("/sign-in").challenge(t)
			out := b.post("/sign-in", "challenge", text, "answer", w.text(c.attack(w, b, raw)), "back", "/authorize?x=1")
			require.Equal(t, 403, out.code)
			require.Contains(t, out.body, "You are not signed in")
			require.Contains(t, out.body, `value="/authorize?x=1"`, "the way back is kept")
			require.Nil(t, out.cookie)
			require.Empty(t, b.who())
			require.Equal(t, "sign-in Unauthorized "+c.by, w.audit.last())
		})
	}
}

// TestReplay: an answer is taken once, by this process, within 5 minutes, and for what
// it was asked.
func TestReplay(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.join("anna")
	text, raw, _ := b.get("/sign-in").challenge(t)
	answer := w.text(b.key.Assert(raw))
	require.Equal(t, 303, b.post("/sign-in", "challenge", text, "answer", answer).code)
	thief := w.browser()
	out := thief.post("/sign-in", "challenge", text, "answer", answer)
	require.Equal(t, 403, out.code)
	require.Empty(t, thief.who())
	require.Equal(t, "anna", b.who(), "sent twice, as by a double click, it costs nobody their passkey")
	require.Equal(t, 303, b.enter().code)

	fresh := func() (string, []byte) { text, raw, _ := b.get("/sign-in").challenge(t); return text, raw }
	text, raw = fresh()
	w.now = w.now.Add(5 * time.Minute)
	require.Contains(t, b.post("/sign-in", "challenge", text, "answer", w.text(b.key.Assert(raw))).body, "waited for more than 5 minutes")
	text, raw = fresh()
	w.restart()
	require.Equal(t, 403, b.post("/sign-in", "challenge", text, "answer", w.text(b.key.Assert(raw))).code)
	code, _, err := w.people.Invite("bob", time.Hour, false, people.Maker{})
	require.NoError(t, err)
	text, raw, _ = b.post("/invitation", "code", code).challenge(t)
	require.Equal(t, 403, b.post("/sign-in", "challenge", text, "answer", w.text(b.key.Assert(raw))).code, "a challenge for something else")
	for _, made := range []string{"", "x", base64.RawURLEncoding.EncodeToString(make([]byte, 56)), text + "A"} {
		require.Equal(t, 403, b.post("/sign-in", "challenge", made, "answer", answer).code, made)
	}
}

// TestInvitations are taken once, while they last, by the passkey that was asked for.
func TestInvitations(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	code, _, err := w.people.Invite("anna", time.Hour, false, people.Maker{})
	require.NoError(t, err)
	require.Equal(t, 303, b.register(code).code)
	out := w.browser().post("/invitation", "code", code)
	require.Equal(t, 403, out.code, "used")
	require.Contains(t, out.body, "The code is not valid")
	require.Equal(t, "passkey-register Unauthorized anonymous", w.audit.last())

	code, _, err = w.people.Invite("anna", time.Minute, false, people.Maker{})
	require.NoError(t, err)
	page := b.post("/invitation", "code", strings.ToLower(code))
	text, raw, options := page.challenge(t)
	require.Len(t, options["excludeCredentials"], 1)
	key := webauthntest.New(party)
	key.Party.Origin = "https://evil.example"
	out = b.post("/invitation", "code", strings.ToLower(code), "challenge", text, "answer", w.text(key.Register(raw)))
	require.Equal(t, 422, out.code)
	require.Contains(t, out.body, "another origin")
	require.Equal(t, "passkey-register Unauthorized anna", w.audit.last())
	key.Party = party
	other, _, err := w.people.Invite("bob", time.Hour, false, people.Maker{})
	require.NoError(t, err)
	require.Equal(t, 422, b.post("/invitation", "code", other, "challenge", text, "answer", w.text(key.Register(raw))).code, "a challenge for another code")
	out = b.post("/invitation", "code", strings.ToLower(code), "challenge", text, "answer", w.text(b.key.Register(raw)))
	require.Equal(t, 422, out.code)
	require.Contains(t, out.body, "registered already")
	out = b.post("/invitation", "code", code, "answer", "")
	require.Equal(t, 422, out.code)
	require.Contains(t, out.body, "Passkeys need JavaScript")
	w.now = w.now.Add(time.Minute)
	require.Equal(t, 403, b.post("/invitation", "code", code, "challenge", text, "answer", w.text(key.Register(raw))).code, "expired")

	lost, _, err := w.people.Invite("anna", time.Minute, true, people.Maker{})
	require.NoError(t, err)
	require.Equal(t, "anna", b.who())
	c := w.browser()
	require.Equal(t, 303, c.register(lost).code)
	require.Empty(t, b.who(), "replaced")
	require.Equal(t, 403, b.enter().code)
	require.Equal(t, 303, c.enter().code)
}

// TestAttempts: 10,000 guesses of a code from one address are answered without looking
// at them, recorded up to a bound, and another address is not kept out.
func TestAttempts(t *testing.T) {
	w := newWorld(t)
	w.rate = limit.Rate{}
	w.restart()
	b := w.browser()
	looked := 0
	for i := range 10_000 {
		out := b.post("/invitation", "code", fmt.Sprintf("AAAA-AAAA-AAAA-%04d", i))
		if out.code == 403 {
			looked++
			continue
		}
		require.Equal(t, 429, out.code)
		require.NotEmpty(t, out.header.Get("Retry-After"))
	}
	require.LessOrEqual(t, looked, 30)
	require.LessOrEqual(t, len(w.audit.list), 100)
	r := httptest.NewRequest(http.MethodPost, origin+"/invitation", strings.NewReader("code=x"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = "198.51.100.7:1"
	out := httptest.NewRecorder()
	w.s.ServeHTTP(out, r)
	require.Equal(t, 403, out.Code)
	require.Equal(t, "198.51.100.7", w.audit.list[len(w.audit.list)-1].Address)
}

// TestDisabledMeanwhile: a person who is disabled is signed in nowhere any more.
func TestDisabledMeanwhile(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.join("anna")
	_, err := w.people.Disable("anna", true)
	require.NoError(t, err)
	require.Empty(t, b.who())
	require.Equal(t, 303, b.get("/account").code)
	require.Equal(t, 303, b.post("/account", "end", "others").code)
	_, ok := w.s.Account("anna")
	require.False(t, ok)
	_, err = w.people.Disable("anna", false)
	require.NoError(t, err)
	require.Empty(t, b.who(), "and not again when enabled")
}

// TestBack leads to the authorization endpoint or to one's own page.
func TestBack(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.join("anna")
	for back, want := range map[string]string{
		"/authorize?a=b": "/authorize?a=b", "": "/account", "/account": "/account", "//evil.example/authorize?": "/account", "https://evil.example/authorize?": "/account",
		"/authorize": "/account", `/\evil.example`: "/account", "/authorize@evil.example?": "/account", "/authorizes?": "/account", "javascript:alert(1)": "/account",
		"/authorize?x\r\nSet-Cookie: a=b": "/account", " /authorize?": "/account", "%2Fauthorize?": "/account", "/fhir/Patient": "/account",
	} {
		require.Equal(t, want, b.enter("back", back).header.Get("Location"), back)
	}
	page := b.get("/sign-in?" + url.Values{"back": {`/authorize?"><script>alert(1)</script>`}}.Encode())
	require.NotContains(t, page.body, "<script>")
}

// TestForms: what is not a form of this server's own pages is refused in words, and
// nothing is done.
func TestForms(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.join("anna")
	send := func(method, target, body string, headers ...string) *seen {
		r := httptest.NewRequest(method, origin+target, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(&http.Cookie{Name: cookie, Value: b.cookies[cookie]})
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		out := httptest.NewRecorder()
		w.s.ServeHTTP(out, r)
		return &seen{code: out.Code, body: out.Body.String(), header: out.Header()}
	}
	for name, c := range map[string]struct {
		code int
		want string
		out  *seen
	}{
		"another site":        {403, "a page of another site", send("POST", "/sign-out", "", "Sec-Fetch-Site", "cross-site")},
		"another host":        {403, "a page of another site", send("POST", "/sign-out", "", "Sec-Fetch-Site", "same-site")},
		"an old browser":      {403, "a page of another site", send("POST", "/sign-out", "", "Origin", "https://evil.example")},
		"behind a proxy":      {303, "", send("POST", "/sign-out", "", "Origin", origin, "Host", "10.0.0.7", "Cookie", "")},
		"too long":            {413, "longer than 64 kB", send("POST", "/invitation", "code="+strings.Repeat("x", 70_000))},
		"not UTF-8":           {400, "not in UTF-8", send("POST", "/invitation", "code=%ff%fe")},
		"a name not in UTF-8": {400, "not in UTF-8", send("POST", "/invitation", "%ff=1")},
		"twice":               {400, "more than once", send("POST", "/invitation", "code=a&code=b")},
		"not a form":          {415, "expected application/x-www-form-urlencoded", send("POST", "/invitation", `{}`, "Content-Type", "application/json")},
		"in the URL":          {415, "nothing in the URL", send("POST", "/invitation?code=a", "")},
		"not encoded":         {400, "cannot be read", send("POST", "/invitation", "code=%zz")},
		"a query":             {400, "cannot be read", send("GET", "/sign-in?back=%zz", "")},
		"another method":      {405, "GET and POST", send("DELETE", "/account", "")},
		"nothing to do":       {400, "nothing that can be done", send("POST", "/account", "x=1")},
		"no script":           {422, "Passkeys need JavaScript", send("POST", "/sign-in", "answer=")},
		"not JSON":            {403, "waited for more than", send("POST", "/sign-in", "answer=x")},
		"null":                {403, "waited for more than", send("POST", "/sign-in", "answer=null")},
	} {
		assert.Equal(t, c.code, c.out.code, name)
		assert.Contains(t, c.out.body, c.want, name)
		assert.Equal(t, "anna", b.who(), name)
	}
	text, _, _ := b.get("/sign-in").challenge(t)
	for _, answer := range []string{"null", "x", "[]", "{}", `{"rawId":"AA"}`, `{"rawId":1}`, strings.Repeat("[", 10_000)} {
		require.Equal(t, 403, b.post("/sign-in", "challenge", text, "answer", answer).code, answer)
	}
}

// TestUnrecorded: what cannot be recorded, or stored, has no effect.
func TestUnrecorded(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.join("anna")
	code, _, err := w.people.Invite("bob", time.Hour, false, people.Maker{})
	require.NoError(t, err)
	for _, full := range []*bool{&w.audit.full, &w.shelf.full} {
		*full = true
		c := w.browser()
		c.key = b.key
		out := c.enter()
		require.Equal(t, 503, out.code)
		require.Contains(t, out.body, "nobody can sign in")
		require.Empty(t, c.who())
		require.Equal(t, 503, c.register(code).code)
		c.key = b.key
		*full = false
	}
	w.audit.full = true
	require.Equal(t, 303, b.post("/sign-out").code, "a sign-out is never refused")
	require.Empty(t, b.who())
	w.audit.full = false
	require.Equal(t, 303, b.register(code).code, "the invitation is not used up")
}

// TestOwnPage: passkeys and sessions of one's own are added and ended, soon after the
// sign-in, and nobody else's.
func TestOwnPage(t *testing.T) {
	w := newWorld(t)
	b, bob := w.browser(), w.browser()
	b.join("anna")
	bob.join("bob")
	first := b.key
	page := b.get("/account")
	require.NotContains(t, page.body, `name="remove"`, "the only one stays")
	require.Contains(t, b.post("/account", "remove", text(first.ID)).body, "it is the only passkey")

	challenge, raw, _ := page.challenge(t)
	second := webauthntest.New(party)
	second.User, second.Flags = first.User, 0x1d
	answer := w.text(second.Register(raw))
	require.Equal(t, 422, bob.post("/account", "challenge", challenge, "answer", answer).code, "a challenge for another session")
	out := b.post("/account", "challenge", challenge, "answer", answer)
	require.Equal(t, 200, out.code, out.body)
	require.Contains(t, out.body, "The passkey is registered.")
	require.Contains(t, out.body, "Synchronised between devices")
	require.Equal(t, "passkey-register OK anna", w.audit.last())
	require.Equal(t, 422, b.post("/account", "challenge", challenge, "answer", answer).code, "once")

	c := w.browser()
	c.key = second
	require.Equal(t, 303, c.enter().code)
	require.Contains(t, b.post("/account", "remove", text(bob.key.ID)).body, "You have no such passkey.")
	out = b.post("/account", "remove", text(second.ID))
	require.Equal(t, 200, out.code)
	require.Equal(t, "passkey-remove OK anna", w.audit.last())
	require.Empty(t, c.who(), "what was begun with it is over")
	require.Equal(t, 403, c.enter().code)

	d := w.browser()
	d.key = first
	d.enter()
	id := regexp.MustCompile(`name="end" value="([0-9a-f]+)"`).FindStringSubmatch(b.get("/account").body)
	require.NotNil(t, id)
	require.Contains(t, bob.post("/account", "end", id[1]).body, "nothing to sign out of")
	require.Equal(t, "anna", d.who())
	require.Equal(t, 200, b.post("/account", "end", id[1]).code)
	require.Equal(t, "sessions-end OK anna", w.audit.last())
	require.Empty(t, d.who())
	d.enter()
	b.post("/account", "end", "others")
	require.Empty(t, d.who())
	require.Equal(t, "anna", b.who())
	require.Equal(t, "bob", bob.who())

	w.now = w.now.Add(5 * time.Minute)
	page = b.get("/account")
	require.Contains(t, page.body, "sign in once more")
	require.NotContains(t, page.body, "data-passkey")
	require.Equal(t, 403, b.post("/account", "remove", text(first.ID)).code)
	require.Equal(t, 403, b.post("/account", "challenge", challenge, "answer", answer).code)
	_, err := w.people.SetRoles("anna", nil)
	require.NoError(t, err)
	b.key = first
	b.enter()
	require.Contains(t, b.get("/account").body, "none: you may do nothing")
}

// TestOwnApps: what apps may do for a person is shown to them, and ended by them.
func TestOwnApps(t *testing.T) {
	w := newWorld(t)
	w.apps = map[string][]oauth.Granted{"anna": {{ID: "g1", Name: "Growth <chart>", Scopes: []string{"user/Patient.rs"}, Given: w.now, Expires: w.now}}, "bob": {{ID: "g2"}}}
	b := w.browser()
	b.join("anna")
	require.Contains(t, b.get("/account").body, "Growth &lt;chart&gt;, since")
	require.Contains(t, b.post("/account", "app", "g2").body, "ended already")
	require.Len(t, w.apps["bob"], 1)
	w.audit.full = true
	require.Equal(t, 503, b.post("/account", "app", "g1").code)
	w.audit.full = false
	require.Contains(t, b.post("/account", "app", "g1").body, "may do nothing for you")
	require.Equal(t, "app-end OK anna", w.audit.last())
	require.Empty(t, w.apps["anna"])
	require.NotContains(t, b.get("/account").body, "Apps that act for you")
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
