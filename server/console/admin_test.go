package console

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/server/page"
	"github.com/pestle-fhir/pestle/server/people"
	roles "github.com/pestle-fhir/pestle/trust/policy"
)

// bossSigned is who uses every browser.
type bossSigned struct{}

func (bossSigned) Signed(*http.Request) (oauth.Person, oauth.Proof, bool) {
	return oauth.Person{Name: "boss", Display: "The boss", Roles: []string{"administrator"}}, oauth.Proof{}, true
}
func (bossSigned) SignInURL(string) string { return "/sign-in" }

// commanded is a server whose commands are answered by a function, with what was asked.
func commanded(t *testing.T, do func(path string, q url.Values, body string) (int, any)) *Server {
	table, err := roles.Builtin()
	require.NoError(t, err)
	return New(Config{Site: page.Site{Name: "Pestle"}, SignIn: bossSigned{}, Zone: time.UTC, Clock: func() time.Time { return time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC) },
		Identity: func(*oauth.Person, oauth.Proof) auth.Identity {
			return auth.Identity{Scopes: auth.Full, Roles: table.Of("administrator")}
		},
		Commands: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			status, answer := do(r.URL.Path, r.URL.Query(), string(body))
			w.WriteHeader(status)
			if text, is := answer.(string); is {
				_, _ = io.WriteString(w, text)
				return
			}
			_ = json.NewEncoder(w).Encode(answer)
		})})
}

func opened(s *Server, path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if form != nil {
		r = httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w
}

// TestPeople: each act on people is the command of that name, with what the form says; a
// refusal keeps what was typed, and a code is shown once.
func TestPeople(t *testing.T) {
	var asked []string
	s := commanded(t, func(path string, q url.Values, body string) (int, any) {
		asked = append(asked, strings.TrimSpace(path+"?"+q.Encode()+" "+body))
		switch q.Get("do") {
		case "list":
			return http.StatusOK, people.Answer{People: []people.Person{{ID: "ann", Name: "Ann <Smith>", Organisation: "FA565", Roles: []string{"pharmacist"}}, {ID: "bea", Name: "Bea", Disabled: true}}, Missing: map[string]int{"ann": 1}}
		case "invite":
			return http.StatusOK, people.Answer{Code: "ABCD-EFGH", Until: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC), URL: "https://pestle.example/invitation#ABCD"}
		case "confirm":
			return http.StatusForbidden, "This needs another person: who made an account does not confirm it."
		}
		return http.StatusOK, people.Answer{}
	})
	list := opened(s, "/console/admin/people", nil)
	require.Equal(t, http.StatusOK, list.Code)
	text := list.Body.String()
	wellFormed(t, "people", list.Body.Bytes())
	assert.Contains(t, text, "Ann &lt;Smith&gt;")
	assert.Contains(t, text, "enabled, to be confirmed by 1")
	for _, link := range []string{"people/add?", "people/confirm?id=ann", "people/disable?id=ann", "people/enable?id=bea"} {
		assert.Contains(t, text, link)
	}
	assert.NotContains(t, text, "people/disable?id=bea")

	form := opened(s, "/console/admin/people/add?id=", nil)
	wellFormed(t, "add", form.Body.Bytes())
	assert.Contains(t, form.Body.String(), `name="organisation"`)
	asked = nil
	done := opened(s, "/console/admin/people/add?id=", url.Values{"account": {"cat"}, "name": {"Cat"}, "organisation": {"fa565"}, "roles": {"pharmacist finance"}})
	require.Equal(t, "/console/admin/people?done=add", done.Header().Get("Location"))
	require.Len(t, asked, 1)
	assert.Contains(t, asked[0], `/admin/user?do=add&id=cat`)
	for _, part := range []string{`"name":"Cat"`, `"organisation":"FA565"`, `"roles":["pharmacist","finance"]`} {
		assert.Contains(t, asked[0], part)
	}
	code := opened(s, "/console/admin/people/invite?id=ann", url.Values{"replace": {"true"}})
	require.Equal(t, http.StatusOK, code.Code)
	assert.Contains(t, code.Body.String(), "ABCD-EFGH")
	assert.Equal(t, "no-store", code.Header().Get("Cache-Control"))
	assert.Contains(t, asked[1], `"replace":true`)
	refused := opened(s, "/console/admin/people/confirm?id=ann", url.Values{"apart": {"other"}})
	assert.Equal(t, http.StatusForbidden, refused.Code)
	assert.Contains(t, refused.Body.String(), "does not confirm it")
	assert.Contains(t, refused.Body.String(), `value="other"`)
	for _, op := range []string{"roles", "join", "disable", "enable"} {
		assert.Equal(t, http.StatusSeeOther, opened(s, "/console/admin/people/"+op+"?id=ann", url.Values{"roles": {"finance"}, "other": {"bea"}}).Code, op)
	}
	assert.Equal(t, http.StatusNotFound, opened(s, "/console/admin/people/purge?id=ann", nil).Code)
	assert.Equal(t, http.StatusNotFound, opened(s, "/console/admin/nothing", nil).Code)
}
