package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/server/auth"
)

// signer is a key of an issuer, with the key set that it publishes.
func signer(t *testing.T, kid string) (*ecdsa.PrivateKey, string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	public, err := private.PublicKey.Bytes()
	require.NoError(t, err)
	x, y := base64.RawURLEncoding.EncodeToString(public[1:33]), base64.RawURLEncoding.EncodeToString(public[33:])
	return private, `{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"` + kid + `","x":"` + x + `","y":"` + y + `"}]}`
}

// TestReload changes the files of a running server: all that may be taken over is, at
// once, or nothing is and the reason is named.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	one, keys := signer(t, "1")
	two, others := signer(t, "2")
	builtIn, err := os.ReadFile(filepath.Join("..", "..", "pharmacy", "dispensing", "prescription", "law.json"))
	require.NoError(t, err)
	settings := "data: " + filepath.Join(dir, "db") + "\nkeys: " + file("keys.json", keys) + "\nissuer: https://i.example\naudience: a\npublic-url: https://p.example\n"
	config := file("pestle.yaml", settings)

	base := &serveCommand{line: []string{"serve", "--config", config}}
	c, err := base.again()
	require.NoError(t, err)
	c.line = base.line
	require.NoError(t, c.complete())
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	app, err := openApp(c.appConfig(), log)
	require.NoError(t, err)
	defer func() { require.NoError(t, app.close()) }()
	_, _, err = c.authenticator(app, log)
	require.NoError(t, err)
	r := &reloading{serving: c, app: app, bearer: c.taken, log: log}

	admitted := func(private *ecdsa.PrivateKey, kid string) (auth.Identity, error) {
		token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{"iss": "https://i.example", "aud": "a", "sub": "x", "exp": time.Now().Add(time.Minute).Unix(), "scope": "system/*.rs", "organisation": "FA565", "roles": "night"})
		token.Header["kid"] = kid
		signed, err := token.SignedString(private)
		require.NoError(t, err)
		return c.taken.Authenticate(bearing(signed))
	}
	admits := func(private *ecdsa.PrivateKey, kid string) bool {
		_, err := admitted(private, kid)
		return err == nil
	}
	require.True(t, admits(one, "1"))
	require.False(t, admits(two, "2"))

	// keys, law, roles, delegations and definitions
	who, err := admitted(one, "1")
	require.NoError(t, err)
	require.False(t, who.Roles.Allow("Patient", 'r'), "there is no such role")
	require.Empty(t, who.Requester.Delegates)
	more := "roles: " + file("roles.tsv", "night\tsees\tall\nnight\tPatient\tr\n") + "\ndelegates: " + file("delegates.json", `{"FA565": ["FX123"]}`) + "\n"
	file("keys.json", others)
	lawFile := file("law.json", strings.Replace(string(builtIn), `"months": 6`, `"months": 5`, 1))
	file("pestle.yaml", settings+more+"law: "+lawFile+"\ndefinitions: ["+file("b.fsh", "Profile: B\nParent: Basic\n* ^url = \"https://x.example/B\"\n* created 1..1\n")+"]\n")
	require.NoError(t, r.reload())
	assert.False(t, admits(one, "1"))
	assert.True(t, admits(two, "2"))
	assert.NotEqual(t, app.law.Now(), *mustLaw(t, builtIn))
	who, err = admitted(two, "2")
	require.NoError(t, err)
	assert.True(t, who.Roles.Allow("Patient", 'r'))
	assert.Equal(t, []string{"FX123"}, who.Requester.Delegates)
	found := false
	for _, e := range app.library.Entries() {
		found = found || e.URL == "https://x.example/B"
	}
	assert.True(t, found)

	// nothing is taken over where a setting needs a restart, or a file is not valid
	file("keys.json", keys)
	for text, want := range map[string]string{
		settings + "site: FA565\n":               "--site: restart the server",
		settings + "sight: FA565\n":              "unknown setting sight",
		settings + "law: " + config + "\n":       "--law: ",
		settings + "roles: " + config + "\n":     "the table of roles is not valid",
		settings + "delegates: " + config + "\n": "--delegates: expected",
	} {
		file("pestle.yaml", text)
		require.ErrorContains(t, r.reload(), want)
		assert.True(t, admits(two, "2"), want)
		assert.NotEqual(t, app.law.Now(), *mustLaw(t, builtIn))
	}

	// a signal does it, and /metrics tells
	file("pestle.yaml", settings)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	signals := make(chan os.Signal)
	go r.run(ctx, signals)
	signals <- syscall.SIGTERM // any: the channel has those that are asked for alone
	require.Eventually(t, func() bool { return admits(one, "1") }, 10*time.Second, 10*time.Millisecond)
	assert.Equal(t, app.law.Now(), *mustLaw(t, builtIn))
	file("pestle.yaml", "x: y\n")
	signals <- syscall.SIGTERM
	require.Eventually(t, func() bool { return r.counters()[0].Value() == 1 }, 10*time.Second, 10*time.Millisecond)
}

func mustLaw(t *testing.T, text []byte) *prescription.Law {
	law, err := prescription.ReadLaw(text)
	require.NoError(t, err)
	return &law
}

func bearing(token string) *http.Request {
	r := httptest.NewRequest("GET", "/fhir/Patient", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}
