package signin_test

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server/people"
	"github.com/pestle-fhir/pestle/server/signin"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutToken is a good logout token of the provider, changed by claims; nil takes one
// out.
func (p *provider) logoutToken(number int, change jwt.MapClaims) string {
	now := p.w.now.Unix()
	claims := jwt.MapClaims{"iss": p.http.URL, "aud": "pestle", "sub": "s-1", "sid": "there-1", "iat": now, "exp": now + 120, "jti": fmt.Sprint("j-", number), "events": map[string]any{logoutEvent: map[string]any{}}}
	for name, value := range change {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	t := jwt.NewWithClaims(p.method, claims)
	t.Header["kid"], t.Header["typ"] = p.kid, "logout+jwt"
	raw, err := t.SignedString(p.key)
	require.NoError(p.t, err)
	return raw
}

// logout sends a form as the provider does.
func (w *world) logout(form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, origin+signin.LogoutPath, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	out := httptest.NewRecorder()
	w.s.ServeHTTP(out, r)
	return out
}

func (w *world) logsOut(raw string) *httptest.ResponseRecorder {
	return w.logout(url.Values{"logout_token": {raw}})
}

// there signs a browser in at the provider, in the session there of a name.
func (w *world) there(p *provider, sid any) *browser {
	p.claims["sid"] = sid
	b := w.browser()
	require.Equal(w.t, 303, b.fromProvider(b.toProvider(p, "")).code)
	require.Equal(w.t, "carl", b.who())
	return b
}

// TestBackChannelLogout: what ends at the provider ends here: the session of a name
// there, or those of a person, and nothing else.
func TestBackChannelLogout(t *testing.T) {
	w, p := newOpenID(t, nil)
	one, two, nameless := w.there(p, "there-1"), w.there(p, "there-2"), w.there(p, nil)
	key := w.browser()
	key.join("carl")
	require.Equal(t, "carl", key.who())
	anna := w.browser()
	anna.join("anna")

	out := w.logsOut(p.logoutToken(1, jwt.MapClaims{"sub": nil}))
	require.Equal(t, 200, out.Code, out.Body)
	require.Equal(t, "no-store", out.Header().Get("Cache-Control"))
	require.Empty(t, one.who())
	require.Equal(t, []string{"carl", "carl", "carl", "anna"}, []string{two.who(), nameless.who(), key.who(), anna.who()})
	require.Equal(t, "sign-out OK carl", w.audit.last())
	require.Equal(t, []string{"carl"}, w.online, "what apps do as long as they are signed in")

	require.Equal(t, 200, w.logsOut(p.logoutToken(2, jwt.MapClaims{"sid": "there-3"})).Code, "there is no such session")
	require.Equal(t, []string{"carl", "carl"}, w.online, "it may have expired here, and what apps do goes on for longer")
	require.Equal(t, 200, w.logsOut(p.logoutToken(3, jwt.MapClaims{"sub": "nobody"})).Code, "there is nobody of that name")
	require.Equal(t, 200, w.logsOut(p.logoutToken(20, jwt.MapClaims{"sub": nil, "sid": "there-3"})).Code, "of nobody knows whom")
	require.Len(t, w.online, 2)
	require.Equal(t, "carl", two.who())
	require.Equal(t, 200, w.logsOut(p.logoutToken(4, jwt.MapClaims{"sid": nil})).Code)
	require.Equal(t, []string{"", "", "carl", "anna"}, []string{two.who(), nameless.who(), key.who(), anna.who()}, "a passkey is not of the provider")

	later := w.there(p, "there-1")
	w.now = w.now.Add(2 * time.Minute)
	after := w.there(p, "there-1")
	require.Equal(t, 200, w.logsOut(p.logoutToken(5, jwt.MapClaims{"sid": nil, "iat": w.now.Unix() - 90})).Code)
	require.Empty(t, later.who())
	require.Equal(t, "carl", after.who(), "they have signed in since")

	// nothing can be recorded, or stored
	for i, full := range []*bool{&w.audit.full, &w.shelf.full} {
		*full = true
		token := p.logoutToken(10+i, nil)
		require.Equal(t, 503, w.logsOut(token).Code)
		*full = false
		require.Equal(t, 200, w.logsOut(token).Code, "the provider may send it again")
		require.Empty(t, after.who())
		after = w.there(p, "there-1")
	}
	restarted, err := people.New(people.Config{Shelf: w.shelf, Known: func(string) bool { return true }, Clock: func() time.Time { return w.now }})
	require.NoError(t, err)
	require.Len(t, restarted.Sessions("carl"), 2, "after a restart too")
}

// TestLogoutOfASessionThatIsOver: what apps may do as long as somebody is signed in ends by
// the name of the session at the provider alone, also where the session here has expired
// and was dropped, or was signed out here, and after a restart; for as long as it may last.
func TestLogoutOfASessionThatIsOver(t *testing.T) {
	w, p := newOpenID(t, nil)
	expired, left := w.there(p, "there-1"), w.there(p, "there-2")
	require.Equal(t, 303, left.post("/sign-out").code)
	require.Empty(t, left.who())
	again := w.there(p, "there-6")
	require.Equal(t, 303, again.fromProvider(again.toProvider(p, "")).code, "signed in anew in the same browser")
	w.now = w.now.Add(3 * time.Hour)
	require.Empty(t, expired.who())
	w.there(p, "there-3") // by which what is over is dropped
	bySID := func(number int, sid string) {
		t.Helper()
		require.Equal(t, 200, w.logsOut(p.logoutToken(number, jwt.MapClaims{"sub": nil, "sid": sid})).Code)
	}
	w.online = nil
	bySID(1, "there-1")
	require.Equal(t, []string{"carl"}, w.online)
	bySID(2, "there-2")
	require.Equal(t, []string{"carl", "carl"}, w.online)
	bySID(3, "there-1")
	require.Len(t, w.online, 2, "once")

	w.there(p, "there-4")
	restarted, err := people.New(people.Config{Shelf: w.shelf, Known: func(string) bool { return true }, Clock: func() time.Time { return w.now.Add(4 * time.Hour) }})
	require.NoError(t, err)
	var told []string
	require.NoError(t, restarted.EndProvided(p.http.URL, "there-4", "", w.now.Add(4*time.Hour), func(p people.Person) error { told = append(told, p.ID); return nil }))
	require.Equal(t, []string{"carl"}, told)

	w.now = w.now.Add(13 * time.Hour)
	w.there(p, "there-5")
	bySID(4, "there-3")
	require.Len(t, w.online, 2, "what it was is forgotten, as nothing lasts that long")
}

// TestLogoutTokenAttacks: nothing ends by a token that is not one of the provider, not
// for this server, or not for this.
func TestLogoutTokenAttacks(t *testing.T) {
	w, p := newOpenID(t, nil)
	b := w.there(p, "there-1")
	now := w.now.Unix()
	good, goodKid := p.key, p.kid
	another, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	n := 100
	refused := func(name, fault string, out *httptest.ResponseRecorder) {
		t.Helper()
		require.Equal(t, 400, out.Code, name)
		require.Contains(t, out.Body.String(), `"error":"invalid_request"`, name)
		require.Contains(t, out.Body.String(), fault, name)
		require.Equal(t, "carl", b.who(), name)
	}
	for name, c := range map[string]struct {
		claims jwt.MapClaims
		fault  string
	}{
		"another issuer":       {jwt.MapClaims{"iss": "https://evil.example"}, "iss, aud or exp"},
		"another audience":     {jwt.MapClaims{"aud": "other"}, "iss, aud or exp"},
		"other audiences":      {jwt.MapClaims{"aud": []string{"other", "pestle2"}}, "iss, aud or exp"},
		"no audience":          {jwt.MapClaims{"aud": nil}, "iss, aud or exp"},
		"expired":              {jwt.MapClaims{"exp": now - 61}, "iss, aud or exp"},
		"no expiry":            {jwt.MapClaims{"exp": nil}, "iss, aud or exp"},
		"issued in the future": {jwt.MapClaims{"iat": now + 61}, "iat"},
		"issued long ago":      {jwt.MapClaims{"iat": now - 601}, "iat"},
		"no issue":             {jwt.MapClaims{"iat": nil}, "iat"},
		"no jti":               {jwt.MapClaims{"jti": nil}, "jti"},
		"a jti of no text":     {jwt.MapClaims{"jti": 1}, "jti"},
		"a long jti":           {jwt.MapClaims{"jti": strings.Repeat("x", 256)}, "jti"},
		"a nonce":              {jwt.MapClaims{"nonce": "x"}, "nonce"},
		"an empty nonce":       {jwt.MapClaims{"nonce": ""}, "nonce"},
		"no events":            {jwt.MapClaims{"events": nil}, "events"},
		"another event":        {jwt.MapClaims{"events": map[string]any{"x": map[string]any{}}}, "events"},
		"an event of no kind":  {jwt.MapClaims{"events": map[string]any{logoutEvent: true}}, "events"},
		"a list of events":     {jwt.MapClaims{"events": []any{logoutEvent}}, "events"},
		"about nobody":         {jwt.MapClaims{"sub": nil, "sid": nil}, "sub or sid"},
		"about an empty name":  {jwt.MapClaims{"sub": "", "sid": nil}, "sub or sid"},
		"about a number":       {jwt.MapClaims{"sub": 1}, "logout_token"},
		"a list of sessions":   {jwt.MapClaims{"sid": []string{"there-1"}}, "sub or sid"},
	} {
		n++
		if c.claims["jti"] == nil {
			if _, said := c.claims["jti"]; !said {
				c.claims["jti"] = fmt.Sprint("a-", n)
			}
		}
		refused(name, c.fault, w.logsOut(p.logoutToken(n, c.claims)))
	}
	p.key = another
	refused("another key", "signature", w.logsOut(p.logoutToken(n+1, nil)))
	p.key, p.kid = good, "x"
	refused("an unknown key", "signature", w.logsOut(p.logoutToken(n+2, nil)))
	p.kid = goodKid
	p.method, p.key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType
	refused("no signature", "", w.logsOut(p.logoutToken(n+3, nil)))
	p.method, p.key = jwt.SigningMethodRS256, good
	raw := p.logoutToken(n+4, nil)
	refused("cut off", "", w.logsOut(raw[:strings.LastIndex(raw, ".")+1]))
	refused("padded", "", w.logsOut(raw+"="))
	refused("no token", "logout_token", w.logout(url.Values{}))
	refused("twice", "logout_token", w.logout(url.Values{"logout_token": {raw, raw}}))
	require.Equal(t, 405, b.get(signin.LogoutPath).code)
	require.Equal(t, 415, b.ask(http.MethodPost, signin.LogoutPath+"?logout_token="+raw, nil).code)
	require.Equal(t, 415, b.ask(http.MethodPost, signin.LogoutPath, url.Values{"logout_token": {raw}}, "Content-Type", "application/json").code)
	p.broken = true
	fresh, _ := newOpenID(t, func(o *signin.OpenID) { o.Issuer, o.Client = p.http.URL, p.http.Client() })
	require.Equal(t, 503, fresh.logsOut(raw).Code, "the provider does not answer")
	p.broken = false
	require.Equal(t, "carl", b.who())

	require.Equal(t, 200, w.logsOut(raw).Code)
	require.Empty(t, b.who())
	b = w.there(p, "there-1")
	refused("used before", "jti", w.logsOut(raw))
	var last int
	for range 300 {
		last = w.logsOut("x").Code
	}
	require.Equal(t, 429, last)
	plain := newWorld(t)
	require.False(t, plain.s.Serves(signin.LogoutPath), "without a provider")
}
