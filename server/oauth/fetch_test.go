package oauth

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server/auth"
)

// TestKeysURL wants the keys of a client from where it publishes them: as long as
// it says, and from nowhere else.
func TestKeysURL(t *testing.T) {
	w := newWorld(t)
	var asked atomic.Int32
	serve := func(out http.ResponseWriter, _ *http.Request) {}
	host := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/elsewhere" {
			_, _ = out.Write([]byte(w.keys("url")))
			return
		}
		serve(out, r)
	}))
	defer host.Close()
	answer := func(control, media, body string) {
		serve = func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Content-Type", media)
			out.Header().Set("Cache-Control", control)
			_, _ = out.Write([]byte(body))
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(host.Certificate())
	_, err := w.s.Add(Client{ID: "url", Name: "url", Organisation: "A83008", Scopes: []string{"system/Patient.rs"}, Credentials: Credentials{KeysURL: host.URL + "/jwks"}})
	require.NoError(t, err)
	ask := func() (string, bool) {
		a := w.post("/token", tokenForm(w.sign("ES384", w.ec, map[string]any{"kid": "url", "jku": host.URL + "/jwks"}, w.claims("url"))))
		return a.Description, a.Code == 200
	}
	answer("max-age=60", "application/json", w.keys("url"))
	w.s.fetcher = newFetcher(false, roots)
	why, ok := ask()
	require.False(t, ok)
	require.Contains(t, why, "private address")
	require.Zero(t, asked.Load())

	w.s.fetcher = newFetcher(true, roots)
	_, ok = ask()
	require.True(t, ok)
	_, ok = ask()
	require.True(t, ok)
	require.EqualValues(t, 1, asked.Load(), "kept for a minute")
	w.now = w.now.Add(61 * time.Second)
	_, ok = ask()
	require.True(t, ok)
	require.EqualValues(t, 2, asked.Load(), "and no longer")

	// The key is replaced: what is signed with the old one is refused as soon as
	// the set is asked again; one with a new kid is found at once.
	answer("max-age=60", "application/json", w.keys("new"))
	w.now = w.now.Add(61 * time.Second)
	why, ok = ask()
	require.False(t, ok, why)
	answer("max-age=60", "application/json", w.keys("url"))
	_, ok = ask()
	require.False(t, ok, "the set is not fetched for each unknown kid")
	w.now = w.now.Add(5 * time.Second)
	_, ok = ask()
	require.True(t, ok)

	answer("no-store", "application/json", w.keys("url"))
	w.now = w.now.Add(61 * time.Second)
	before := asked.Load()
	for range 3 {
		w.now = w.now.Add(5 * time.Second)
		_, ok = ask()
		require.True(t, ok)
	}
	require.EqualValues(t, before+3, asked.Load())

	for name, c := range map[string]struct {
		media, body string
		want        string
	}{
		"HTML":        {"text/html", "<html>", "application/json"},
		"HTML, lying": {"application/json", "<html>", "key set"},
		"1 MB":        {"application/json", `{"keys":[],"x":"` + strings.Repeat("x", 1<<20) + `"}`, "1 MB"},
		"10,000 keys": {"application/json", `{"keys":[` + strings.Repeat(`{},`, 9999) + `{}]}`, "10000 keys"},
		"empty":       {"application/json", ``, "key set"},
	} {
		answer("no-store", c.media, c.body)
		w.now = w.now.Add(2 * time.Hour)
		why, ok := ask()
		require.False(t, ok, name)
		require.Contains(t, why, c.want, name)
	}
	serve = func(out http.ResponseWriter, r *http.Request) { http.Redirect(out, r, "/elsewhere", http.StatusFound) }
	w.now = w.now.Add(2 * time.Hour)
	why, ok = ask()
	require.False(t, ok)
	require.Contains(t, why, "302")
	serve = func(out http.ResponseWriter, _ *http.Request) { out.WriteHeader(500) }
	w.now = w.now.Add(2 * time.Hour)
	_, ok = ask()
	require.False(t, ok)

	for _, url := range []string{"http://keys.example/", "https://u:p@keys.example/", "file:///etc/passwd", "https:///x", "ftp://x"} {
		require.Error(t, checkKeysURL(url), url)
	}
}

// TestFailedFetches wants a key set that cannot be fetched asked for once in a
// while, by one request for all, and waits that end with their request.
func TestFailedFetches(t *testing.T) {
	var asked atomic.Int32
	status, hang := atomic.Int32{}, make(chan struct{})
	var body atomic.Value
	host := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		if asked.Add(1); status.Load() == 0 {
			<-hang
		}
		out.Header().Set("Content-Type", "application/json")
		out.WriteHeader(int(max(status.Load(), 200)))
		_, _ = out.Write([]byte(body.Load().(string)))
	}))
	defer host.Close()
	roots := x509.NewCertPool()
	roots.AddCert(host.Certificate())
	w := newWorld(t)
	body.Store(w.keys("url"))
	f, c, now := newFetcher(true, roots), &Client{ID: "url", Credentials: Credentials{KeysURL: host.URL}}, w.now
	known := func(keys []auth.Key) bool { return len(keys) > 0 }
	none := func([]auth.Key) bool { return false }

	status.Store(500)
	for range 10 {
		_, err := f.Keys(t.Context(), c.ID, c.KeysURL, now, known)
		require.ErrorContains(t, err, "500")
	}
	require.EqualValues(t, 1, asked.Load(), "a failure is remembered")
	now = now.Add(5 * time.Second)
	status.Store(200)
	keys, err := f.Keys(t.Context(), c.ID, c.KeysURL, now, known)
	require.NoError(t, err)
	require.Len(t, keys, 1)

	now = now.Add(5 * time.Second)
	status.Store(500)
	_, err = f.Keys(t.Context(), c.ID, c.KeysURL, now, none)
	require.Error(t, err, "a kid that nobody knows")
	keys, err = f.Keys(t.Context(), c.ID, c.KeysURL, now, known)
	require.NoError(t, err, "a failure drops no keys")
	require.Len(t, keys, 1)

	now = now.Add(5 * time.Second)
	status.Store(0) // it hangs
	before := asked.Load()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		_, err = f.Keys(gone, c.ID, c.KeysURL, now, none)
		require.ErrorIs(t, err, context.Canceled)
	}
	keys, err = f.Keys(t.Context(), c.ID, c.KeysURL, now, known)
	require.NoError(t, err, "who knows the key does not wait")
	require.Len(t, keys, 1)
	body.Store(w.keys("new"))
	close(hang)
	keys, err = f.Keys(t.Context(), c.ID, c.KeysURL, now, func(keys []auth.Key) bool { return keys != nil && keys[0].ID == "new" })
	require.NoError(t, err)
	require.Equal(t, "new", keys[0].ID, "the fetch went on without who began it")
	require.Equal(t, before+1, asked.Load())
}
