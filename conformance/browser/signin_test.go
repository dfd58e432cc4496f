package browser

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pharmacy is a server to which people sign in.
type pharmacy struct {
	t                   *testing.T
	program, data, addr string
	base                string
	server              *exec.Cmd
}

func newPharmacy(t *testing.T) *pharmacy {
	t.Helper()
	p := &pharmacy{t: t, program: built(t), data: filepath.Join(t.TempDir(), "data")}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p.addr = free.Addr().String()
	require.NoError(t, free.Close())
	p.base = "http://localhost:" + p.addr[strings.LastIndex(p.addr, ":")+1:]
	t.Cleanup(p.stop)
	return p
}

func (p *pharmacy) start(flags ...string) {
	p.t.Helper()
	p.server = exec.Command(p.program, append([]string{"serve", "--issue-tokens", "--sign-in", "--data", p.data, "--addr", p.addr, "--public-url", p.base, "--site", "FA565"}, flags...)...)
	require.NoError(p.t, p.server.Start())
	require.Eventually(p.t, func() bool {
		_, err := os.Stat(filepath.Join(p.data, "pestle.sock"))
		return err == nil && p.get("/health", "") == http.StatusOK
	}, 30*time.Second, 50*time.Millisecond)
}

func (p *pharmacy) stop() {
	if p.server != nil {
		_ = p.server.Process.Signal(os.Interrupt)
		_ = p.server.Wait()
		p.server = nil
	}
}

func (p *pharmacy) command(args ...string) string {
	p.t.Helper()
	out, err := exec.Command(p.program, append(args, "--data", p.data)...).CombinedOutput()
	require.NoError(p.t, err, string(out))
	return string(out)
}

func (p *pharmacy) get(path, token string) int {
	r, err := http.NewRequest(http.MethodGet, p.base+path, http.NoBody)
	require.NoError(p.t, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// link is where an invitation leads.
func (p *pharmacy) link(person string) string {
	found := regexp.MustCompile(`http\S+`).FindString(p.command("user", "invite", person))
	require.NotEmpty(p.t, found)
	return found
}

// app is one for people: it gets codes at an address of its own.
type app struct {
	*httptest.Server
	codes chan url.Values
}

func newApp(t *testing.T) *app {
	a := &app{codes: make(chan url.Values, 10)}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cb" {
			a.codes <- r.URL.Query()
		}
		_, _ = io.WriteString(w, "<!doctype html><title>app</title><p>Back in the app")
	}))
	t.Cleanup(a.Close)
	return a
}

const verifier = "0123456789012345678901234567890123456789abc"

// request is what the app sends the browser to.
func (a *app) request(p *pharmacy) string {
	sum := sha256.Sum256([]byte(verifier))
	return p.base + "/authorize?" + url.Values{"response_type": {"code"}, "client_id": {"growth"}, "redirect_uri": {a.URL + "/cb"}, "state": {"abcdefghijklmnopqrstuv"}, "aud": {p.base + "/fhir"},
		"scope": {"openid user/Patient.rs offline_access"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}.Encode()
}

// token is the access token for the code that came last.
func (a *app) token(p *pharmacy) string {
	var q url.Values
	select {
	case q = <-a.codes:
	case <-time.After(30 * time.Second):
		require.FailNow(p.t, "no code came")
	}
	answer, err := http.PostForm(p.base+"/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {"growth"}, "code": {q.Get("code")}, "redirect_uri": {a.URL + "/cb"}, "code_verifier": {verifier}})
	require.NoError(p.t, err)
	defer func() { _ = answer.Body.Close() }()
	var got struct {
		Token string `json:"access_token"`
	}
	require.NoError(p.t, json.NewDecoder(answer.Body).Decode(&got))
	require.NotEmpty(p.t, got.Token)
	return got.Token
}

// invited continues with the code of the link.
func (b *tab) invited() {
	b.t.Helper()
	b.shows("Code of the invitation")
	b.becomes("document.getElementById('code').value", func(code string) bool { return code != "" }, "the code of the link is not on the page")
	b.click("Continue")
}

// TestSignIn: in a browser with an authenticator a person registers a passkey by an
// invitation, signs in, lets an app act for them, is signed out by time, and is disabled.
func TestSignIn(t *testing.T) {
	program := chromium()
	if program == "" {
		t.Skip("chromium is not installed")
	}
	p, a := newPharmacy(t), newApp(t)
	p.start()
	p.command("user", "add", "anna", "--name", "Anna Beck", "--organisation", "FA565", "--role", "pharmacist")
	p.command("client", "add", "growth", "--kind", "app", "--public", "--name", "Growth chart", "--redirect", a.URL+"/cb", "--scope", "openid offline_access user/Patient.rs")
	b := openTab(t, program)
	key := b.authenticator()

	link := p.link("anna")
	b.open(link)
	b.invited()
	b.shows("You are Anna Beck")
	b.click("Create a passkey")
	b.shows("Where you are signed in")
	b.open(p.base + "/health")
	b.open(link)
	b.invited()
	b.shows("The code is not valid")

	b.open(p.base + "/account")
	b.shows("Anna Beck")
	b.click("Sign out")
	b.shows("You sign in with a passkey")
	b.open(a.request(p))
	b.shows("You sign in with a passkey")
	b.click("Sign in with a passkey")
	b.shows("Growth chart asks to act for you")
	b.click("Allow")
	b.shows("Back in the app")
	token := a.token(p)
	require.Equal(t, http.StatusOK, p.get("/fhir/Patient", token))

	// Somebody else's authenticator has no passkey for the server, and says so.
	b.do("WebAuthn.removeVirtualAuthenticator", map[string]any{"authenticatorId": key}, nil)
	other := b.authenticator()
	b.open(a.request(p) + "&prompt=login")
	b.shows("You sign in with a passkey")
	b.click("Sign in with a passkey")
	b.shows("answered with no passkey")
	p.command("user", "add", "bob", "--name", "Bob Carr", "--organisation", "FA565")
	b.open(p.link("bob"))
	b.invited()
	b.shows("You are Bob Carr")
	b.click("Create a passkey")
	b.shows("none: you may do nothing")
	b.click("Add a passkey")
	b.shows("This device has a passkey for this server already.")

	// The session ends by time.
	p.stop()
	p.start("--session-idle", "8s")
	time.Sleep(9 * time.Second)
	b.open(p.base + "/account")
	b.shows("You sign in with a passkey")
	b.click("Sign in with a passkey")
	b.shows("Bob Carr")

	// Who is disabled is out at once, and does not come back.
	require.Equal(t, http.StatusOK, p.get("/fhir/Patient", token))
	p.command("user", "disable", "anna")
	p.command("user", "disable", "bob")
	require.Equal(t, http.StatusUnauthorized, p.get("/fhir/Patient", token))
	b.open(p.base + "/account")
	b.shows("You sign in with a passkey")
	b.click("Sign in with a passkey")
	b.shows("You are not signed in")
	b.do("WebAuthn.removeVirtualAuthenticator", map[string]any{"authenticatorId": other}, nil)
	require.Empty(t, b.complaints)

	// Without JavaScript the page says what it needs, and so does the answer.
	b.do("Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	b.open(p.base + "/sign-in")
	b.shows("Passkeys need JavaScript.")
	b.script(`document.querySelector("form button").click()`) // no timer of the page runs
	b.shows("The browser sent no passkey.")
}
