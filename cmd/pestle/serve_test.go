package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestServeFails wants the followers at rest before the database is closed,
// where the server cannot go on.
func TestServeFails(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	c := &serveCommand{Sandbox: true, Addr: "127.0.0.1:0", Data: t.TempDir()}
	app, err := openApp(c.appConfig(), log)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", c.Addr)
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	assert.ErrorIs(t, c.serve(context.Background(), app, listener, log, streams{out: io.Discard, err: io.Discard}), net.ErrClosed)
	stacks := make([]byte, 1<<20)
	assert.NotContains(t, string(stacks[:runtime.Stack(stacks, true)]), "pharmacy.(*Loop).Run", "a follower still runs")
	require.NoError(t, app.close())
}

// TestInTime: what does not end is given up, what fails says what of.
func TestInTime(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	start := time.Now()
	require.ErrorContains(t, inTime(20*time.Millisecond, "the table was not laid", func() error { <-forever; return nil }), "the table was not laid: it took longer than 20ms")
	require.Less(t, time.Since(start), 5*time.Second)
	require.ErrorIs(t, inTime(time.Minute, "x", func() error { return io.EOF }), io.EOF)
	require.NoError(t, inTime(time.Minute, "x", func() error { return nil }))
}

// TestFolderGone: a server whose folder is removed under it ends, and says what
// it could not write.
func TestFolderGone(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	c := &serveCommand{Sandbox: true, Addr: "127.0.0.1:0", Data: data, DrainSeconds: 5}
	log := slog.New(slog.DiscardHandler)
	app, err := openApp(c.appConfig(), log)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", c.Addr)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- c.serve(ctx, app, listener, log, streams{out: io.Discard, err: io.Discard}) }()
	base := "http://" + listener.Addr().String()
	get := func(path string) int {
		resp, err := http.Get(base + path)
		if err != nil {
			return 0
		}
		defer func() { _ = resp.Body.Close() }()
		return resp.StatusCode
	}
	require.Eventually(t, func() bool { return get("/health/ready") == 200 }, 10*time.Second, 10*time.Millisecond)
	require.Eventually(t, func() bool { return os.RemoveAll(data) == nil }, 10*time.Second, time.Millisecond) // a file may be made meanwhile
	assert.Equal(t, 503, get("/health/ready"))
	assert.Equal(t, 503, get("/fhir/Patient"), "who is shown what cannot be recorded")
	stop()
	require.NoError(t, <-served)
	require.ErrorContains(t, app.close(), "was removed or replaced")
}

// TestServeConfigured serves as the environment says, to callers with a token
// of the issuer for the audience and to nobody else.
func TestServeConfigured(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys.json")
	secret := []byte("0123456789abcdef0123456789abcdef")
	require.NoError(t, os.WriteFile(keys, []byte(`{"keys":[{"kty":"oct","k":"`+base64.RawURLEncoding.EncodeToString(secret)+`"}]}`), 0o600))
	law := filepath.Join(t.TempDir(), "law.json")
	require.NoError(t, os.WriteFile(law, []byte(`{"validity":[{"from":"2000-01-01","schedules":[""],"days":7,"rule":"X"}],
 "repeatRegime":[{"from":"2000-01-01","months":1,"rule":"Y"}],"controlled":[{"from":"2000-01-01","schedules":["CD2"],"rule":"Z"}],"collection":[{"from":"2000-01-01","schedules":["CD2"],"rule":"V"}]}`), 0o600))
	for name, value := range map[string]string{"LAW": law, "DATA": t.TempDir(), "KEYS": keys, "ISSUER": "https://issuer.example", "AUDIENCE": "pestle", "ADDR": "127.0.0.1:0",
		"PUBLIC_URL": "https://pharmacy.example", "SECRET": "sealed", "LOG_JSON": "true", "LOG_DEBUG": "true", "DRAIN_SECONDS": "3",
		"SITE": "FA123", "SITE_NAME": "High Street", "AUTHORITY": "RQFZ1"} {
		t.Setenv("PESTLE_"+name, value)
	}
	var all commands
	parse(t, &all, "serve")
	c := &all.Serve
	require.NoError(t, c.complete())
	assert.Equal(t, 7, c.appConfig().Dispensing.Law.Now().Validity[0].Days)
	site := c.appConfig().Dispensing.Site
	assert.Equal(t, []string{"FA123", "High Street", "RQFZ1"}, []string{site.ODS, site.Name, site.ReimbursementAuthority})

	var text bytes.Buffer
	std := streams{out: io.Discard, err: &text}
	log := c.logger(std)
	log.Debug("more")
	assert.Contains(t, text.String(), `"level":"DEBUG","msg":"more"`)
	app, err := openApp(c.appConfig(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	config, err := c.config(app, log)
	require.NoError(t, err)
	assert.Equal(t, "sealed", string(config.Secret))
	listener, err := net.Listen("tcp", c.Addr)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- c.serve(ctx, app, listener, slog.New(slog.DiscardHandler), std) }()
	for claims, want := range map[[2]string]int{{}: 401, {"https://other.example", "pestle"}: 401, {"https://issuer.example", "other"}: 401, {"https://issuer.example", "pestle"}: 200} {
		status, body := askAs(t, secret, claims[0], claims[1], "http://"+listener.Addr().String()+"/fhir/Patient")
		assert.Equal(t, want, status, claims)
		assert.Equal(t, want == 200, strings.Contains(body, `"https://pharmacy.example/fhir/Patient`), body)
	}
	stop()
	require.NoError(t, <-served)
	require.NoError(t, app.close())
}

// parse fills in the struct of a command and does not run it.
func parse(t *testing.T, c *commands, args ...string) {
	require.NoError(t, newProgram(c, func(any) error { return nil }).Execute(args, io.Discard, io.Discard))
}

// askAs sends a request with a token of an issuer for an audience; an issuer ""
// for none.
func askAs(t *testing.T, key []byte, issuer, audience, url string) (status int, body string) {
	req, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	if issuer != "" {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": issuer, "aud": audience, "sub": "clinic",
			"scope": "system/*.cruds", "exp": time.Now().Add(time.Minute).Unix()}).SignedString(key)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}
