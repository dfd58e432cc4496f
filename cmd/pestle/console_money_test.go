package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/console"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// staffRoom signs people in by the name of a cookie: role, and a number for the person.
type staffRoom struct{}

func (staffRoom) Signed(r *http.Request) (oauth.Person, oauth.Proof, bool) {
	cookie, err := r.Cookie("who")
	if err != nil {
		return oauth.Person{}, oauth.Proof{}, false
	}
	role, _, _ := strings.Cut(cookie.Value, ".")
	return oauth.Person{Name: cookie.Value, Agent: "sds-user-id|" + cookie.Value, Display: cookie.Value, Organisation: sandboxPharmacy, Roles: []string{role}}, oauth.Proof{At: time.Now(), Strength: 3}, true
}

func (staffRoom) SignInURL(back string) string { return "/sign-in?back=" + url.QueryEscape(back) }

// TestMonthScreen is the month of finance through the screens alone: a preview, closed by
// two persons, paid, and the differences decided on.
func TestMonthScreen(t *testing.T) {
	m := newMoneyHouse(t)
	roles, err := policy.Builtin()
	require.NoError(t, err)
	screens := console.New(console.Config{REST: m.h, SignIn: staffRoom{}, Pharmacy: "Sandbox", Operations: m.app.operations(), Codes: codesOf, Clock: func() time.Time { return time.Now().AddDate(1, 0, 0) },
		Identity: func(p *oauth.Person, proof oauth.Proof) auth.Identity {
			grants := roles.Of(p.Roles...)
			return auth.Identity{Scopes: auth.Full, Roles: grants, Requester: fhir.Principal{Agent: p.Agent, Display: p.Display, OnBehalf: p.Organisation, Client: "console", Person: true, Verified: proof.At, Strength: proof.Strength, Roles: p.Roles, SeesAll: grants.SeesAll(), SeesNone: grants.SeesNone()}}
		}})
	h := screens.Within(http.NotFoundHandler())
	ask := func(who, path string, form ...string) (int, string) {
		t.Helper()
		method, body := http.MethodGet, url.Values{}
		for i := 0; i+1 < len(form); i += 2 {
			method = http.MethodPost
			body.Add(form[i], form[i+1])
		}
		r := httptest.NewRequest(method, path, strings.NewReader(body.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.AddCookie(&http.Cookie{Name: "who", Value: who})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		text, err := io.ReadAll(w.Body)
		require.NoError(t, err)
		return w.Code, string(text)
	}
	at := "/console/money/" + m.month
	shows := func(who string, want ...string) string {
		t.Helper()
		status, text := ask(who, at)
		require.Equal(t, http.StatusOK, status, text)
		for _, s := range want {
			assert.Contains(t, wordsOf(t, text), s)
		}
		return text
	}
	text := shows("finance.1", "Over, and not closed yet: the figures are a preview.", "Basic prices", "NUMBER_TOTAL_ITEMS 2", "Close the month")
	assert.Contains(t, text, `<svg class="chart" role="img"`)
	assert.NotContains(t, text, "Methylphenidate")
	status, text := ask("finance.1", "/console/money/2001-01")
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, "There is no claim of this month")
	for _, who := range []string{"customer-service.1", "technician.1", "clinic-system.1", "administrator.1"} {
		for _, path := range []string{at, at + "/close-month", at + "/file/figures.csv"} {
			status, _ := ask(who, path)
			assert.Equal(t, http.StatusForbidden, status, "%s %s", who, path)
		}
		status, _ := ask(who, at+"/close-month", "run", "")
		assert.Equal(t, http.StatusForbidden, status, who)
	}
	status, text = ask("auditor.1", at+"/close-month", "run", "")
	assert.Equal(t, http.StatusForbidden, status, text)

	post := func(who, act string, want int, form ...string) string {
		t.Helper()
		status, text := ask(who, at+"/"+act, append([]string{"back", at}, form...)...)
		require.Equal(t, want, status, "%s %s: %s", who, act, text)
		return text
	}
	post("finance.1", "close-month", http.StatusSeeOther)
	assert.Contains(t, wordsOf(t, post("finance.1", "close-month", http.StatusForbidden)), "There is a problem")
	shows("finance.1", "not closed yet")
	post("finance.2", "close-month", http.StatusSeeOther)
	shows("auditor.1", "Closed: submission 1.")

	post("finance.1", "payments", http.StatusSeeOther, "reference", "BACS 1", "date", time.Now().AddDate(1, 0, 0).Format(time.DateOnly), "schedule", "figure,amount\nBASIC_PRICES,1.00\nNET,1.00\n")
	text = shows("finance.1", "Differences", "Decide", "BASIC_PRICES")
	decide := regexp.MustCompile(`href="([^"]*settle-difference[^"]*)"`).FindStringSubmatch(text)
	require.NotNil(t, decide, text)
	status, form := ask("finance.1", strings.ReplaceAll(decide[1], "&amp;", "&"))
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, form, "pursue it with the payer")
	difference := regexp.MustCompile(`name="difference"[^>]*value="([^"]*)"`).FindStringSubmatch(form)
	require.NotNil(t, difference, form)
	post("finance.1", "settle-difference", http.StatusUnprocessableEntity, "difference", difference[1], "action", "dispute")
	post("finance.1", "settle-difference", http.StatusSeeOther, "difference", difference[1], "action", "dispute", "reason", "The edition was right.")
	shows("finance.1", "dispute")
	for file, kind := range map[string]string{"figures.csv": "YEAR_MONTH", "claims.csv": "prescription,day", "differences.csv": "difference,payment", "statement.pdf": "%PDF"} {
		status, text := ask("finance.1", at+"/file/"+file)
		require.Equal(t, http.StatusOK, status, file)
		assert.Contains(t, text, kind, file)
	}
}
