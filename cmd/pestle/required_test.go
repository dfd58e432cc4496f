package main

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server"
)

// TestServeRequires wants everything that a server for others must know, and
// names all that is missing at once.
func TestServeRequires(t *testing.T) {
	whole := serveCommand{Data: "d", Keys: "k", Issuer: "i", Audience: "a", PublicURL: "https://fhir.example.org"}
	require.NoError(t, whole.required())
	for want, change := range map[string]func(*serveCommand){
		"--data":       func(c *serveCommand) { c.Data = "" },
		"--keys":       func(c *serveCommand) { c.Keys = "" },
		"--any-issuer": func(c *serveCommand) { c.Issuer = "" }, "--any-audience": func(c *serveCommand) { c.Audience = "" },
		"--any-issuer, to":        func(c *serveCommand) { c.Issuer = " " },
		"--any-audience, to":      func(c *serveCommand) { c.Audience = "\t" },
		"--public-url":            func(c *serveCommand) { c.PublicURL = "" },
		"set one of the two":      func(c *serveCommand) { c.AnyIssuer = true },
		"set one of":              func(c *serveCommand) { c.AnyAudience = true },
		"ftp://x: expected":       func(c *serveCommand) { c.PublicURL = "ftp://x" },
		"x.example: expected":     func(c *serveCommand) { c.PublicURL = "x.example" },
		"fhir: expected":          func(c *serveCommand) { c.PublicURL = "https://x.example/fhir" },
		"?a=b: expected":          func(c *serveCommand) { c.PublicURL = "https://x.example?a=b" },
		"user@x: expected":        func(c *serveCommand) { c.PublicURL = "https://user@x" },
		"--sandbox to try it out": func(c *serveCommand) { *c = serveCommand{} },
	} {
		c := whole
		change(&c)
		assert.ErrorContains(t, c.required(), want)
	}
	for _, change := range []func(*serveCommand){
		func(c *serveCommand) { c.Issuer, c.AnyIssuer = "", true }, func(c *serveCommand) { c.Audience, c.AnyAudience = "", true },
		func(c *serveCommand) { c.PublicURL = "http://127.0.0.1:8080/" },
	} {
		c := whole
		change(&c)
		assert.NoError(t, c.required())
	}
	assert.Equal(t, 5, strings.Count((&serveCommand{}).required().Error(), "\n  "))
}

// TestSiteIsACode: the organisation of tokens is compared with it.
func TestSiteIsACode(t *testing.T) {
	for site, ok := range map[string]bool{"": true, "FA565": true, "fa565": false, "FA 565": false, "FA565,X99PH": false, "*": false} {
		for _, sandbox := range []bool{true, false} {
			c := serveCommand{Site: site, Sandbox: sandbox, Addr: "127.0.0.1:0", Data: "d", Keys: "k", Issuer: "i", Audience: "a", PublicURL: "https://fhir.example.org"}
			if err := c.complete(); ok {
				assert.NoError(t, err, site)
			} else {
				assert.ErrorContains(t, err, "--site", site)
			}
		}
	}
}

func TestAdminListener(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := free.Addr().String()
	require.NoError(t, free.Close())
	c := &serveCommand{Sandbox: true, Addr: "127.0.0.1:0", Data: t.TempDir(), AdminAddr: addr}
	app, err := openApp(c.appConfig(), log)
	require.NoError(t, err)
	defer func() { require.NoError(t, app.close()) }()
	config, err := c.config(app, log)
	require.NoError(t, err)
	s, err := server.New(config)
	require.NoError(t, err)
	h, err := c.serveAdmin(s, log)
	require.NoError(t, err)
	defer func() { _ = h.Close() }()
	for path, status := range map[string]int{"/metrics": 200, "/health": 200, "/health/live": 200, "/health/ready": 200, "/health/none": 404, "/debug/pprof/": 200, "/debug/pprof/goroutine": 200, "/debug/pprof/cmdline": 404, "/fhir/metadata": 404, "/": 404} {
		resp, err := http.Get("http://" + addr + path)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, resp.Body)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, status, resp.StatusCode, path)
	}
	for from, status := range map[string]int{"127.0.0.1:1": 200, "[::1]:1": 200, "192.0.2.1:1": 403} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/debug/pprof/", nil)
		r.RemoteAddr = from
		h.Handler.ServeHTTP(w, r)
		assert.Equal(t, status, w.Code, from)
	}
	_, err = c.serveAdmin(s, log)
	assert.ErrorContains(t, err, "--admin-addr")
}
