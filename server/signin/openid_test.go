package signin_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server/page"
	"github.com/pestle-fhir/pestle/server/people"
	"github.com/pestle-fhir/pestle/server/signin"
)

// provider is an OpenID provider. What it says can be changed to what should be
// refused.
type provider struct {
	t        *testing.T
	w        *world
	http     *httptest.Server
	rsa      *rsa.PrivateKey
	ec       *ecdsa.PrivateKey
	asked    url.Values     // what the browser came with
	claims   jwt.MapClaims  // of the id_token, besides those that follow from the request
	info     map[string]any // UserInfo; nil where there is none
	method   jwt.SigningMethod
	key      crypto.PrivateKey
	kid      string
	broken   bool
	token    func(string) string // changes the id_token
	requests int
}

// providerKey is the key of all providers: making one takes a while.
var providerKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newProvider(w *world) *provider {
	p := &provider{t: w.t, w: w, claims: jwt.MapClaims{}, method: jwt.SigningMethodRS256, kid: "r"}
	var err error
	p.rsa, err = providerKey()
	require.NoError(w.t, err)
	p.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(w.t, err)
	p.key = p.rsa
	p.http = httptest.NewTLSServer(p)
	w.t.Cleanup(p.http.Close)
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text := base64.RawURLEncoding.EncodeToString
	answer := func(v any) { w.Header().Set("Content-Type", "application/json"); _ = json.NewEncoder(w).Encode(v) }
	p.requests++
	if p.broken {
		w.WriteHeader(500)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		document := map[string]any{"issuer": p.http.URL, "authorization_endpoint": p.http.URL + "/authorize", "token_endpoint": p.http.URL + "/token", "jwks_uri": p.http.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256", "ES256", "none"}}
		if p.info != nil {
			document["userinfo_endpoint"] = p.http.URL + "/userinfo"
		}
		answer(document)
	case "/keys":
		x, y := p.ec.X.FillBytes(make([]byte, 32)), p.ec.Y.FillBytes(make([]byte, 32))
		answer(map[string]any{"keys": []map[string]any{
			{"kty": "RSA", "kid": "r", "use": "sig", "n": text(p.rsa.N.Bytes()), "e": text(big.NewInt(int64(p.rsa.E)).Bytes())},
			{"kty": "EC", "kid": "e", "use": "sig", "crv": "P-256", "x": text(x), "y": text(y)}}})
	case "/userinfo":
		assert.Equal(p.t, "Bearer at", r.Header.Get("Authorization"))
		answer(p.info)
	case "/token":
		id, secret, _ := r.BasicAuth()
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if id != "pestle" || secret != "s3cret" || r.FormValue("code") != "the-code" || text(sum[:]) != p.asked.Get("code_challenge") || r.FormValue("redirect_uri") != origin+"/sign-in/openid/callback" {
			w.WriteHeader(400)
			answer(map[string]any{"error": "invalid_grant"})
			return
		}
		now := p.w.now.Unix()
		claims := jwt.MapClaims{"iss": p.http.URL, "aud": "pestle", "sub": "s-1", "exp": now + 300, "iat": now, "auth_time": now - 60, "nonce": p.asked.Get("nonce"), "acr": "aal3"}
		for name, value := range p.claims {
			if claims[name] = value; value == nil {
				delete(claims, name)
			}
		}
		t := jwt.NewWithClaims(p.method, claims)
		t.Header["kid"] = p.kid
		raw, err := t.SignedString(p.key)
		assert.NoError(p.t, err)
		if p.token != nil {
			raw = p.token(raw)
		}
		answer(map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": raw, "expires_in": 60})
	}
}

// newOpenID is a world whose people sign in at a provider.
func newOpenID(t *testing.T, change func(*signin.OpenID)) (*world, *provider) {
	w := newWorld(t)
	p := newProvider(w)
	o := &signin.OpenID{Issuer: p.http.URL, ClientID: "pestle", Secret: "s3cret", Name: "NHS <CIS2>", Scopes: []string{"profile"}, ACR: []string{"aal3", "aal3b"}, Most: 12 * time.Hour, Client: p.http.Client(),
		Claims: signin.Claims{Name: "name", Organisation: "organisation"}}
	if change != nil {
		change(o)
	}
	var err error
	w.s, err = signin.New(signin.Config{People: w.people, Apps: w, Audit: w.audit, Origin: origin, Site: page.Site{Name: "Pestle"}, OpenID: o,
		Strength: func(claims map[string]any) int {
			return map[any]int{"aal3": 3}[claims["acr"]] + map[any]int{"passkey": 2}[claims["way"]]
		}, Rate: w.rate, Clock: func() time.Time { return w.now }})
	require.NoError(t, err)
	_, err = w.people.Add(people.Person{ID: "carl", Name: "Carl", Organisation: "FA565", Roles: []string{"pharmacist"}, Subjects: []string{people.Subject(p.http.URL, "s-1")}})
	require.NoError(t, err)
	return w, p
}

// toProvider goes to the provider, and returns the state.
func (b *browser) toProvider(p *provider, back string) (state string) {
	out := b.get("/sign-in/openid?" + url.Values{"back": {back}}.Encode())
	require.Equal(b.w.t, 303, out.code, out.body)
	at, err := url.Parse(out.header.Get("Location"))
	require.NoError(b.w.t, err)
	require.Equal(b.w.t, p.http.URL+"/authorize", at.Scheme+"://"+at.Host+at.Path)
	p.asked = at.Query()
	return p.asked.Get("state")
}

func (b *browser) fromProvider(state string, pairs ...string) *seen {
	q := url.Values{"code": {"the-code"}, "state": {state}}
	for i := 0; i < len(pairs); i += 2 {
		if q.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
	return b.get("/sign-in/openid/callback?" + q.Encode())
}

// TestOpenID: a registered person signs in at the provider and goes back to the app.
func TestOpenID(t *testing.T) {
	w, p := newOpenID(t, nil)
	b := w.browser()
	page := b.get("/sign-in?" + url.Values{"back": {"/authorize?client_id=x"}}.Encode())
	require.Contains(t, page.body, "sign in with NHS &lt;CIS2&gt;")
	require.Contains(t, page.body, "/sign-in/openid?back=%2Fauthorize%3Fclient_id%3Dx")
	for kid, key := range map[string]crypto.PrivateKey{"r": p.rsa, "e": p.ec} {
		p.kid, p.key, p.method = kid, key, map[string]jwt.SigningMethod{"r": jwt.SigningMethodRS256, "e": jwt.SigningMethodES256}[kid]
		state := b.toProvider(p, "/authorize?client_id=x")
		require.Equal(t, "code", p.asked.Get("response_type"))
		require.Equal(t, "S256", p.asked.Get("code_challenge_method"))
		require.Equal(t, "openid profile", p.asked.Get("scope"))
		require.Equal(t, "aal3 aal3b", p.asked.Get("acr_values"))
		require.Equal(t, "43200", p.asked.Get("max_age"))
		require.Empty(t, p.asked.Get("prompt"))
		require.NotEqual(t, p.asked.Get("nonce"), p.asked.Get("state"))
		out := b.fromProvider(state)
		require.Equal(t, 303, out.code, out.body)
		require.Equal(t, "/authorize?client_id=x", out.header.Get("Location"))
		require.Equal(t, "carl", b.who())
		require.Equal(t, "sign-in OK carl", w.audit.last())
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: cookie, Value: b.cookies[cookie]})
	_, proved, ok := w.s.Signed(r)
	require.True(t, ok)
	require.Equal(t, w.now.Add(-time.Minute).Unix(), proved.At.Unix(), "when they proved it there")
	require.Equal(t, 3, proved.Strength, "and how")
	b.toProvider(p, "/authorize?client_id=x&acr_values=aal3b+other")
	require.Equal(t, "aal3b", p.asked.Get("acr_values"), "what the app asks for, of what is taken")
	b.toProvider(p, "/authorize?client_id=x&acr_values=other")
	require.Equal(t, "aal3 aal3b", p.asked.Get("acr_values"))
	own := b.get("/account")
	require.NotContains(t, own.body, "data-passkey")
	require.Contains(t, own.body, "added and removed by who signed in with one")
	require.Equal(t, 403, b.post("/account", "remove", "x").code)
	_, err := w.people.Disable("carl", true)
	require.NoError(t, err)
	require.Empty(t, b.who())
	out := b.fromProvider(b.toProvider(p, ""))
	require.Equal(t, 403, out.code)
	require.Contains(t, out.body, "you are disabled here")
	require.Equal(t, "sign-in Unauthorized carl", w.audit.last())

	w.people.Disable("carl", false) //nolint:errcheck // as before
	state := b.toProvider(p, "/authorize?client_id=x&signed_in_since="+jsonNumber(w.now.Unix()))
	require.Equal(t, "login", p.asked.Get("prompt"))
	out = b.fromProvider(state)
	require.Equal(t, 303, out.code, "within the skew of the clocks")
	w.now = w.now.Add(time.Minute)
	out = b.fromProvider(b.toProvider(p, "/authorize?client_id=x&signed_in_since="+jsonNumber(w.now.Unix()+60)))
	require.Equal(t, 403, out.code)
	require.Contains(t, out.body, "too long ago")
}

func jsonNumber(n int64) string { text, _ := json.Marshal(n); return string(text) }

// TestOpenIDAttacks: whatever is wrong with what comes from the provider, nobody is
// signed in.
func TestOpenIDAttacks(t *testing.T) {
	another, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	now := time.Unix(1_790_000_000, 0).Unix()
	for name, attack := range map[string]func(p *provider) (pairs []string){
		"another issuer":        func(p *provider) []string { p.claims["iss"] = "https://evil.example"; return nil },
		"another audience":      func(p *provider) []string { p.claims["aud"] = "other"; return nil },
		"several audiences":     func(p *provider) []string { p.claims["aud"] = []string{"pestle", "other"}; return nil },
		"another party":         func(p *provider) []string { p.claims["azp"] = "other"; return nil },
		"a party of no text":    func(p *provider) []string { p.claims["azp"] = 1; return nil },
		"another nonce":         func(p *provider) []string { p.claims["nonce"] = "x"; return nil },
		"no nonce":              func(p *provider) []string { p.claims["nonce"] = nil; return nil },
		"expired":               func(p *provider) []string { p.claims["exp"] = now - 61; return nil },
		"no expiry":             func(p *provider) []string { p.claims["exp"] = nil; return nil },
		"issued in the future":  func(p *provider) []string { p.claims["iat"] = now + 61; return nil },
		"issued long ago":       func(p *provider) []string { p.claims["iat"] = now - 601; return nil },
		"no issue":              func(p *provider) []string { p.claims["iat"] = nil; return nil },
		"not yet":               func(p *provider) []string { p.claims["nbf"] = now + 1000; return nil },
		"no subject":            func(p *provider) []string { p.claims["sub"] = nil; return nil },
		"somebody else":         func(p *provider) []string { p.claims["sub"] = "s-2"; return nil },
		"a prefix of a subject": func(p *provider) []string { p.claims["sub"] = "s-1 "; return nil },
		"a weaker proof":        func(p *provider) []string { p.claims["acr"] = "aal2"; return nil },
		"no strength":           func(p *provider) []string { p.claims["acr"] = nil; return nil },
		"proved long ago":       func(p *provider) []string { p.claims["auth_time"] = now - 13*3600; return nil },
		"proved in the future":  func(p *provider) []string { p.claims["auth_time"] = now + 61; return nil },
		"proved who knows when": func(p *provider) []string { p.claims["auth_time"] = nil; return nil },
		"another key":           func(p *provider) []string { p.key = another; return nil },
		"an unknown key":        func(p *provider) []string { p.kid = "x"; return nil },
		"the public key as a secret": func(p *provider) []string {
			p.method, p.key = jwt.SigningMethodHS256, p.rsa.N.Bytes()
			return nil
		},
		"no signature": func(p *provider) []string {
			p.method, p.key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType
			return nil
		},
		"signature cut off": func(p *provider) []string {
			p.token = func(raw string) string { return raw[:strings.LastIndex(raw, ".")+1] }
			return nil
		},
		"a claim twice": func(p *provider) []string {
			p.token = func(raw string) string {
				parts := strings.Split(raw, ".")
				text, _ := base64.RawURLEncoding.DecodeString(parts[1])
				parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(text), "{", `{"sub":"s-1",`, 1)))
				return strings.Join(parts, ".")
			}
			return nil
		},
		"no id_token":   func(p *provider) []string { p.token = func(string) string { return "" }; return nil },
		"another hash":  func(p *provider) []string { p.claims["at_hash"] = "x"; return nil },
		"another code":  func(*provider) []string { return []string{"code", "x"} },
		"no code":       func(*provider) []string { return []string{"code", ""} },
		"another state": func(*provider) []string { return []string{"state", "x"} },
		"no state":      func(*provider) []string { return []string{"state", ""} },
		"refused there": func(*provider) []string { return []string{"error", "access_denied"} },
		"mixed up":      func(*provider) []string { return []string{"iss", "https://evil.example"} },
		"broken":        func(p *provider) []string { p.broken = true; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			w, p := newOpenID(t, nil)
			b := w.browser()
			state := b.toProvider(p, "/authorize?x=1")
			pairs := attack(p)
			out := b.fromProvider(state, pairs...)
			assert.Equal(t, 403, out.code, out.body)
			assert.NotContains(t, b.cookies, cookie)
			assert.Empty(t, b.who())
			if pairs == nil || pairs[0] != "state" {
				assert.Contains(t, w.audit.last(), "sign-in Unauthorized")
				assert.Contains(t, out.body, "You are not signed in")
			}
		})
	}
}

// TestOpenIDFlow: an answer is taken once, in the browser that asked, soon.
func TestOpenIDFlow(t *testing.T) {
	w, p := newOpenID(t, nil)
	b, thief := w.browser(), w.browser()
	state := b.toProvider(p, "")
	require.Equal(t, 403, thief.fromProvider(state).code, "another browser: a sign-in is not planted")
	other := thief.toProvider(p, "")
	require.Equal(t, 403, thief.fromProvider(state).code, "with a flow of its own")
	require.Empty(t, thief.who())
	_ = other
	state = b.toProvider(p, "")
	kept := b.cookies["__Host-pestle-openid"]
	require.Equal(t, 303, b.fromProvider(state).code)
	require.NotContains(t, b.cookies, "__Host-pestle-openid")
	thief.cookies["__Host-pestle-openid"] = kept
	require.Equal(t, 403, thief.fromProvider(state).code, "used")
	state = b.toProvider(p, "")
	b.cookies["__Host-pestle-openid"] += "x"
	require.Equal(t, 403, b.fromProvider(state).code, "another way back")
	state = b.toProvider(p, "https://evil.example")
	require.Equal(t, "/account", b.fromProvider(state).header.Get("Location"))
	state = b.toProvider(p, "")
	w.now = w.now.Add(5 * time.Minute)
	require.Equal(t, 403, b.fromProvider(state).code, "late")
	state = b.toProvider(p, "")
	w.audit.full = true
	out := b.fromProvider(state)
	require.Equal(t, 503, out.code)

	w, p = newOpenID(t, nil)
	p.broken = true
	out = w.browser().get("/sign-in/openid")
	require.Equal(t, 502, out.code)
	require.Contains(t, out.body, "does not answer")
	p.broken = false
	require.Equal(t, 502, w.browser().get("/sign-in/openid").code, "it is left alone for a while")
	require.Equal(t, 1, p.requests)
	w.now = w.now.Add(5 * time.Second)
	w.browser().toProvider(p, "")
	w = newWorld(t)
	require.False(t, w.s.Serves("/sign-in/openid"), "without a provider")
}

// TestProvided: who nobody registered is who the provider says, in the role that is
// selected there, anew each time.
func TestProvided(t *testing.T) {
	role := func(code, organisation, id string) any {
		return map[string]any{"role_code": code, "org_code": organisation, "person_roleid": id, "more": 1}
	}
	nhs := func(o *signin.OpenID) {
		o.Claims = signin.Claims{Name: "name", Roles: "nhsid_nrbac_roles", RoleCode: "role_code", RoleOrganisation: "org_code", RoleID: "person_roleid", Selected: "selected_roleid",
			Practitioner: "nhsid_useruid", PractitionerSystem: "https://fhir.nhs.uk/Id/sds-user-id", Map: map[string]string{"R1": "pharmacist", "R2": "technician"}}
	}
	base := map[string]any{"sub": "s-9", "name": "Nia", "nhsid_useruid": "555012345678"}
	for name, c := range map[string]struct {
		info  map[string]any
		want  string // role and organisation, "" where refused
		fault string
	}{
		"one role":                {map[string]any{"nhsid_nrbac_roles": []any{role("R1", "fa565", "1")}}, "pharmacist FA565", ""},
		"one selected":            {map[string]any{"nhsid_nrbac_roles": []any{role("R1", "FA565", "1"), role("R2", "A83008", "2")}, "selected_roleid": "2"}, "technician A83008", ""},
		"one of ours":             {map[string]any{"nhsid_nrbac_roles": []any{role("R9", "FA565", "1"), role("R2", "FA565", "2")}}, "technician FA565", ""},
		"none selected":           {map[string]any{"nhsid_nrbac_roles": []any{role("R1", "FA565", "1"), role("R2", "FA565", "2")}}, "", "2 roles, and none is selected"},
		"one not theirs selected": {map[string]any{"nhsid_nrbac_roles": []any{role("R1", "FA565", "1")}, "selected_roleid": "7"}, "", "none of your roles"},
		"another selected":        {map[string]any{"nhsid_nrbac_roles": []any{role("R1", "FA565", "1"), role("R9", "FA565", "2")}, "selected_roleid": "2"}, "", "none of your roles"},
		"no roles":                {map[string]any{}, "", "none of your roles"},
		"of no organisation":      {map[string]any{"nhsid_nrbac_roles": []any{role("R1", "", "1")}}, "", "of no organisation"},
		"of somebody else":        {map[string]any{"sub": "s-1", "nhsid_nrbac_roles": []any{role("R1", "FA565", "1")}}, "", "did not answer as it should"},
		"of nobody by name":       {map[string]any{"nhsid_useruid": nil, "nhsid_nrbac_roles": []any{role("R1", "FA565", "1")}}, "", "nhsid_useruid"},
		"no ODS code":             {map[string]any{"nhsid_nrbac_roles": []any{role("R1", "x", "1")}}, "", "did not answer as it should"},
		"no list":                 {map[string]any{"nhsid_nrbac_roles": 7}, "", "none of your roles"},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := newOpenID(t, nhs)
			p.claims["sub"] = "s-9"
			p.info = map[string]any{}
			for _, m := range []map[string]any{base, c.info} {
				for k, v := range m {
					p.info[k] = v
				}
			}
			b := w.browser()
			out := b.fromProvider(b.toProvider(p, ""))
			if c.want == "" {
				require.Equal(t, 403, out.code)
				require.Contains(t, out.body, c.fault)
				require.Equal(t, "sign-in Unauthorized "+p.http.URL+"|s-9", w.audit.last())
				require.Len(t, w.people.List(), 3, "nobody is registered")
				return
			}
			require.Equal(t, 303, out.code, out.body)
			known, ok := w.people.BySubject(people.Subject(p.http.URL, "s-9"))
			require.True(t, ok)
			require.Equal(t, c.want, known.Roles[0]+" "+known.Organisation)
			require.Equal(t, "https://fhir.nhs.uk/Id/sds-user-id|555012345678", known.Agent())
			require.Equal(t, "Nia", known.Name)
			require.Equal(t, known.ID, b.who())

			p.info["nhsid_nrbac_roles"], p.info["selected_roleid"] = []any{role("R2", "FX111", "4")}, "4"
			c := w.browser()
			require.Equal(t, 303, c.fromProvider(c.toProvider(p, "")).code)
			require.Empty(t, b.who(), "in another role there, the one of before is over")
			_, err := w.people.Disable(known.ID, true)
			require.NoError(t, err)
			require.Equal(t, 403, c.fromProvider(c.toProvider(p, "")).code, "disabled here")
		})
	}
	w, p := newOpenID(t, func(o *signin.OpenID) { o.Claims.Roles, o.Claims.Map = "groups", map[string]string{"rx": "pharmacist"} })
	for groups, want := range map[any]bool{"other rx": true, "rxx": false, "": false} {
		p.claims = jwt.MapClaims{"sub": "s-8", "name": "Eve", "organisation": "FA565", "groups": groups}
		b := w.browser()
		require.Equal(t, want, b.fromProvider(b.toProvider(p, "")).code == 303, groups)
	}
	w, p = newOpenID(t, nil)
	p.claims["sub"] = "s-7"
	b := w.browser()
	require.Contains(t, b.fromProvider(b.toProvider(p, "")).body, "you are not registered here")
}
