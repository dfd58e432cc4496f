package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestToken follows a token from the assertion to its end.
func TestToken(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		alg, client string
	}{{"ES384", "ec"}, {"RS384", "rsa"}, {"RS512", "rsa"}} {
		text := w.good(c.client)
		if c.alg == "RS512" {
			text = w.sign("RS512", w.rsa, map[string]any{"kid": "rsa"}, w.claims("rsa"))
		}
		a := w.post("/token", tokenForm(text))
		require.Equal(t, 200, a.Code, a.Description)
		require.Equal(t, []any{"bearer", 300, "system/Patient.rs"}, []any{a.Type, a.Expires, a.Scope})
		require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
		require.Len(t, a.Token, 43)
		require.Equal(t, c.client, w.bearer(a.Token))
		for name, value := range w.shelf.values {
			require.NotContains(t, name+string(value), a.Token, "the token is stored hashed")
		}
		w.restart()
		require.Equal(t, c.client, w.bearer(a.Token), "after a restart")
		require.Equal(t, "", w.bearer(a.Token[:42]+"_"))
	}
	a := w.post("/token", tokenForm(w.good("ec")))
	w.now = w.now.Add(300 * time.Second)
	require.Empty(t, w.bearer(a.Token), "it has expired")
	w.restart()
	require.Len(t, w.shelf.values, 2, "the clients are left")
}

// TestPrincipal: a token acts for the organisation that the client was registered
// for, in its roles.
func TestPrincipal(t *testing.T) {
	w := newWorld(t)
	r, err := http.NewRequest("GET", "/fhir/Task", http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+w.post("/token", tokenForm(w.good("ec"))).Token)
	who, err := w.s.Authenticate(r)
	require.NoError(t, err)
	owners, all := who.Requester.Owners()
	assert.Equal(t, []string{"A83008"}, owners)
	assert.False(t, all)
	assert.Equal(t, "ec", who.Requester.Client)
	assert.True(t, who.May("Patient", 'r'))
	assert.False(t, who.May("Task", 'r'))
}

func TestScopeIsNeverWidened(t *testing.T) {
	for _, c := range []struct{ asked, allowed, granted string }{
		{"system/Patient.rs", "system/Patient.rs", "system/Patient.rs"},
		{"system/Patient.cruds", "system/Patient.rs", "system/Patient.rs"},
		{"system/Patient.r", "system/Patient.cruds", "system/Patient.r"},
		{"system/*.rs", "system/Patient.r system/Task.s", "system/Patient.r system/Task.s"},
		{"system/Task.rs", "system/*.r", "system/Task.r"},
		{"system/*.cruds", "system/*.rs", "system/*.rs"},
		{"system/Patient.read", "system/Patient.rs", "system/Patient.read"},
		{"system/Patient.*", "system/Patient.rs", "system/Patient.read"},
		{"system/Patient.write", "system/Patient.cu", "system/Patient.cu"},
		{"system/AuditEvent.rs", "system/*.cruds", ""},
		{"system/*.cruds", "system/AuditEvent.rs", ""},
		{"system/ValueSet.cruds", "system/*.cruds", "system/ValueSet.rs"},
		{"system/*.cruds", "system/ValueSet.cruds", "system/ValueSet.rs"},
		{"system/Patient.rs system/Task.rs", "system/Patient.rs", "system/Patient.rs"},
		{"system/Task/$accept", "system/Task/$accept", "system/Task/$accept"},
		{"system/Task/$accept", "system/Task.cruds", ""},
		{"system/$process-message", "system/$process-message?event=a,b", "system/$process-message?event=a,b"},
		{"system/$process-message?event=b,c", "system/$process-message?event=a,b", "system/$process-message?event=b"},
		{"system/$process-message?event=c", "system/$process-message?event=a,b", ""},
		{"system/$process-message?event=c", "system/$process-message", "system/$process-message?event=c"},
		{"", "system/Patient.rs", ""},
		{"system/Claim.rs", "system/Patient.rs", ""},
		{"system/Patient.sr", "system/Patient.rs", ""},
		{"system/Patient.", "system/Patient.rs", ""},
		{"system/Patient.rr", "system/Patient.rs", ""},
		{"system/Patient.rs?active", "system/Patient.rs", ""},
		{"system/Observation.rs?category=laboratory", "system/*.rs", "system/Observation.rs?category=laboratory"},
		{"system/*.rs", "system/Observation.rs?category=laboratory", "system/Observation.rs?category=laboratory"},
		{"system/Observation.rs?category=a", "system/Observation.r?code=b", "system/Observation.r?category=a&code=b"},
		{"system/Observation.rs?category=a", "system/Observation.rs?category=a", "system/Observation.rs?category=a"},
		{"system/Observation.rs?category:not=a", "system/Observation.rs", ""},
		{"system/Observation.rs?", "system/Observation.rs", ""},
		{"system/Observation.rs?category=", "system/Observation.rs", ""},
		{"system/Observation.rs?date=ge2020", "system/Observation.rs", ""},
		{"system/Observation.rs?category=a&_include=x", "system/Observation.rs", ""},
		{"system/Observation.rs?subject.name=x", "system/Observation.rs", ""},
		{"system/Observation.rs?value-quantity=1", "system/Observation.rs", ""},
		{"system/ValueSet.rs?url=x", "system/ValueSet.rs", ""},
		{"system/Patient.read-only", "system/Patient.rs", ""},
		{"system/patient.rs", "system/*.rs", ""},
		{"system/Patient%2ers", "system/*.rs", ""},
		{"patient/Patient.rs", "system/*.rs", ""},
		{"user/Patient.rs", "system/*.rs", ""},
		{"openid", "system/*.rs", ""},
		{"system/Patient.rs patient/*.rs", "system/*.rs", ""},
		{"system/$process-message?event=*", "system/$process-message?event=a", ""},
	} {
		granted, err := grantable(c.asked, strings.Fields(c.allowed))
		assert.Equal(t, c.granted, granted, "%s of %s", c.asked, c.allowed)
		assert.Equal(t, c.granted == "", err != nil, c.asked)
	}
}

// TestReplay: an assertion is taken once, whatever becomes of the process and of
// the request; another client's jti is another one.
func TestReplay(t *testing.T) {
	w := newWorld(t)
	claims := w.claims("ec")
	text := w.sign("ES384", w.ec, map[string]any{"kid": "ec"}, claims)
	require.Equal(t, 200, w.post("/token", tokenForm(text)).Code)
	again := w.post("/token", tokenForm(text))
	require.Equal(t, []any{401, "invalid_client"}, []any{again.Code, again.Error})
	require.Contains(t, again.Description, "jti: ")
	w.restart()
	require.Contains(t, w.post("/token", tokenForm(text)).Description, "jti: ", "after a restart")
	other := w.claims("rsa")
	other["jti"] = claims["jti"]
	require.Equal(t, 200, w.post("/token", tokenForm(w.sign("RS384", w.rsa, map[string]any{"kid": "rsa"}, other))).Code)

	refused := w.good("ec")
	require.Equal(t, "invalid_scope", w.post("/token", tokenForm(refused, "scope", "system/Claim.rs")).Error)
	w.restart()
	require.Contains(t, w.post("/token", tokenForm(refused)).Description, "jti: ", "it was shown")

	text = w.good("ec")
	var taken sync.WaitGroup
	codes := make(chan int, 20)
	for range 20 {
		taken.Go(func() { codes <- w.post("/token", tokenForm(text)).Code })
	}
	taken.Wait()
	close(codes)
	n := 0
	for code := range codes {
		if code == 200 {
			n++
		}
	}
	require.Equal(t, 1, n, "of twenty at once")
}

func TestRequests(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		form             url.Values
		headers          []string
		status           int
		code, complaints string
	}{
		"no grant":         {tokenForm("x", "grant_type", ""), nil, 400, "invalid_request", "grant_type"},
		"password grant":   {tokenForm("x", "grant_type", "password"), nil, 400, "unsupported_grant_type", "grant_type"},
		"no type":          {tokenForm("x", "client_assertion_type", ""), nil, 400, "invalid_request", "client_assertion_type"},
		"other type":       {tokenForm("x", "client_assertion_type", "saml"), nil, 400, "invalid_request", "client_assertion_type"},
		"no assertion":     {tokenForm(""), nil, 400, "invalid_request", "client_assertion"},
		"basic":            {tokenForm("x"), []string{"Authorization", "Basic eDp4"}, 401, "invalid_client", "client_assertion"},
		"secret":           {tokenForm("x", "client_secret", "y"), nil, 401, "invalid_client", "client_assertion"},
		"no scope":         {tokenForm(w.good("ec"), "scope", ""), nil, 400, "invalid_scope", "scope"},
		"other client_id":  {tokenForm(w.good("ec"), "client_id", "rsa"), nil, 401, "invalid_client", "client_id"},
		"JSON":             {tokenForm("x"), []string{"Content-Type", "application/json"}, 400, "invalid_request", "Content-Type"},
		"scope twice":      {url.Values{"scope": {"a", "b"}}, nil, 400, "invalid_request", "more than once"},
		"a megabyte":       {tokenForm(strings.Repeat("x", 1<<20)), nil, 400, "invalid_request", "64 kB"},
		"long assertion":   {tokenForm(strings.Repeat("x", 20<<10)), nil, 401, "invalid_client", "client_assertion"},
		"introspect alone": {url.Values{"token": {"x"}}, nil, 400, "invalid_request", "client_assertion_type"},
	} {
		path := "/token"
		if strings.HasPrefix(name, "introspect") {
			path = "/introspect"
		}
		a := w.post(path, c.form, c.headers...)
		assert.Equal(t, []any{c.status, c.code}, []any{a.Code, a.Error}, name)
		assert.Contains(t, a.Description, c.complaints, name)
		assert.Empty(t, a.Token, name)
	}
	require.Equal(t, "invalid_request", w.post("/token?grant_type=client_credentials", tokenForm(w.good("ec"))).Error)
	w.shelf.fails = errors.New("no space")
	a := w.post("/token", tokenForm(w.good("ec")))
	require.Equal(t, 503, a.Code, "what is not durable is not answered")
	require.Empty(t, a.Token)
}

func TestIntrospectAndRevoke(t *testing.T) {
	w := newWorld(t)
	mine, other := w.post("/token", tokenForm(w.good("ec"))).Token, w.post("/token", tokenForm(w.good("rsa"))).Token
	ask := func(path, token string) answer {
		return w.post(path, url.Values{"token": {token}}, "Authorization", "Bearer "+mine)
	}
	a := ask("/introspect", mine)
	require.Equal(t, []any{true, "ec", "system/Patient.rs"}, []any{a.Active, a.ClientID, a.Scope})
	require.False(t, ask("/introspect", other).Active, "of another client")
	require.False(t, ask("/introspect", "x").Active)
	require.Equal(t, 401, w.post("/introspect", url.Values{"token": {mine}}, "Authorization", "Bearer x").Code)
	require.True(t, w.post("/introspect", tokenForm(w.good("ec"), "token", mine)).Active, "by an assertion")

	require.Equal(t, 200, ask("/revoke", other).Code)
	require.Equal(t, "rsa", w.bearer(other), "a client revokes its own")
	require.Equal(t, 200, w.post("/revoke", tokenForm(w.good("ec"), "token", mine)).Code)
	require.Empty(t, w.bearer(mine))
	w.restart()
	require.Empty(t, w.bearer(mine), "after a restart")
	require.Equal(t, "rsa", w.bearer(other))

	_, err := w.s.Disable("rsa", true)
	require.NoError(t, err)
	require.Empty(t, w.bearer(other), "of a client that is disabled")
	require.Contains(t, w.post("/token", tokenForm(w.good("rsa"))).Description, "disabled")
	w.restart()
	require.Empty(t, w.bearer(other))
}

func TestRate(t *testing.T) {
	w := newWorld(t)
	w.s.limits = newLimits(Rate{Second: 1, Burst: 3}, Rate{Second: 10, Burst: 8})
	for range 3 {
		require.Equal(t, 200, w.post("/token", tokenForm(w.good("ec"))).Code)
	}
	a := w.post("/token", tokenForm(w.good("ec")))
	require.Equal(t, []any{429, "1"}, []any{a.Code, a.Header.Get("Retry-After")})
	require.Equal(t, 200, w.post("/token", tokenForm(w.good("rsa"))).Code, "another client")
	w.now = w.now.Add(time.Second)
	require.Equal(t, 200, w.post("/token", tokenForm(w.good("ec"))).Code)
	for range 12 {
		a = w.post("/token", tokenForm("x"))
	}
	require.Equal(t, 429, a.Code, "an address")
}

// TestNobodyUsesUpAClient wants that what is not signed by a client does not count
// against it, and that what is refused for its rate may be sent again.
func TestNobodyUsesUpAClient(t *testing.T) {
	w := newWorld(t)
	w.s.limits = newLimits(Rate{Second: 1, Burst: 2}, Rate{Second: 1e6, Burst: 1e6})
	for range 10 {
		forged := w.sign("RS384", w.rsa, map[string]any{"kid": "ec", "alg": "ES384"}, w.claims("ec"))
		require.Equal(t, 401, w.post("/token", tokenForm(forged)).Code)
	}
	for range 2 {
		require.Equal(t, 200, w.post("/token", tokenForm(w.good("ec"))).Code)
	}
	again := w.good("ec")
	require.Equal(t, 429, w.post("/token", tokenForm(again)).Code)
	w.now = w.now.Add(time.Second)
	require.Equal(t, 200, w.post("/token", tokenForm(again)).Code)
}

// TestDisabledAfterACrash wants no token of a client in force that was disabled, or
// is gone, where the server stopped before it had deleted the token; those of a
// sandbox's people have no client.
func TestDisabledAfterACrash(t *testing.T) {
	w := newWorld(t)
	token := w.post("/token", tokenForm(w.good("ec"))).Token
	person, err := w.s.ForPerson(Person{Name: "pharmacist", Agent: "Practitioner/1", Scopes: "system/*.rs"})
	require.NoError(t, err)
	require.Equal(t, "ec", w.bearer(token))
	_, err = w.s.change("ec", func(c *Client) { c.Disabled = true }) // the first of the two writes
	require.NoError(t, err)
	require.Empty(t, w.bearer(token))
	w.restart()
	require.Empty(t, w.bearer(token))
	require.False(t, w.post("/introspect", tokenForm(w.good("rsa"), "token", token)).Active)
	delete(w.shelf.values, clientName+"ec")
	w.restart()
	require.Empty(t, w.bearer(token))
	require.Equal(t, "Practitioner/1", w.bearer(person))
}

// TestReplacedDelegates: what is taken away is taken from tokens that there are too.
func TestReplacedDelegates(t *testing.T) {
	w := newWorld(t)
	r, err := http.NewRequest("GET", "/fhir/Task", http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+w.post("/token", tokenForm(w.good("ec"))).Token)
	for _, of := range [][]string{{"FA565"}, nil, {"FX123", "FA565"}} {
		w.s.ReplaceDelegates(map[string][]string{"A83008": of})
		who, err := w.s.Authenticate(r)
		require.NoError(t, err)
		require.Equal(t, of, who.Requester.Delegates)
	}
}
