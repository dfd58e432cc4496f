package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
)

// shownLog is a log of which everything is known.
type shownLog struct{}

func (shownLog) File(_ context.Context, path string) (data []byte, fixed, ok bool, err error) {
	return []byte(path), path == "tile/0/000", path != "tile/9/000", nil
}
func (shownLog) Public() string { return "the-key" }
func (shownLog) Proof(_ context.Context, typ, id, version string) (*fhir.Resource, error) {
	return fhir.Parse([]byte(`{"resourceType":"Parameters","parameter":[{"name":"proof","valueString":"` + typ + id + version + `"}]}`))
}
func (shownLog) Receipt(fhir.Seq) string { return "sealed" }

// byScopes is who has the scopes that the token lists.
type byScopes struct{}

func (byScopes) Authenticate(r *http.Request) (auth.Identity, error) {
	scopes := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	return auth.Identity{Requester: fhir.Principal{Agent: "u1", OnBehalf: "A83008", SeesAll: true}, Scopes: auth.ParseScopes(scopes)}, nil
}
func (byScopes) Challenge(error) string { return "Bearer" }

// scoped asks a handler as who has scopes.
type scoped struct{ http.Handler }

func (h scoped) as(scopes, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+scopes)
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestLogAccess wants that what tells how many versions there are needs a scope
// that names it, by every address and both bases.
func TestLogAccess(t *testing.T) {
	handler := newHandler(t, func(c *server.Config) {
		c.Log, c.Authenticator = shownLog{}, byScopes{}
		c.Operations = []fhir.Operation{{Name: "log-consistency", Idempotent: true, ByName: true, Handle: func(context.Context, *fhir.Call) (*fhir.Reply, error) { return &fhir.Reply{}, nil }}}
	})
	h := scoped{handler}
	const all = "system/*.cruds"
	require.Equal(t, 201, h.as(all, "PUT", "/fhir/Patient/1", `{"resourceType":"Patient","id":"1"}`).Code)
	for _, c := range []struct {
		scope, method, target string
		status                int
	}{
		{all, "GET", "/checkpoint", 403},
		{all, "GET", "/tile/0/000", 403},
		{all, "GET", "/tile/entries/000", 403},
		{"system/$checkpoint", "GET", "/checkpoint", 200},
		{"system/$checkpoint", "GET", "/tile/0/000", 200},
		{"system/$checkpoint", "GET", "/tile/9/000", 404},
		{"system/$checkpoint", "HEAD", "/checkpoint", 200},
		{"system/$checkpoint", "POST", "/checkpoint", 405},
		{"", "GET", "/log-key", 200},
		{all, "GET", "/fhir/$log-consistency", 403},
		{all, "POST", "/FHIR/R4/$log-consistency", 403},
		{"system/$log-consistency", "GET", "/FHIR/R4/$log-consistency", 204},
		{all, "GET", "/fhir/Patient/1/_history/1/$proof", 403},
		{"system/$proof", "GET", "/fhir/Patient/1/_history/1/$proof", 403},
		{"system/$proof system/Patient.r", "GET", "/fhir/Patient/1/_history/1/$proof", 200},
		{"system/$proof system/Patient.r", "GET", "/FHIR/R4/Patient/1/_history/1/$proof", 200},
	} {
		assert.Equal(t, c.status, h.as(c.scope, c.method, c.target, "").Code, "%v", c)
	}
	for _, c := range [][3]string{
		{"PUT", "/fhir/Patient/1", `{"resourceType":"Patient","id":"1","gender":"male"}`}, {"POST", "/fhir/Patient", `{"resourceType":"Patient"}`},
		{"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}]}`}, {"DELETE", "/fhir/Patient/1", ""},
	} {
		assert.Equal(t, "sealed", h.as(all, c[0], c[1], c[2]).Header().Get("Pestle-Receipt"), "%v", c)
	}
	assert.Empty(t, h.as(all, "DELETE", "/fhir/Patient/1", "").Header().Get("Pestle-Receipt"), "nothing was stored")
	assert.Empty(t, h.as(all, "GET", "/fhir/Patient", "").Header().Get("Pestle-Receipt"))
	none := scoped{newHandler(t, nil)}
	for _, path := range []string{"/checkpoint", "/tile/0/000", "/log-key", "/fhir/Patient/1/_history/1/$proof"} {
		assert.Equal(t, 404, none.as("", "GET", path, "").Code, path)
	}
}

// inPart is who is shown resources in part.
type inPart struct{ auth.Hidden }

func (inPart) Answer(text []byte) ([]byte, error) { return text, nil }

// TestProofIsARead wants of a proof what is wanted of the read of its version: the
// right to the security context of a Binary, a record of who was shown it, and
// that nothing is hidden from the caller. What is not stored is not proved.
func TestProofIsARead(t *testing.T) {
	d := &diary{}
	configure := func(hides auth.Hidden) func(*server.Config) {
		return func(c *server.Config) {
			c.Log, c.Authenticator, c.Audit = shownLog{}, byScopes{}, d
			c.Hidden = func(*fhir.Principal) auth.Hidden { return hides }
		}
	}
	h := scoped{newHandler(t, configure(nil))}
	const all = "system/*.cruds"
	require.Equal(t, 201, h.as(all, "PUT", "/fhir/Patient/1", `{"resourceType":"Patient","id":"1"}`).Code)
	require.Equal(t, 201, h.as(all, "PUT", "/fhir/Binary/b", `{"resourceType":"Binary","id":"b","contentType":"text/plain","securityContext":{"reference":"Patient/1"}}`).Code)
	d.said()
	for _, base := range []string{"/fhir", "/FHIR/R4"} {
		require.Equal(t, 403, h.as("system/$proof system/Binary.r", "GET", base+"/Binary/b/_history/1/$proof", "").Code)
		require.Equal(t, "$proof 403 by u1", d.said())
		require.Equal(t, 200, h.as("system/$proof system/Binary.r system/Patient.r", "GET", base+"/Binary/b/_history/1/$proof", "").Code)
		require.Equal(t, "$proof 200 by u1; Binary/b/1 of ", d.said())
		require.Equal(t, 404, h.as("system/$proof system/Patient.r", "GET", base+"/Patient/2/_history/1/$proof", "").Code)
		d.said()
	}
	h = scoped{newHandler(t, configure(inPart{}))}
	require.Equal(t, 201, h.as(all, "POST", "/fhir/Patient", `{"resourceType":"Patient"}`).Code)
	require.Equal(t, 403, h.as("system/$proof system/Patient.r", "GET", "/fhir/Patient/1/_history/1/$proof", "").Code)
}
