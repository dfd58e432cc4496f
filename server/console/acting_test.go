package console

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/server/page"
	roles "github.com/pestle-fhir/pestle/trust/policy"
)

// pharmacyOf is a server used by who has a role, whose FHIR interface is a function and
// offers operations.
func pharmacyOf(t *testing.T, role string, rest http.HandlerFunc, operations ...fhir.Operation) *Server {
	table, err := roles.Builtin()
	require.NoError(t, err)
	return New(Config{Site: page.Site{Name: "Pestle"}, SignIn: bossSigned{}, Zone: time.UTC, Clock: func() time.Time { return time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC) },
		REST: rest, Operations: operations,
		Identity: func(*oauth.Person, oauth.Proof) auth.Identity {
			return auth.Identity{Scopes: auth.Full, Roles: table.Of(role)}
		}})
}

// TestOnce: a form whose outcome is not known is shown with the Idempotency-Key that it was
// sent with, so that it is done once however often it is sent; one that was refused is
// shown with another.
func TestOnce(t *testing.T) {
	var status int
	var sent string
	s := pharmacyOf(t, "superintendent", func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Get("Idempotency-Key")
		w.WriteHeader(status)
	}, fhir.Operation{Name: "move-stock", Type: "Basic", Parameters: []fhir.Parameter{{Name: "to", Kinds: []string{"valueString"}}}})
	press := func(answer int, once string) (string, string) {
		status, sent = answer, ""
		seen := opened(s, "/console/stock/ledger/move-stock", url.Values{"to": {"B-02"}, "once": {once}})
		require.Equal(t, answer, seen.Code, seen.Body.String())
		assert.Contains(t, seen.Body.String(), `value="B-02"`, "what was typed is kept")
		m := regexp.MustCompile(`name="once" value="([^"]+)"`).FindStringSubmatch(seen.Body.String())
		require.NotNil(t, m)
		return m[1], seen.Body.String()
	}
	const once = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, unknown := range []int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusInsufficientStorage} {
		next, text := press(unknown, once)
		assert.Equal(t, once, sent)
		assert.Equal(t, once, next, "%d", unknown)
		assert.Contains(t, text, "It is not known whether it was done. Send it again: it is done once.")
		assert.NotContains(t, text, "Nothing was done")
	}
	for _, unseen := range []int{http.StatusUnauthorized, http.StatusTooManyRequests} {
		next, _ := press(unseen, once)
		assert.Equal(t, once, next, "%d says nothing of what was sent before", unseen)
	}
	for _, refused := range []int{http.StatusConflict, http.StatusUnprocessableEntity} {
		next, text := press(refused, once)
		assert.NotEqual(t, once, next, "%d", refused)
		assert.Contains(t, text, "Nothing was done")
	}
	next, _ := press(http.StatusServiceUnavailable, "not one")
	assert.Equal(t, sent, next, "a form without a key is sent with one")
}
