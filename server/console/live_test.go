package console

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/server/page"
	roles "github.com/pestle-fhir/pestle/trust/policy"
)

// TestLiveEnds: a page is told no more once the session has ended, at the next change and
// without one, nor once the roles of its person do not grant it: each change is judged by
// what they grant then.
func TestLiveEnds(t *testing.T) {
	before := pulse
	defer func() { pulse = before }()
	table, err := roles.Builtin()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		pulse       time.Duration
		ended, role bool // what becomes of the session
		changes     bool // something is committed then
	}{
		"ended, at a change":     {time.Hour, true, false, true},
		"ended, without one":     {time.Millisecond, true, false, false},
		"another role, a change": {time.Hour, false, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			pulse = c.pulse
			var ended atomic.Bool
			var role, asked atomic.Value
			role.Store("pharmacist")
			commit := make(chan struct{})
			s := New(Config{Site: page.Site{Name: "Pestle"}, SignIn: bossSigned{}, Head: func() fhir.Seq { return 1 }, Still: func(*http.Request) bool { return !ended.Load() },
				Wait: func(ctx context.Context, _ fhir.Seq) error {
					select {
					case <-commit:
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				},
				Identity: func(*oauth.Person, oauth.Proof) auth.Identity {
					return auth.Identity{Scopes: auth.Full, Roles: table.Of(role.Load().(string))}
				},
				REST: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					asked.Store(role.Load())
					_, _ = w.Write([]byte(`{"resourceType":"Bundle","type":"searchset"}`))
				})})
			h := httptest.NewServer(s.mux)
			defer h.Close()
			answer, err := http.Get(h.URL + page.ConsolePath + "/events?queue=new&since=2026-11-30T09:00:00Z")
			require.NoError(t, err)
			defer func() { _ = answer.Body.Close() }()
			require.Equal(t, http.StatusOK, answer.StatusCode)
			in := bufio.NewScanner(answer.Body)
			next := func() string {
				for in.Scan() {
					if what, ok := strings.CutPrefix(in.Text(), "event: "); ok {
						return what
					}
				}
				return "the end"
			}
			require.Equal(t, "now", next())
			ended.Store(c.ended)
			if c.role {
				role.Store("none")
			}
			if c.changes {
				close(commit)
			}
			require.Equal(t, "over", next())
			require.Equal(t, "the end", next())
			require.NotEqual(t, "none", asked.Load(), "nothing is read that the role does not grant")
		})
	}
}
