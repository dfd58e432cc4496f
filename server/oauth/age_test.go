package oauth

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// backIn is the way back from the sign-in to which a browser is sent.
func (w *launching) backIn(out *seen) url.Values {
	require.Equal(w.t, 303, out.code, out.body)
	require.Equal(w.t, "/sign-in", out.at.Path, out.at)
	_, query, _ := strings.Cut(out.at.Query().Get("back"), "?")
	values, err := url.ParseQuery(query)
	require.NoError(w.t, err)
	return values
}

// TestProvedAnew: an app may ask that the person proves anew who they are; the browser
// comes back from the sign-in, and is not sent there for ever.
func TestProvedAnew(t *testing.T) {
	w := newLaunching(t)
	w.staff.proved = time.Hour
	for name, c := range map[string]struct {
		change []string
		anew   bool
	}{
		"nothing":         {nil, false},
		"login":           {[]string{"prompt", "login"}, true},
		"another account": {[]string{"prompt", "select_account consent"}, true},
		"consent":         {[]string{"prompt", "consent"}, false},
		"an hour":         {[]string{"max_age", "3600"}, false},
		"half an hour":    {[]string{"max_age", "1800"}, true},
		"no age":          {[]string{"max_age", "0"}, true},
		"any age":         {[]string{"max_age", "9223372036854775807"}, false},
	} {
		out := w.ask("anna", request(c.change...))
		if !c.anew {
			require.Equal(t, 200, out.code, name)
			continue
		}
		back := w.backIn(out)
		require.Empty(t, back.Get("prompt")+back.Get("max_age"), name)
		require.Equal(t, strconv.FormatInt(w.now.Unix(), 10), back.Get("signed_in_since"), name)
		require.Equal(t, "abcdefghijklmnopqrstuv", back.Get("state"))
		require.Equal(t, back.Encode(), w.backIn(w.ask("anna", back)).Encode(), "%s: they have not", name)
		w.staff.proved = 0
		require.Equal(t, 200, w.ask("anna", back).code, "%s: they have", name)
		w.staff.proved = time.Hour
		silent := request(append([]string{"prompt", "none"}, c.change...)...)
		if silent.Get("prompt") == "none" {
			require.Equal(t, "login_required", w.ask("anna", silent).at.Query().Get("error"), name)
		}
	}
	w.staff.proved, w.staff.strength = 0, 2
	require.Equal(t, 200, w.ask("anna", request("acr_values", "strong strongest")).code, "content with either")
	require.Equal(t, 200, w.ask("anna", request("acr_values", "unknown")).code)
	step := w.backIn(w.ask("anna", request("acr_values", "strongest")))
	require.Equal(t, "strongest", step.Get("acr_values"), "the sign-in is told")
	require.NotEmpty(t, step.Get("signed_in_since"))
	require.Equal(t, 200, w.ask("anna", step).code, "and nobody is sent there for ever")
	require.Equal(t, 2, w.who(w.redeem(w.code("anna", request())).Token).Requester.Strength)
	w.again()
	require.NotContains(t, w.backIn(w.ask("", request())), "signed_in_since")
	require.Contains(t, w.backIn(w.ask("", request("max_age", "60"))), "signed_in_since")
	for _, bad := range [][]string{{"prompt", "maybe"}, {"prompt", "none login"}, {"max_age", "-1"}, {"max_age", "x"}, {"max_age", "9223372036854775808"}, {"signed_in_since", "x"}, {"signed_in_since", "0"}} {
		require.Equal(t, invalidRequest, w.ask("anna", request(bad...)).at.Query().Get("error"), bad)
	}

	w.staff.proved = 10 * time.Minute
	got := w.redeem(w.code("anna", request("scope", "openid user/Patient.rs")))
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(got.ID, claims)
	require.NoError(t, err)
	require.InDelta(t, w.now.Add(-10*time.Minute).Unix(), claims["auth_time"], 0)
	require.Equal(t, w.now.Add(-10*time.Minute).UTC(), w.who(got.Token).Requester.Verified)
	require.True(t, w.who(got.Token).Requester.Person)
	said := w.browse("", "POST", "/introspect", url.Values{"token": {got.Token}}, "Authorization", "Bearer "+got.Token)
	require.Contains(t, said.body, `"auth_time":`+strconv.FormatInt(w.now.Add(-10*time.Minute).Unix(), 10))
}

// TestApps: a person sees what they let apps do, and ends it; nobody else's.
func TestApps(t *testing.T) {
	w := newLaunching(t)
	offline := request("scope", "user/Patient.rs offline_access")
	first := w.redeem(w.code("anna", offline))
	w.now = w.now.Add(time.Minute)
	second, ben := w.redeem(w.code("anna", request())), w.redeem(w.code("ben", offline))
	list := w.s.AppsOf("anna")
	require.Len(t, list, 2)
	require.Equal(t, "App public", list[0].Name)
	require.Equal(t, []string{"user/Patient.rs", "offline_access"}, list[1].Scopes)
	require.Len(t, list[1].Words(), 2)
	require.NoError(t, w.s.EndApp("anna", w.s.AppsOf("ben")[0].ID))
	require.NotNil(t, w.who(ben.Token))
	require.NoError(t, w.s.EndApp("anna", list[1].ID))
	require.NoError(t, w.s.EndApp("anna", list[1].ID))
	for range 2 {
		require.Nil(t, w.who(first.Token))
		require.Equal(t, "invalid_grant", w.refresh(first.Refresh).Error)
		require.NotNil(t, w.who(second.Token))
		require.Len(t, w.s.AppsOf("anna"), 1)
		w.again()
	}
	w.now = w.now.Add(time.Hour)
	require.Empty(t, w.s.AppsOf("anna"), "expired")
	require.Len(t, w.s.AppsOf("ben"), 1)
}

// TestEndPerson: what a person let apps do ends at once, before and after a restart,
// and of nobody else.
func TestEndPerson(t *testing.T) {
	w := newLaunching(t)
	offline := request("scope", "user/Patient.rs offline_access")
	code := w.code("anna", offline)
	anna, ben := w.redeem(w.code("anna", offline)), w.redeem(w.code("ben", offline))
	require.NotNil(t, w.who(anna.Token))
	left := w.code("anna", offline)
	w.staff.left["anna"] = true
	require.Equal(t, "invalid_grant", w.redeem(left).Error, "a code of who has left")
	require.NoError(t, w.s.EndPerson("anna"))
	w.staff.left["anna"] = false
	for range 2 {
		require.Nil(t, w.who(anna.Token))
		require.Equal(t, "invalid_grant", w.refresh(anna.Refresh).Error)
		require.Equal(t, "invalid_grant", w.redeem(code).Error)
		require.NotNil(t, w.who(ben.Token))
		w.again()
	}
	require.Equal(t, 200, w.refresh(ben.Refresh).Code)
}
