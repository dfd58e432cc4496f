package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browser is one that stays where it is sent to another host.
type browser struct {
	t    *testing.T
	base string
	http.Client
}

func newBrowser(t *testing.T, base string) *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &browser{t, base, http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// open asks for an address, or sends a form to it, and follows within the server.
func (b *browser) open(address string, form url.Values) (status int, text, at string) {
	method, body := http.MethodGet, io.Reader(http.NoBody)
	for {
		if form != nil {
			method, body = http.MethodPost, strings.NewReader(form.Encode())
		}
		r, err := http.NewRequest(method, address, body)
		require.NoError(b.t, err)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Accept", "text/html")
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		answer, err := b.Do(r)
		require.NoError(b.t, err)
		page, err := io.ReadAll(answer.Body)
		require.NoError(b.t, err)
		require.NoError(b.t, answer.Body.Close())
		to := answer.Header.Get("Location")
		if !strings.HasPrefix(to, "/") {
			return answer.StatusCode, string(page), to
		}
		address, form, method, body = b.base+to, nil, http.MethodGet, http.NoBody
	}
}

var shownAsking = regexp.MustCompile(`name="asking" value="([^"]+)"`)

// TestSandboxLaunch: an app of a sandbox, from the choice of a person to the records of
// one patient, as a browser and an app go through it.
func TestSandboxLaunch(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := startIssuing(t, data, true)
	defer s.stop()
	s.must("client", "add", "growth", "--kind", "app", "--public", "--data", data, "--name", "Growth chart", "--redirect", "https://app.example/cb",
		"--scope", "launch/patient openid fhirUser offline_access patient/*.rs")
	var smart map[string]any
	s.json("/fhir/.well-known/smart-configuration", "", &smart)
	for _, name := range []string{"issuer", "jwks_uri", "authorization_endpoint", "token_endpoint", "introspection_endpoint", "revocation_endpoint"} {
		require.Contains(t, smart[name], s.base, name)
	}
	for _, capability := range []string{"launch-standalone", "launch-ehr", "client-public", "client-confidential-symmetric", "sso-openid-connect", "context-standalone-patient", "permission-patient", "permission-offline", "authorize-post"} {
		require.Contains(t, smart["capabilities"], capability)
	}
	require.Equal(t, []any{"S256"}, smart["code_challenge_methods_supported"])
	var openid map[string]any
	s.json("/.well-known/openid-configuration", "", &openid)
	require.Equal(t, smart["issuer"], openid["issuer"])
	const verifier = "0123456789012345678901234567890123456789abc"
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"response_type": {"code"}, "client_id": {"growth"}, "redirect_uri": {"https://app.example/cb"}, "state": {"abcdefghijklmnopqrstuv"}, "aud": {s.base + "/fhir"},
		"scope": {"launch/patient openid fhirUser offline_access patient/*.rs"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	b := newBrowser(t, s.base)
	_, page, _ := b.open(s.base+"/authorize?"+q.Encode(), nil)
	require.Contains(t, page, "Who are you?")
	_, page, _ = b.open(s.base+choosePath, url.Values{"person": {"pharmacy-2"}, "back": {"/authorize?" + q.Encode()}})
	require.Contains(t, page, "Growth chart asks to act for you")
	asking := shownAsking.FindStringSubmatch(page)[1]
	form := url.Values{"asking": {asking}, "scope": {"launch/patient", "openid", "patient/*.rs"}, "answer": {"find"}, "find": {"Marlow"}}
	_, page, _ = b.open(s.base+"/authorize", form)
	require.Contains(t, page, "Jo Marlow")
	form.Set("answer", "allow")
	form.Set("patient", "sandbox-patient-1")
	_, _, at := b.open(s.base+"/authorize", form)
	code, err := url.Parse(at)
	require.NoError(t, err)
	require.Equal(t, "app.example", code.Host, at)

	var token struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Patient string
	}
	_, text, _ := b.open(s.base+"/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {"growth"}, "code": {code.Query().Get("code")}, "redirect_uri": {"https://app.example/cb"}, "code_verifier": {verifier}})
	require.NoError(t, json.Unmarshal([]byte(text), &token))
	require.Equal(t, "sandbox-patient-1", token.Patient, text)
	var found struct {
		Total int
		Entry []struct{ Resource struct{ ID string } }
	}
	s.json("/fhir/Patient", token.Access, &found)
	require.Len(t, found.Entry, 1)
	require.Equal(t, "sandbox-patient-1", found.Entry[0].Resource.ID)
	assert.Equal(t, 404, s.get("/fhir/Patient/sandbox-patient-2", token.Access))
	assert.Equal(t, 403, s.get("/fhir/Task", token.Access))

	// Who was shown on the page is in the audit log, under the person's name.
	var events struct {
		Entry []struct{ Resource json.RawMessage }
	}
	s.json("/fhir/AuditEvent?patient=Patient/sandbox-patient-1&_count=100", "", &events)
	shown := ""
	for _, e := range events.Entry {
		if strings.Contains(string(e.Resource), `"authorize"`) {
			shown = string(e.Resource)
		}
	}
	assert.Contains(t, shown, "555000000565")

	// The page leads nowhere else.
	_, _, at = b.open(s.base+choosePath, url.Values{"person": {"pharmacist"}, "back": {"//evil.example/authorize?"}})
	assert.Empty(t, at)
}

// json reads an answer.
func (s *issuing) json(path, token string, into any) {
	r, err := http.NewRequest(http.MethodGet, s.base+path, http.NoBody)
	require.NoError(s.t, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer func() { _ = answer.Body.Close() }()
	require.Equal(s.t, 200, answer.StatusCode, path)
	require.NoError(s.t, json.NewDecoder(answer.Body).Decode(into))
}

// TestLaunchCommand: an app is started for a patient from the command line.
func TestLaunchCommand(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := startIssuing(t, data, true)
	defer s.stop()
	s.must("client", "add", "growth", "--kind", "app", "--public", "--data", data, "--name", "Growth chart", "--redirect", "https://app.example/cb", "--scope", "launch patient/*.rs")
	s.must("client", "add", "plain", "--kind", "app", "--public", "--data", data, "--name", "Plain", "--redirect", "https://app.example/cb", "--scope", "patient/*.rs")
	require.Regexp(t, `^iss=http%3A%2F%2F[0-9A-F.%]+%2Ffhir&launch=[A-Za-z0-9_-]{43}$`, s.must("launch", "growth", "--patient", "sandbox-patient-1", "--data", data))
	start, err := url.Parse(s.must("launch", "growth", "--patient", "sandbox-patient-1", "--data", data, "--url", "https://app.example/start?x=1"))
	require.NoError(t, err)
	require.Equal(t, "1", start.Query().Get("x"))
	require.Equal(t, s.base+"/fhir", start.Query().Get("iss"))

	sum := sha256.Sum256([]byte(codeVerifier))
	q := url.Values{"response_type": {"code"}, "client_id": {"growth"}, "redirect_uri": {"https://app.example/cb"}, "state": {"abcdefghijklmnopqrstuv"}, "aud": {start.Query().Get("iss")}, "launch": {start.Query().Get("launch")},
		"scope": {"launch patient/*.rs"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	b := newBrowser(t, s.base)
	_, page, _ := b.open(s.base+choosePath, url.Values{"person": {"pharmacy-2"}, "back": {"/authorize?" + q.Encode()}})
	require.Contains(t, page, "The patient: <strong>")
	require.Contains(t, page, "Marlow")
	for line, want := range map[string]string{
		"growth --patient nobody":                                      "there is no Patient",
		"growth --patient sandbox-patient-1 --encounter x":             "there is no Encounter",
		"plain --patient sandbox-patient-1":                            "scope launch",
		"other --patient sandbox-patient-1":                            "expected an app",
		"growth --patient sandbox-patient-1 --url javascript:alert(1)": "the address of the app",
		"growth --patient ../x":                                        "there is no Patient",
	} {
		out, ok := s.command(append([]string{"launch", "--data", data}, strings.Fields(line)...)...)
		require.False(t, ok, line)
		require.Contains(t, out, want, line)
	}
}
