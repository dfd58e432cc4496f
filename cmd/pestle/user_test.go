package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server/signin"
	"github.com/pestle-fhir/pestle/server/webauthn"
	"github.com/pestle-fhir/pestle/server/webauthn/webauthntest"
)

// startSigningIn starts a server to which people sign in, with an app.
func startSigningIn(t *testing.T, data string, change func(*serveCommand)) *issuing {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	c := &serveCommand{IssueTokens: true, SignIn: true, Addr: listener.Addr().String(), PublicURL: "http://localhost:" + port, Site: "FA565", Data: data, DrainSeconds: 5, VerifyShare: 10}
	if change != nil {
		change(c)
	}
	s := startServing(t, listener, c)
	s.must("client", "add", "growth", "--kind", "app", "--public", "--data", data, "--name", "Growth chart", "--redirect", "https://app.example/cb",
		"--scope", "openid offline_access user/*.cruds user/Task/$accept user/Task/$dispense")
	return s
}

var (
	shownChallenge = regexp.MustCompile(`name="challenge" value="([^"]+)"`)
	shownOptions   = regexp.MustCompile(`data-options="([^"]+)"`)
	invitationCode = regexp.MustCompile(`[A-Z2-7]{4}(-[A-Z2-7]{4}){3}`)
)

// passkeys is a browser with one passkey.
type passkeys struct {
	*browser
	key *webauthntest.Authenticator
	app string // the client that they let act for them
}

// newPasskeys registers a passkey by the code of an invitation.
func newPasskeys(t *testing.T, s *issuing, code string) *passkeys {
	u, err := url.Parse(s.base)
	require.NoError(t, err)
	b := &passkeys{newBrowser(t, s.base), webauthntest.New(webauthn.Party{ID: u.Hostname(), Origin: s.base}), "growth"}
	_, page, _ := b.open(s.base+"/invitation", url.Values{"code": {code}})
	text, raw, options := challengeOn(t, page)
	var user webauthn.Bytes
	require.NoError(t, user.UnmarshalText([]byte(options.User.ID)))
	b.key.User = user
	answer, err := json.Marshal(b.key.Register(raw))
	require.NoError(t, err)
	_, page, _ = b.open(s.base+"/invitation", url.Values{"code": {code}, "challenge": {text}, "answer": {string(answer)}})
	require.Contains(t, page, "Where you are signed in")
	return b
}

type asked struct{ User struct{ ID string } }

func challengeOn(t *testing.T, page string) (text string, raw []byte, options asked) {
	found := shownChallenge.FindStringSubmatch(page)
	require.NotNil(t, found, page)
	require.NoError(t, json.Unmarshal([]byte(html.UnescapeString(shownOptions.FindStringSubmatch(page)[1])), &options))
	var b webauthn.Bytes
	require.NoError(t, b.UnmarshalText([]byte(found[1])))
	return found[1], b, options
}

// enter answers the sign-in page that a browser is shown.
func (b *passkeys) enter(page, back string) (status int, text, at string) {
	challenge, raw, _ := challengeOn(b.t, page)
	answer, err := json.Marshal(b.key.Assert(raw))
	require.NoError(b.t, err)
	return b.open(b.base+"/sign-in", url.Values{"challenge": {challenge}, "answer": {string(answer)}, "back": {back}})
}

const codeVerifier = "0123456789012345678901234567890123456789abc"

// authorization is what the app growth asks for.
func (s *issuing) authorization(scope string, pairs ...string) string {
	sum := sha256.Sum256([]byte(codeVerifier))
	q := url.Values{"response_type": {"code"}, "client_id": {"growth"}, "redirect_uri": {"https://app.example/cb"}, "state": {"abcdefghijklmnopqrstuv"}, "aud": {s.base + "/fhir"},
		"scope": {scope}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "/authorize?" + q.Encode()
}

// allow answers the consent page with all that it asks, and returns the tokens.
func (b *passkeys) allow(page string) (access, refresh string) {
	asking := shownAsking.FindStringSubmatch(page)
	require.NotNil(b.t, asking, page)
	form := url.Values{"asking": {asking[1]}, "answer": {"allow"}}
	for _, m := range regexp.MustCompile(`name="scope" value="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		form.Add("scope", html.UnescapeString(m[1]))
	}
	_, _, at := b.open(b.base+"/authorize", form)
	code, err := url.Parse(at)
	require.NoError(b.t, err)
	var token struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	_, text, _ := b.open(b.base+"/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {b.app}, "code": {code.Query().Get("code")}, "redirect_uri": {"https://app.example/cb"}, "code_verifier": {codeVerifier}})
	require.NoError(b.t, json.Unmarshal([]byte(text), &token), text)
	require.NotEmpty(b.t, token.Access, text)
	return token.Access, token.Refresh
}

// TestUsers: people are registered, invited, given roles, disabled and enabled; who
// signs in lets an app act for them, and it ends with them at once.
func TestUsers(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := startSigningIn(t, data, nil)
	stopped := false
	defer func() {
		if !stopped {
			s.stop()
		}
	}()
	require.Equal(t, "anna\tFA565\tenabled\tAnna Beck\ttechnician\thttps://fhir.nhs.uk/Id/sds-user-id|555012345678\t0 passkeys",
		s.must("user", "add", "anna", "--data", data, "--name", "Anna Beck", "--organisation", "FA565", "--role", "technician", "--sds-user-id", "555012345678"))
	for line, want := range map[string]string{
		"user add anna --data " + data + " --name Anna --organisation FA565":                             "already",
		"user add x --data " + data + " --name X --organisation fa --role king":                          "is not an ODS code",
		"user add x --data " + data + " --name X --organisation FA565 --gphc 2012345 --practitioner P|1": "expected one of",
		"user invite nobody --data " + data:                                                              "There is no user",
		"user invite anna --for 200h --data " + data:                                                     "a week",
		"user roles anna king --data " + data:                                                            `role "king"`,
		"user disable nobody --data " + data:                                                             "There is no user",
	} {
		out, ok := s.command(strings.Fields(line)...)
		require.False(t, ok, line)
		require.Contains(t, out, want, line)
	}
	require.Contains(t, s.must("user", "roles", "anna", "pharmacist", "--data", data), "pharmacist")
	out := s.must("user", "invite", "anna", "--data", data)
	code := invitationCode.FindString(out)
	require.Contains(t, out, s.base+"/invitation#"+code)

	b := newPasskeys(t, s, code)
	_, page, _ := b.open(s.base+s.authorization("user/Task.rs offline_access"), nil)
	require.Contains(t, page, "Growth chart asks to act for you")
	access, refresh := b.allow(page)
	require.Equal(t, 200, s.get("/fhir/Task", access))
	require.Equal(t, 401, s.get("/fhir/Task", ""), "a cookie is nothing to the API")
	_, text, _ := b.open(s.base+"/fhir/Task", nil)
	require.Contains(t, text, "How to get in")

	var smart map[string]any
	s.json("/fhir/.well-known/smart-configuration", "", &smart)
	require.Equal(t, s.base+"/account", smart["management_endpoint"])
	_, page, _ = b.open(s.base+"/account", nil)
	require.Contains(t, page, "Growth chart, since")

	_, page, _ = b.open(s.base+s.authorization("user/Task.rs", "prompt", "login"), nil)
	require.Contains(t, page, "Sign in with a passkey", "once more")
	back := html.UnescapeString(regexp.MustCompile(`name="back" value="([^"]+)"`).FindStringSubmatch(page)[1])
	_, page, _ = b.enter(page, back)
	require.Contains(t, page, "Growth chart asks to act for you")

	require.Contains(t, s.must("user", "disable", "anna", "--data", data), "disabled")
	require.Equal(t, 401, s.get("/fhir/Task", access), "at once")
	_, text, _ = b.open(s.base+"/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {"growth"}, "refresh_token": {refresh}})
	require.Contains(t, text, "invalid_grant")
	_, page, _ = b.open(s.base+"/account", nil)
	require.Contains(t, page, "Sign in with a passkey")
	_, page, _ = b.enter(page, "")
	require.Contains(t, page, "You are not signed in")
	require.Contains(t, s.must("user", "enable", "anna", "--data", data), "enabled")
	require.Equal(t, 401, s.get("/fhir/Task", access), "what was granted before does not come back")
	_, page, _ = b.enter(page, "")
	require.Contains(t, page, "Anna Beck")

	s.stop()
	stopped = true
	require.Contains(t, s.must("user", "list", "--data", data), "1 passkeys")
	require.Contains(t, s.must("user", "disable", "anna", "--data", data), "disabled", "in the folder too")
	require.Contains(t, s.must("user", "enable", "anna", "--data", data), "enabled")
	require.Contains(t, s.must("user", "invite", "anna", "--replace", "--data", data), "the page /invitation of the server")
	events := s.must("audit", "export", "--format", "compact", "--data", data)
	for _, want := range []string{`"sign-in"`, `"passkey-register"`, "do=disable\\u0026id=anna", "user disable anna", "https://fhir.nhs.uk/Id/sds-user-id|555012345678"} {
		assert.Contains(t, events, want)
	}
	assert.NotContains(t, events, code)
}

// TestUsersByToken: an administrator elsewhere does it by a token with the scope
// system/$users, and not to themselves.
func TestUsersByToken(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	s := startSigningIn(t, data, nil)
	defer s.stop()
	token := func(id, scope string, roles ...string) string {
		key, keys, file := filepath.Join(dir, id+".key"), filepath.Join(dir, id+".jwks"), filepath.Join(dir, id+".token")
		require.NoError(t, os.WriteFile(keys, []byte(s.must("client", "key", "--out", key)), 0o600))
		args := []string{"client", "add", id, "--data", data, "--name", id, "--organisation", "FA565", "--keys", keys, "--scope", scope}
		for _, r := range roles {
			args = append(args, "--role", r)
		}
		s.must(args...)
		require.NoError(t, os.WriteFile(file, []byte(s.must("token", "--client", id, "--key", key, "--scope", scope, "--server", s.base)), 0o600))
		return file
	}
	by := func(file, line string) (string, bool) {
		return s.command(append(strings.Fields(line), "--server", s.base, "--token-file", file)...)
	}
	admin := token("boss", "system/$users", "administrator")
	out, ok := by(admin, "user add carl --name Carl --organisation FA565 --role technician")
	require.True(t, ok, out)
	out, ok = by(admin, "user invite carl")
	require.True(t, ok, out)
	require.Regexp(t, invitationCode, out)
	out, ok = by(admin, "user list")
	require.True(t, ok, out)
	require.Contains(t, out, "Carl")
	for _, line := range []string{"user add boss --name Boss --organisation FA565 --role superintendent", "user add boss2 --name Boss --organisation FA565 --practitioner Practitioner/1"} {
		out, ok = by(admin, line)
		require.Equal(t, line != "user add boss --name Boss --organisation FA565 --role superintendent", ok, out)
	}
	for _, file := range []string{token("other", "system/Patient.rs"), token("clerk", "system/$users", "technician")} {
		out, ok = by(file, "user disable carl")
		require.False(t, ok)
		require.Contains(t, out, "the scope system/$users")
	}
	require.Equal(t, 409, s.post("/admin/user?do=list", ""), "a page of a browser cannot give commands")
}

// TestNobodySignsIn where the server is not told to let them.
func TestNobodySignsIn(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := startIssuing(t, data, false)
	defer s.stop()
	for _, path := range []string{"/sign-in", "/invitation", "/account", "/sign-out"} {
		require.Equal(t, 401, s.get(path, ""), path)
	}
	out, ok := s.command("user", "list", "--data", data)
	require.False(t, ok)
	require.Contains(t, out, "--sign-in")
	for flags, want := range map[string]string{
		"--issue-tokens --public-url http://127.0.0.1:8080":                     "an IP address",
		"--issue-tokens --public-url http://pestle.example":                     "not reached under TLS",
		"--keys x --issuer i --audience a --public-url https://pestle.example":  "needs --issue-tokens",
		"--issue-tokens --public-url https://pestle.example --session-idle 1h":  "at most 30m",
		"--issue-tokens --public-url https://pestle.example --session-most 24h": "at most 30m",
		"--sandbox": "chosen on a page",
		"--issue-tokens --public-url https://pestle.example --oidc-issuer https://id.example":                                                                                 "--oidc-client-id and --oidc-secret-file",
		"--issue-tokens --public-url https://pestle.example --oidc-issuer http://id.example --oidc-client-id x --oidc-secret-file x":                                          "an https URL",
		"--issue-tokens --public-url https://pestle.example --oidc-client-id x":                                                                                               "names: set it",
		"--issue-tokens --public-url https://pestle.example --oidc-issuer https://id.example --oidc-client-id x --oidc-secret-file x --oidc-map roles=r":                      "set it too",
		"--issue-tokens --public-url https://pestle.example --oidc-issuer https://id.example --oidc-client-id x --oidc-secret-file x --oidc-role a=technician --oidc-map x=y": "expected one of name, organisation",
		"--issue-tokens --public-url https://pestle.example --scope-map a=system/Task.rs":                                                                                     "set --keys",
		"--issue-tokens --public-url https://pestle.example --reauth-controlled-drugs 1ms":                                                                                    "a second at least",
	} {
		out, ok := s.command(append([]string{"serve", "--data", data, "--sign-in"}, strings.Fields(flags)...)...)
		require.False(t, ok, flags)
		require.Contains(t, out, want, flags)
	}
}

// TestSandboxHasNoProvider: what would have no effect is refused.
func TestSandboxHasNoProvider(t *testing.T) {
	err := (&serveCommand{Sandbox: true, Addr: "127.0.0.1:0", OpenID: openIDOptions{Issuer: "https://id.example"}}).complete()
	require.ErrorContains(t, err, "needs --sign-in")
}

func (s *issuing) post(path, body string) int {
	answer, err := http.Post(s.base+path, "application/json", strings.NewReader(body))
	require.NoError(s.t, err)
	_ = answer.Body.Close()
	return answer.StatusCode
}

// TestSignInDocument does what docs/signin.md says, as it is written.
func TestSignInDocument(t *testing.T) {
	last := followDocument(t, "signin.md", 4, func(addr string) string { return "http://localhost:" + addr[strings.LastIndex(addr, ":")+1:] })
	require.Contains(t, last[2], "/invitation#")
	require.Contains(t, last[3], "anna\tFA565\tenabled\tAnna Beck\tpharmacist\thttps://fhir.nhs.uk/Id/sds-user-id|555012345678\t0 passkeys")
}

// TestOpenIDOptions: the flags say what the claims of a provider mean.
func TestOpenIDOptions(t *testing.T) {
	var c commands
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("s3cret\n"), 0o600))
	parse(t, &c, "serve", "--oidc-issuer", "https://id.example/x", "--oidc-client-id", "pestle", "--oidc-secret-file", secret, "--oidc-scope", "profile nationalrbacaccess", "--oidc-acr", "a b",
		"--oidc-role", "S0010:G0020:R8000=pharmacist", "--oidc-role", "R2=technician", "--oidc-map", "roles=nhsid_nrbac_roles", "--oidc-map", "role.code=role_code", "--oidc-map", "selected=selected_roleid",
		"--oidc-practitioner-system", "https://fhir.nhs.uk/Id/sds-user-id", "--scope-map", "urn:a;b=system/Task.rs system/$process-message?event=a")
	o := &c.Serve.OpenID
	require.NoError(t, o.complete(true))
	require.ErrorContains(t, o.complete(false), "--sign-in")
	p, err := o.provider(func(role string) bool { return role != "king" })
	require.NoError(t, err)
	assert.Equal(t, "s3cret", p.Secret)
	assert.Equal(t, "id.example", p.Name)
	assert.Equal(t, []string{"profile", "nationalrbacaccess"}, p.Scopes)
	assert.Equal(t, []string{"a", "b"}, p.ACR)
	assert.Equal(t, signin.Claims{Name: "name", Organisation: "organisation", Roles: "nhsid_nrbac_roles", RoleCode: "role_code", RoleOrganisation: "organisation", RoleID: "id", Selected: "selected_roleid",
		PractitionerSystem: "https://fhir.nhs.uk/Id/sds-user-id", Map: map[string]string{"S0010:G0020:R8000": "pharmacist", "R2": "technician"}}, p.Claims)
	assert.Equal(t, map[string]string{"urn:a;b": "system/Task.rs system/$process-message?event=a"}, c.Serve.ScopeMap)
	cis2 := openIDOptions{Issuer: "https://id.example", ClientID: "pestle", SecretFile: secret, Scope: []string{"profile"}, Preset: "cis2", Role: map[string]string{"S0010:G0020:R8000": "pharmacist"}, Map: map[string]string{"name": "display_name"}}
	require.NoError(t, cis2.complete(true))
	p, err = cis2.provider(func(string) bool { return true })
	require.NoError(t, err)
	assert.Equal(t, []string{"profile", "nationalrbacaccess", "selectedrole"}, p.Scopes)
	assert.Equal(t, signin.Claims{Name: "display_name", Organisation: "organisation", Roles: "nhsid_nrbac_roles", RoleCode: "role_code", RoleOrganisation: "org_code", RoleID: "person_roleid", Selected: "selected_roleid",
		Practitioner: "uid", PractitionerSystem: "https://fhir.nhs.uk/Id/sds-user-id", Map: cis2.Role}, p.Claims)
	o.Role["R3"] = "king"
	_, err = o.provider(func(role string) bool { return role != "king" })
	require.ErrorContains(t, err, `role "king" of R3`)
	require.NoError(t, os.Chmod(secret, 0o644))
	_, err = o.provider(func(string) bool { return true })
	require.ErrorContains(t, err, "chmod 0600")

	keys := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(keys, []byte(`{"keys":[{"kty":"oct","alg":"HS256","k":"`+strings.Repeat("A", 43)+`"}]}`), 0o600))
	_, err = (&serveCommand{Keys: keys, ScopeMap: map[string]string{"x": "system/Patient.sr"}}).bearer(nil, nil)
	require.ErrorContains(t, err, "--scope-map x")
}

// TestOpenIDIsOffered: the sign-in page leads to the provider, and says so where it does
// not answer; people are registered with who they are there.
func TestOpenIDIsOffered(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("s3cret"), 0o600))
	data := filepath.Join(t.TempDir(), "data")
	s := startSigningIn(t, data, func(c *serveCommand) {
		c.OpenID = openIDOptions{Issuer: "https://127.0.0.1:1", ClientID: "pestle", SecretFile: secret, Name: "NHS CIS2"}
	})
	defer s.stop()
	b := newBrowser(t, s.base)
	_, page, _ := b.open(s.base+"/account", nil)
	require.Contains(t, page, "sign in with NHS CIS2")
	status, page, _ := b.open(s.base+"/sign-in/openid", nil)
	require.Equal(t, 502, status)
	require.Contains(t, page, "NHS CIS2 does not answer")
	require.Contains(t, s.must("user", "add", "anna", "--data", data, "--name", "Anna", "--organisation", "FA565", "--issuer", "https://127.0.0.1:1", "--subject", "s-1"), "anna")
	for line, want := range map[string]string{
		"--issuer https://127.0.0.1:1":               "go together",
		"--issuer https://127.0.0.1:1 --subject s-1": "that of the user anna",
	} {
		out, ok := s.command(strings.Fields("user add bob --name Bob --organisation FA565 --data " + data + " " + line)...)
		require.False(t, ok)
		require.Contains(t, out, want)
	}
}
