package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

// TestOperationIfMatch: an operation of one version is given the If-Match, as the
// caller sent it, and any other refuses the header.
func TestOperationIfMatch(t *testing.T) {
	got := ""
	handle := func(_ context.Context, call *fhir.Call) (*fhir.Reply, error) {
		got = call.IfMatch
		return &fhir.Reply{}, call.Matches(&fhir.Version{Type: "Task", ID: "1", VersionID: "3"})
	}
	h := newHandler(t, func(c *server.Config) {
		c.Operations = append(c.Operations, fhir.Operation{Name: "act", Type: "Task", Instance: true, Versioned: true, Handle: handle}, fhir.Operation{Name: "other", Type: "Task", Instance: true, Handle: handle})
	})
	for _, x := range []struct {
		name, match string
		status      int
		got         string
	}{
		{"act", "", 204, ""}, {"act", `W/"3"`, 204, "3"}, {"act", `W/"2", W/"3"`, 204, "2 3"}, {"act", "*", 204, "*"},
		{"act", `W/"2"`, 412, "2"}, {"act", "soon", 400, ""}, {"other", "", 204, ""}, {"other", `W/"3"`, 400, ""},
	} {
		got = ""
		r := httptest.NewRequest(http.MethodPost, "/fhir/Task/1/$"+x.name, http.NoBody)
		if x.match != "" {
			r.Header.Set("If-Match", x.match)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, x.status, w.Code, "%s %s: %s", x.name, x.match, w.Body)
		require.Equal(t, x.got, got, "%s %s", x.name, x.match)
		if x.status == 400 && x.name == "other" {
			require.True(t, strings.Contains(w.Body.String(), "does not evaluate the precondition If-Match"), w.Body.String())
		}
	}
}
