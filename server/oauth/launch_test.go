package oauth

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLaunch follows an app from the question to the end of its refresh tokens.
func TestLaunch(t *testing.T) {
	w := newLaunching(t)
	q := request("scope", "launch/patient openid fhirUser offline_access patient/*.rs user/Patient.cruds profile", "nonce", "n-1")
	out := w.ask("", q)
	require.Equal(t, 303, out.code)
	require.Equal(t, "/sign-in", out.at.Path)
	back, err := url.Parse(out.at.Query().Get("back"))
	require.NoError(t, err)
	require.Equal(t, "/authorize", back.Path)
	require.Equal(t, q, back.Query(), "it comes back with what was asked")

	page := w.browse("anna", "GET", back.String(), nil)
	require.Equal(t, 200, page.code)
	for _, text := range []string{"App public asks to act for you", "Anna", "X99PH", "app.example", "see and search everything of the one patient", "without asking again"} {
		assert.Contains(t, page.body, text)
	}
	assert.Contains(t, page.body, `value="user/Patient.rs"`, "cut to what the role may do")
	missing := w.browse("anna", "POST", "/authorize", w.answerTo(page))
	require.Equal(t, 422, missing.code)
	require.Contains(t, missing.body, "Choose the patient")
	found := w.browse("anna", "POST", "/authorize", w.answerTo(page, "answer", "find", "find", "Name"))
	require.Contains(t, found.body, "Name-pa")
	require.NotContains(t, found.body, "Name-pb", "she does not see him")
	other := w.browse("anna", "POST", "/authorize", w.answerTo(page, "patient", "pb"))
	require.Contains(t, other.body, "Choose the patient")
	done := w.browse("anna", "POST", "/authorize", w.answerTo(page, "patient", "pa"))
	require.Equal(t, 303, done.code)
	require.Equal(t, "https://app.example/cb", strings.SplitN(done.at.String(), "?", 2)[0])
	require.Equal(t, []string{"abcdefghijklmnopqrstuv", "https://pharmacy.example"}, []string{done.at.Query().Get("state"), done.at.Query().Get("iss")})
	require.Equal(t, 400, w.browse("anna", "POST", "/authorize", w.answerTo(page, "patient", "pa")).code, "answered once")
	code := done.at.Query().Get("code")
	require.Len(t, code, 43)
	for name, value := range w.shelf.values {
		require.NotContains(t, name+string(value), code, "the code is stored hashed")
	}

	w.again() // the code outlives a restart
	a := w.redeem(code)
	require.Equal(t, 200, a.Code, a.Description)
	require.Equal(t, "launch/patient openid fhirUser offline_access patient/*.rs user/Patient.rs", a.Scope)
	require.Equal(t, []any{"pa", 900, true}, []any{a.Patient, a.Expires, a.Banner})
	who := w.who(a.Token)
	require.NotNil(t, who)
	require.Equal(t, []string{"Practitioner/anna", "X99PH", "public"}, []string{who.Requester.Agent, who.Requester.OnBehalf, who.Requester.Client})
	require.Equal(t, w.now.Add(-time.Minute).Unix(), who.Requester.Verified.Unix())
	queries, all := who.Scopes.Within("Observation", 'r')
	require.False(t, all)
	require.Contains(t, queries, "subject=Patient/pa")
	queries, all = who.Scopes.Within("Patient", 'r')
	require.Equal(t, []any{[]string{"_id=pa"}, false}, []any{queries, all}, "user/ does not widen patient/")
	require.False(t, who.MaySome("Claim", 'r'), "the role does not")
	checkIDToken(t, w, a.ID)

	in := w.send("/introspect", url.Values{"token": {a.Token}}, "Authorization", "Bearer "+a.Token)
	require.Equal(t, []any{true, "pa", "Practitioner/anna", base + "/Practitioner/anna", "https://pharmacy.example"}, []any{in.Active, in.Patient, in.Sub, in.FHIRUser, in.Iss})

	// Refreshed, with the same or less, until the grant ends.
	b := w.refresh(a.Refresh)
	require.Equal(t, []any{200, a.Scope, "pa"}, []any{b.Code, b.Scope, b.Patient}, b.Description)
	require.NotEqual(t, a.Refresh, b.Refresh)
	w.again()
	more := w.refresh(b.Refresh, "scope", "user/Observation.rs")
	require.Equal(t, "invalid_scope", more.Error)
	less := w.refresh(b.Refresh, "scope", "patient/Observation.r")
	require.Equal(t, []any{200, "patient/Observation.r"}, []any{less.Code, less.Scope}, less.Description)
	require.Equal(t, a.Scope, w.refresh(less.Refresh).Scope, "the grant is as it was")
}

func checkIDToken(t *testing.T, w *launching, text string) {
	var set struct {
		Keys []struct{ Kid, N, E, Alg string }
	}
	require.NoError(t, json.Unmarshal([]byte(w.browse("", "GET", "/jwks", nil).body), &set))
	require.NotEmpty(t, set.Keys)
	number := func(s string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(s)
		require.NoError(t, err)
		return new(big.Int).SetBytes(b)
	}
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(text, claims, func(k *jwt.Token) (any, error) {
		for _, key := range set.Keys {
			if key.Kid == k.Header["kid"] {
				return &rsa.PublicKey{N: number(key.N), E: int(number(key.E).Int64())}, nil
			}
		}
		return nil, jwt.ErrTokenUnverifiable
	}, jwt.WithValidMethods([]string{"RS256"}), jwt.WithAudience("public"), jwt.WithIssuer("https://pharmacy.example"), jwt.WithTimeFunc(func() time.Time { return w.now }))
	require.NoError(t, err)
	require.Equal(t, base+"/Practitioner/anna", claims["fhirUser"])
	require.Equal(t, "n-1", claims["nonce"])
}

// TestSigningKeys: another key signs each month, without a restart; the one before is
// published until what it signed has expired.
func TestSigningKeys(t *testing.T) {
	w := newLaunching(t)
	token := func() string {
		a := w.redeem(w.code("anna", request("scope", "openid fhirUser", "nonce", "n-1")))
		require.Equal(t, 200, a.Code, a.Description)
		return a.ID
	}
	first := token()
	checkIDToken(t, w, first)
	w.now = w.now.Add(keyLife + time.Minute)
	second := token()
	checkIDToken(t, w, second)
	require.NotEqual(t, strings.Split(first, ".")[0], strings.Split(second, ".")[0], "another kid")
	require.Equal(t, 2, strings.Count(w.browse("", "GET", "/jwks", nil).body, `"kid"`))
	w.again()
	require.Equal(t, 2, strings.Count(w.browse("", "GET", "/jwks", nil).body, `"kid"`), "after a restart")
	require.NotContains(t, w.browse("", "GET", "/jwks", nil).body, `"d"`)
	w.now = w.now.Add(keyLife + keyKept)
	token()
	require.Equal(t, 2, strings.Count(w.browse("", "GET", "/jwks", nil).body, `"kid"`), "the first is gone")
}

// TestAuthorizeRefuses: what is not asked as it must be is refused at the address of
// the app where that is known to be its own, and on a page where it is not.
func TestAuthorizeRefuses(t *testing.T) {
	w := newLaunching(t)
	_, err := w.s.Disable("other", true)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change  []string
		code    string // of the answer at the app's address; "" for a page
		problem string
	}{
		"client unknown":            {[]string{"client_id", "nobody"}, "", "not registered"},
		"client missing":            {[]string{"client_id", ""}, "", "not registered"},
		"client disabled":           {[]string{"client_id", "other"}, "", "disabled"},
		"client without a user":     {[]string{"client_id", "ec"}, "", "not that of an app"},
		"redirect missing":          {[]string{"redirect_uri", ""}, "", "redirect_uri"},
		"redirect elsewhere":        {[]string{"redirect_uri", "https://evil.example/cb"}, "", "redirect_uri"},
		"redirect below":            {[]string{"redirect_uri", home + "/x"}, "", "redirect_uri"},
		"redirect dots":             {[]string{"redirect_uri", "https://app.example/x/../cb"}, "", "redirect_uri"},
		"redirect with a query":     {[]string{"redirect_uri", home + "?x=1"}, "", "redirect_uri"},
		"redirect with a fragment":  {[]string{"redirect_uri", home + "#x"}, "", "redirect_uri"},
		"redirect in capitals":      {[]string{"redirect_uri", "https://APP.example/cb"}, "", "redirect_uri"},
		"redirect with a user":      {[]string{"redirect_uri", "https://app.example@evil.example/cb"}, "", "redirect_uri"},
		"redirect another port":     {[]string{"redirect_uri", "https://app.example:8443/cb"}, "", "redirect_uri"},
		"redirect in clear text":    {[]string{"redirect_uri", "http://app.example/cb"}, "", "redirect_uri"},
		"redirect a prefix":         {[]string{"redirect_uri", "https://app.example.evil.example/cb"}, "", "redirect_uri"},
		"loopback by another path":  {[]string{"redirect_uri", "http://127.0.0.1:5000/other"}, "", "redirect_uri"},
		"loopback by a name":        {[]string{"redirect_uri", "http://localhost:5000/cb"}, "", "redirect_uri"},
		"loopback of another":       {[]string{"redirect_uri", "http://127.0.0.1.evil.example/cb"}, "", "redirect_uri"},
		"loopback with a user":      {[]string{"redirect_uri", "http://127.0.0.1:x@evil.example/cb"}, "", "redirect_uri"},
		"token":                     {[]string{"response_type", "token"}, "unsupported_response_type", "code"},
		"code and token":            {[]string{"response_type", "code token"}, "unsupported_response_type", "code"},
		"fragment":                  {[]string{"response_mode", "fragment"}, invalidRequest, "response_mode"},
		"state missing":             {[]string{"state", ""}, invalidRequest, "state"},
		"PKCE missing":              {[]string{"code_challenge", "", "code_challenge_method", ""}, invalidRequest, "code_challenge_method"},
		"PKCE plain":                {[]string{"code_challenge_method", "plain", "code_challenge", verifier}, invalidRequest, "S256"},
		"PKCE without a method":     {[]string{"code_challenge_method", ""}, invalidRequest, "S256"},
		"PKCE short":                {[]string{"code_challenge", "abc"}, invalidRequest, "code_challenge"},
		"PKCE padded":               {[]string{"code_challenge", challengeOf(verifier)[:42] + "="}, invalidRequest, "code_challenge"},
		"aud missing":               {[]string{"aud", ""}, invalidRequest, base},
		"aud of another server":     {[]string{"aud", "https://evil.example/fhir"}, invalidRequest, base},
		"aud a prefix":              {[]string{"aud", base + ".evil.example"}, invalidRequest, base},
		"aud the token endpoint":    {[]string{"aud", endpoint}, invalidRequest, base},
		"request object":            {[]string{"request", "x.y.z"}, "request_not_supported", "request"},
		"request elsewhere":         {[]string{"request_uri", "https://evil.example"}, "request_uri_not_supported", "request_uri"},
		"scope missing":             {[]string{"scope", ""}, invalidScope, "none of what it asks"},
		"scope of nothing":          {[]string{"scope", "launch/patient offline_access"}, invalidScope, "none"},
		"scope of a system":         {[]string{"scope", "system/Patient.rs"}, invalidScope, "user and patient"},
		"scope beyond the app":      {[]string{"scope", "user/Condition.rs"}, invalidScope, "none"},
		"scope beyond the role":     {[]string{"scope", "user/Claim.rs"}, invalidScope, "none"},
		"scope out of order":        {[]string{"scope", "user/Patient.sr"}, invalidScope, "in this order"},
		"scope with a query like x": {[]string{"scope", "user/Patient.rs?name:exact=x"}, invalidScope, "modifier"},
		"launch of nobody":          {[]string{"launch", "x", "scope", "launch user/Patient.rs"}, invalidRequest, "launch"},
		"launch without its scope":  {[]string{"launch", "x"}, invalidRequest, "launch"},
		"not asked":                 {[]string{"prompt", "none"}, "consent_required", ""},
	} {
		out := w.ask("anna", request(c.change...))
		if c.code == "" {
			assert.Equal(t, 400, out.code, name)
			assert.Empty(t, out.header.Get("Location"), name)
			assert.Contains(t, out.body, c.problem, name)
			continue
		}
		assert.Equal(t, 303, out.code, name)
		assert.Equal(t, "app.example", out.at.Host, name)
		assert.Equal(t, c.code, out.at.Query().Get("error"), "%s: %s", name, out.at)
		assert.Contains(t, out.at.Query().Get("error_description"), c.problem, name)
		assert.Equal(t, "https://pharmacy.example", out.at.Query().Get("iss"), name)
		if name != "state missing" {
			assert.Equal(t, "abcdefghijklmnopqrstuv", out.at.Query().Get("state"), name)
		}
	}
	assert.Equal(t, "invalid_scope", w.ask("norma", request()).at.Query().Get("error"), "who has no role may do nothing")
	assert.Equal(t, "login_required", w.ask("", request("prompt", "none")).at.Query().Get("error"))
	assert.Equal(t, 400, w.browse("anna", "GET", "/authorize?"+request().Encode()+"&client_id=ec", nil).code, "a parameter twice")
	assert.Equal(t, 400, w.browse("anna", "PUT", "/authorize?"+request().Encode(), nil).code)
	assert.Equal(t, 200, w.browse("anna", "POST", "/authorize", request()).code, "by POST")
	assert.Equal(t, 200, w.ask("anna", request("redirect_uri", "http://127.0.0.1:51004/cb")).code, "a native app, at any port")
	assert.Equal(t, 200, w.ask("anna", request("aud", base+"/")).code)
	_, err = w.s.Disable("public", true)
	require.NoError(t, err)
	assert.Equal(t, 400, w.ask("anna", request()).code)
}

// TestConsentAttacks: only the person who was asked answers, on our own page, for no
// more than they were asked; no other page shows it or reads it.
func TestConsentAttacks(t *testing.T) {
	w := newLaunching(t)
	page := w.ask("anna", request("scope", "user/Patient.rs offline_access"))
	policy := page.header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self' https://app.example"} {
		assert.Contains(t, policy, part)
	}
	assert.NotContains(t, policy, "script-src")
	assert.Equal(t, "DENY", page.header.Get("X-Frame-Options"))
	assert.Equal(t, "no-store", page.header.Get("Cache-Control"))
	for name, c := range map[string]struct {
		person  string
		form    url.Values
		headers []string
	}{
		"from another site":         {"anna", w.answerTo(page), []string{"Sec-Fetch-Site", "cross-site"}},
		"from a sibling":            {"anna", w.answerTo(page), []string{"Sec-Fetch-Site", "same-site"}},
		"by origin":                 {"anna", w.answerTo(page), []string{"Origin", "https://evil.example"}},
		"by a sandboxed frame":      {"anna", w.answerTo(page), []string{"Origin", "null"}},
		"by somebody else":          {"ben", w.answerTo(page), nil},
		"by nobody":                 {"", w.answerTo(page), nil},
		"for a guess":               {"anna", w.answerTo(page, "asking", random(tokenSize)), nil},
		"for a scope that is wider": {"anna", w.answerTo(page, "scope", "user/Patient.cruds"), nil},
		"for a scope of another":    {"anna", w.answerTo(page, "scope", "patient/*.rs"), nil},
	} {
		out := w.browse(c.person, "POST", "/authorize", c.form, c.headers...)
		assert.Contains(t, []int{400, 403}, out.code, name)
		assert.Empty(t, out.header.Get("Location"), name)
	}
	// A form that is sent from elsewhere as a request is a question, not an answer.
	form := w.answerTo(page)
	assert.Equal(t, 400, w.browse("anna", "GET", "/authorize?"+form.Encode(), nil).code)
	none := w.browse("anna", "POST", "/authorize", url.Values{"asking": form["asking"], "answer": {"allow"}})
	assert.Contains(t, none.body, "at least one thing")
	w.now = w.now.Add(askingLife)
	assert.Equal(t, 400, w.browse("anna", "POST", "/authorize", form).code, "too late")

	refused := w.browse("anna", "POST", "/authorize", w.answerTo(w.ask("anna", request()), "answer", "refuse"))
	assert.Equal(t, "access_denied", refused.at.Query().Get("error"))
	narrow := w.redeem(w.code("anna", request("scope", "user/Patient.rs offline_access openid"), "scope", "openid"))
	assert.Equal(t, "openid", narrow.Scope)
	assert.Empty(t, narrow.Refresh)
	evil := w.ask("anna", request("state", `"><script>alert(1)</script>`, "nonce", `<b>`))
	assert.NotContains(t, evil.body, "<script")
}

// TestCodeAttacks: a code is for who it was given to, once, and for a minute.
func TestCodeAttacks(t *testing.T) {
	w := newLaunching(t)
	for name, change := range map[string][]string{
		"verifier missing":  {"code_verifier", ""},
		"verifier of a kid": {"code_verifier", strings.Repeat("x", 43)},
		"the challenge":     {"code_verifier", challengeOf(verifier)},
		"another client":    {"client_id", "other"},
		"redirect missing":  {"redirect_uri", ""},
		"redirect other":    {"redirect_uri", "http://127.0.0.1/cb"},
	} {
		code := w.code("anna", request())
		a := w.redeem(code, change...)
		assert.Equal(t, []any{400, "invalid_grant"}, []any{a.Code, a.Error}, name)
		assert.Empty(t, a.Token, name)
		assert.Equal(t, "invalid_grant", w.redeem(code).Error, "%s: what was tried in vain is over", name)
	}
	for name, change := range map[string][]string{
		"a confidential client by its name": {"client_id", "secret"},
		"a client with keys by its name":    {"client_id", "keyed"},
		"no client":                         {"client_id", ""},
		"a secret in the body":              {"client_secret", "x"},
	} {
		a := w.redeem(w.code("anna", request()), change...)
		assert.Equal(t, []any{401, "invalid_client"}, []any{a.Code, a.Error}, name)
	}
	code := w.code("anna", request())
	w.now = w.now.Add(codeLife)
	assert.Equal(t, "invalid_grant", w.redeem(code).Error, "60 seconds")

	// The second use ends what the first one gave, also after a restart.
	code = w.code("anna", request("scope", "user/Patient.rs offline_access"))
	first := w.redeem(code)
	require.Equal(t, 200, first.Code, first.Description)
	w.again()
	require.NotNil(t, w.who(first.Token))
	require.Equal(t, "invalid_grant", w.redeem(code).Error)
	require.Nil(t, w.who(first.Token))
	require.Equal(t, "invalid_grant", w.refresh(first.Refresh).Error)
	w.again()
	require.Nil(t, w.who(first.Token))

	// Of many at once at most one gets a token, and none keeps it.
	code = w.code("anna", request())
	var wait sync.WaitGroup
	answers := make([]*got, 16)
	for i := range answers {
		wait.Go(func() { answers[i] = w.redeem(code) })
	}
	wait.Wait()
	for _, a := range answers {
		if a.Token != "" {
			require.Nil(t, w.who(a.Token))
		}
	}

	// A full disk gives no token and no code.
	code = w.code("anna", request())
	w.shelf.fails = assert.AnError
	require.Equal(t, 503, w.redeem(code).Code)
	page := w.ask("anna", request())
	require.Equal(t, "temporarily_unavailable", w.browse("anna", "POST", "/authorize", w.answerTo(page)).at.Query().Get("error"))
}

// TestConfidential: a client with a secret or keys proves who it is, for its codes and
// its refresh tokens.
func TestConfidential(t *testing.T) {
	w := newLaunching(t)
	basic := func(id, secret string) []string {
		return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))}
	}
	form := func(code string) url.Values {
		return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {home}, "code_verifier": {verifier}}
	}
	q := request("client_id", "secret", "scope", "user/Patient.rs online_access")
	a := w.send("/token", form(w.code("anna", q)), basic("secret", w.secret)...)
	require.Equal(t, 200, a.Code, a.Description)
	for name, headers := range map[string][]string{"another secret": basic("secret", "x"), "of a public one": basic("public", ""), "the hash": basic("secret", string(w.s.clients.get("secret").Secret)), "a Bearer": {"Authorization", "Bearer x"}} {
		require.Equal(t, 401, w.send("/token", form(w.code("anna", q)), headers...).Code, name)
	}
	stolen := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.Refresh}, "client_id": {"public"}}
	b := w.send("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.Refresh}}, basic("secret", w.secret)...)
	require.Equal(t, 200, b.Code, b.Description)
	stolen.Set("refresh_token", b.Refresh)
	require.Equal(t, "invalid_grant", w.send("/token", stolen).Error, "another client's")
	require.Nil(t, w.who(b.Token), "it was stolen: the grant ends")

	keyed := form(w.code("anna", request("client_id", "keyed")))
	keyed.Set("client_assertion_type", assertionType)
	keyed.Set("client_assertion", w.sign("ES384", w.ec, map[string]any{"kid": "keyed"}, w.claims("keyed")))
	require.Equal(t, 200, w.send("/token", keyed).Code)
	own := tokenForm(w.sign("ES384", w.ec, map[string]any{"kid": "keyed"}, w.claims("keyed")))
	require.Equal(t, "unauthorized_client", w.send("/token", own).Error, "an app gets nothing for itself")
	backend := form("x")
	backend.Set("client_assertion_type", assertionType)
	backend.Set("client_assertion", w.good("ec"))
	require.Equal(t, "unauthorized_client", w.send("/token", backend).Error, "a backend acts for nobody")
}

// TestRefreshAttacks: a refresh token is taken once, from its client, while the grant
// lasts and the person is there.
func TestRefreshAttacks(t *testing.T) {
	w := newLaunching(t)
	begin := func(scope string) *got {
		a := w.redeem(w.code("anna", request("scope", "user/Patient.rs "+scope)))
		require.Equal(t, 200, a.Code, a.Description)
		return a
	}
	require.Empty(t, begin("").Refresh, "it was not asked for")
	a := begin("offline_access")
	b := w.refresh(a.Refresh)
	require.Equal(t, "invalid_grant", w.refresh(a.Refresh).Error, "used twice")
	require.Equal(t, "invalid_grant", w.refresh(b.Refresh).Error, "so the grant has ended")
	require.Nil(t, w.who(b.Token))
	w.again()
	require.Nil(t, w.who(b.Token), "after a restart")

	a = begin("offline_access")
	bare := w.send("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {begin("offline_access").Refresh}})
	require.Equal(t, 200, bare.Code, "SMART App Launch asks for no client_id")
	secret := w.send("/token", url.Values{"grant_type": {"authorization_code"}, "code": {w.code("anna", request("client_id", "secret", "scope", "user/Patient.rs offline_access"))}, "redirect_uri": {home}, "code_verifier": {verifier}},
		"Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("secret:"+w.secret)))
	require.Equal(t, 200, secret.Code)
	require.Equal(t, "invalid_client", w.send("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {secret.Refresh}}).Error, "of a confidential app it is not enough")
	for _, text := range []string{"", "x", a.Token, a.Refresh + "x", strings.Replace(a.Refresh, ".", "_", 1)} {
		require.Equal(t, "invalid_grant", w.refresh(text).Error, text)
	}
	require.Nil(t, w.who(a.Refresh), "it is no access token")
	b = w.refresh(a.Refresh)
	require.Equal(t, 200, b.Code)
	require.Equal(t, 200, w.send("/revoke", url.Values{"client_id": {"other"}, "token": {b.Refresh}}).Code)
	require.NotNil(t, w.who(b.Token), "of another client nothing is done")
	require.Equal(t, 200, w.send("/revoke", url.Values{"client_id": {"public"}, "token": {b.Refresh}}).Code)
	require.Nil(t, w.who(b.Token), "with the refresh token its access tokens go")

	a, online := begin("offline_access"), begin("online_access")
	for range 13 {
		w.now = w.now.Add(time.Hour)
		if next := w.refresh(online.Refresh); next.Code == 200 {
			online = next
		} else {
			online.Error = next.Error
		}
	}
	require.Equal(t, "invalid_grant", online.Error, "12 hours since she signed in")
	w.now = w.now.Add(80 * 24 * time.Hour)
	a = w.refresh(a.Refresh)
	require.Equal(t, 200, a.Code)
	w.now = w.now.Add(10 * 24 * time.Hour)
	require.Equal(t, "invalid_grant", w.refresh(a.Refresh).Error, "90 days, whatever is refreshed")

	a = begin("offline_access")
	w.shelf.fails = assert.AnError
	require.Equal(t, 503, w.refresh(a.Refresh).Code)
	w.shelf.fails = nil
	b = w.refresh(a.Refresh)
	require.Equal(t, 200, b.Code, "what could not be stored did not happen")

	anna := w.staff.is["anna"]
	anna.Roles = nil
	w.staff.is["anna"] = anna
	require.False(t, w.who(b.Token).May("Patient", 'r'), "a role that is taken away is gone at once")
	w.staff.left["anna"] = true
	require.Nil(t, w.who(b.Token), "who has left is nobody")
	require.Equal(t, "invalid_grant", w.refresh(b.Refresh).Error)
	w.staff.left["anna"] = false
	require.Equal(t, "invalid_grant", w.refresh(b.Refresh).Error)
}

// TestDisabledApp: with the client its grants and tokens go.
func TestDisabledApp(t *testing.T) {
	w := newLaunching(t)
	a := w.redeem(w.code("anna", request("scope", "user/Patient.rs offline_access")))
	code := w.code("anna", request())
	_, err := w.s.Disable("public", true)
	require.NoError(t, err)
	require.Nil(t, w.who(a.Token))
	require.Equal(t, "invalid_client", w.redeem(code).Error)
	_, err = w.s.Disable("public", false)
	require.NoError(t, err)
	require.Nil(t, w.who(a.Token))
	require.Equal(t, "invalid_grant", w.refresh(a.Refresh).Error)
}

// TestStartedByClinic: an app that a clinic's software starts gets the patient who was
// open there, once, if the person sees them.
func TestStartedByClinic(t *testing.T) {
	w := newLaunching(t)
	clinic := w.redeem(w.code("ben", request("scope", "user/$launch")))
	require.Equal(t, 200, clinic.Code, clinic.Description)
	bearer := []string{"Authorization", "Bearer " + clinic.Token}
	start := func(patient, encounter string) string {
		a := w.send("/launch", url.Values{"client_id": {"public"}, "patient": {patient}, "encounter": {encounter}}, bearer...)
		require.Equal(t, 200, a.Code, a.Description)
		return a.Launch
	}
	q := request("scope", "launch patient/*.rs", "launch", start("pa", "e-pa"))
	page := w.ask("anna", q)
	require.Contains(t, page.body, "Name-pa")
	require.NotContains(t, page.body, `name="find"`, "nobody is chosen")
	done := w.browse("anna", "POST", "/authorize", w.answerTo(page, "patient", "pb", "encounter", "e-pb"))
	a := w.redeem(done.at.Query().Get("code"))
	require.Equal(t, []string{"pa", "e-pa", "launch patient/*.rs"}, []string{a.Patient, a.Encounter, a.Scope}, "whatever the form says")
	require.Equal(t, invalidRequest, w.ask("anna", q).at.Query().Get("error"), "a handle is taken once")

	require.Equal(t, "access_denied", w.ask("anna", request("scope", "launch patient/*.rs", "launch", start("pb", ""))).at.Query().Get("error"), "she does not see him")
	require.Equal(t, "access_denied", w.ask("anna", request("scope", "launch patient/*.rs", "launch", start("pa", "e-pb"))).at.Query().Get("error"), "a visit of another")
	require.Equal(t, invalidRequest, w.ask("anna", request("client_id", "other", "scope", "launch patient/*.rs", "launch", start("pa", ""))).at.Query().Get("error"), "another app's")
	late := start("pa", "")
	w.now = w.now.Add(launchLife)
	require.Equal(t, invalidRequest, w.ask("anna", request("scope", "launch patient/*.rs", "launch", late)).at.Query().Get("error"))

	clinic = w.redeem(w.code("ben", request("scope", "user/$launch")))
	bearer[1] = "Bearer " + clinic.Token
	for name, form := range map[string]url.Values{
		"no such app":     {"client_id": {"x"}, "patient": {"pa"}},
		"no app":          {"client_id": {"ec"}, "patient": {"pa"}},
		"no patient":      {"client_id": {"public"}},
		"no such patient": {"client_id": {"public"}, "patient": {"none"}},
		"not an id":       {"client_id": {"public"}, "patient": {"pa&x=1"}},
	} {
		require.Equal(t, 400, w.send("/launch", form, bearer...).Code, name)
	}
	anna := w.redeem(w.code("anna", request()))
	require.Equal(t, 403, w.send("/launch", url.Values{"client_id": {"public"}, "patient": {"pa"}}, "Authorization", "Bearer "+anna.Token).Code)
	require.Equal(t, 401, w.send("/launch", url.Values{"client_id": {"public"}, "patient": {"pa"}}).Code)
}

// TestAppProblems: an app is registered as it can be served, and no other way.
func TestAppProblems(t *testing.T) {
	w := newLaunching(t)
	good := Client{ID: "a", Kind: App, Name: "a", Scopes: []string{"user/Patient.rs"}, Redirects: []string{home}}
	for problem, change := range map[string]func(*Client){
		"redirect_uris: expected 1 to 20":   func(c *Client) { c.Redirects = nil },
		"expected https":                    func(c *Client) { c.Redirects = []string{"http://app.example/cb"} },
		"without a user and a fragment":     func(c *Client) { c.Redirects = []string{"https://app.example/cb#x"} },
		"absolute":                          func(c *Client) { c.Redirects = []string{"app.example/cb"} },
		"in its plain form":                 func(c *Client) { c.Redirects = []string{"javascript:alert(1)"} },
		"contexts user and patient":         func(c *Client) { c.Scopes = []string{"system/Patient.rs"} },
		"roles: an app has those":           func(c *Client) { c.Roles = []string{"pharmacist"} },
		"a client without a user has keys":  func(c *Client) { c.Kind, c.Secret, c.Redirects = Backend, make([]byte, 32), nil },
		"either a secret or keys":           func(c *Client) { c.Secret, c.KeysURL = make([]byte, 32), "https://x.example/jwks" },
		"the SHA-256":                       func(c *Client) { c.Secret = []byte("x") },
		"a client without a user has none":  func(c *Client) { c.Kind, c.KeysURL = Backend, "https://x.example/jwks" },
		"does not confine Binary by a quer": func(c *Client) { c.Scopes = []string{"user/Binary.rs?_id=1"} },
		"not of the compartment":            func(c *Client) { c.Scopes = []string{"patient/Practitioner.rs"} },
		"expected either a JSON Web Key":    func(c *Client) { c.Kind, c.Organisation, c.Redirects = Backend, "A83008", nil },
	} {
		c := good
		change(&c)
		_, err := w.s.Add(c)
		assert.ErrorContains(t, err, problem)
	}
	_, err := w.s.Rotate("public", Credentials{Secret: make([]byte, 32)})
	require.ErrorContains(t, err, "public one")
	_, err = w.s.Rotate("secret", Credentials{Secret: make([]byte, 32)})
	require.NoError(t, err)
}
