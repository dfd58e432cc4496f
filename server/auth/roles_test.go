package auth

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// named grants reading of Patients where one of the names is reader.
type named []string

func (n named) Allow(typ string, letter byte) bool {
	return slices.Contains(n, "reader") && typ == "Patient" && letter == 'r'
}
func (n named) AllowOperation(string, string) bool { return false }
func (n named) SeesAll() bool                      { return slices.Contains(n, "auditor") }
func (n named) SeesNone() bool                     { return slices.Contains(n, "administrator") }

// TestRoles wants that the claim narrows what the scopes grant, whatever its
// form, and that a claim which cannot be understood grants nothing.
func TestRoles(t *testing.T) {
	private, set := keySet(t)
	keys, err := ParseKeys(set)
	require.NoError(t, err)
	b := &Bearer{Keys: keys, Issuer: "https://issuer", Audience: "pestle", Clock: func() time.Time { return now },
		Roles: func(names []string) Grants { return named(names) }}
	for _, c := range []struct {
		roles        any
		read, search bool
		everything   bool
	}{
		{roles: nil, read: true, search: true},
		{roles: "reader", read: true},
		{roles: "other reader", read: true},
		{roles: []any{"reader", 7}, read: true},
		{roles: "auditor", everything: true},
		{roles: "Reader"},
		{roles: ""},
		{roles: []any{}},
		{roles: 7},
		{roles: map[string]any{"reader": true}},
	} {
		r := httptest.NewRequest("GET", "/fhir/Patient/1", nil)
		r.Header.Set("Authorization", "Bearer "+token(t, "RS256", "r", private["RS256"], claims(map[string]any{"roles": c.roles, "scope": "system/*.rs system/Task/$act"})))
		who, err := b.Authenticate(r)
		require.NoError(t, err)
		assert.Equal(t, c.read, who.May("Patient", Read), "%v", c.roles)
		assert.Equal(t, c.search, who.May("Patient", Search), "%v", c.roles)
		assert.Equal(t, c.roles == nil, who.MayInvoke("Task/$act", ""), "%v", c.roles)
		assert.Equal(t, c.everything, who.Requester.SeesAll, "%v", c.roles)
	}
}

// TestWhoActs: a token of a person says when they proved who they are; without that, by
// its roles or its scopes, it is of a person of whom nobody knows.
func TestWhoActs(t *testing.T) {
	private, set := keySet(t)
	keys, err := ParseKeys(set)
	require.NoError(t, err)
	b := &Bearer{Keys: keys, Issuer: "https://issuer", Audience: "pestle", Clock: func() time.Time { return now }}
	for name, c := range map[string]struct {
		claims   map[string]any
		person   bool
		verified int64
	}{
		"a program":     {map[string]any{"scope": "system/*.rs"}, false, 0},
		"a user":        {map[string]any{"scope": "user/*.rs"}, true, 0},
		"a patient":     {map[string]any{"scope": "system/*.rs patient/*.rs"}, true, 0},
		"with roles":    {map[string]any{"scope": "system/*.rs", "roles": "pharmacist"}, true, 0},
		"with a time":   {map[string]any{"scope": "system/*.rs", "auth_time": now.Unix()}, true, now.Unix()},
		"with a text":   {map[string]any{"scope": "system/*.rs", "auth_time": "now"}, true, 0},
		"before Christ": {map[string]any{"scope": "system/*.rs", "auth_time": -1}, true, 0},
		"for ever":      {map[string]any{"scope": "system/*.rs", "auth_time": 1e300}, true, 0},
	} {
		r := httptest.NewRequest("GET", "/fhir/Patient/1", nil)
		r.Header.Set("Authorization", "Bearer "+token(t, "RS256", "r", private["RS256"], claims(c.claims)))
		who, err := b.Authenticate(r)
		require.NoError(t, err, name)
		assert.Equal(t, c.person, who.Requester.Person, name)
		want := time.Time{}
		if c.verified > 0 {
			want = time.Unix(c.verified, 0).UTC()
		}
		assert.Equal(t, want, who.Requester.Verified, name)
	}
}

// TestHowStrongly: the claims of a token tell how strongly its person proved who they
// are, where the server is told to look; who did by less is told by what.
func TestHowStrongly(t *testing.T) {
	private, set := keySet(t)
	keys, err := ParseKeys(set)
	require.NoError(t, err)
	b := &Bearer{Keys: keys, Issuer: "https://issuer", Audience: "pestle", Clock: func() time.Time { return now }}
	ask := func() int {
		r := httptest.NewRequest("GET", "/fhir/Patient/1", nil)
		r.Header.Set("Authorization", "Bearer "+token(t, "RS256", "r", private["RS256"], claims(map[string]any{"scope": "user/*.rs", "acr": "gold"})))
		who, err := b.Authenticate(r)
		require.NoError(t, err)
		return who.Requester.Strength
	}
	assert.Zero(t, ask())
	b.Strength = func(claims map[string]any) int { return map[any]int{"gold": 3}[claims["acr"]] }
	assert.Equal(t, 3, ask())
	assert.Equal(t, `Bearer realm="fhir", error="insufficient_user_authentication", error_description="The person must prove anew who they are", max_age="300", acr_values="silver gold"`,
		Challenge(&fhir.ProofTooOld{MaxAge: 5 * time.Minute, ACR: []string{"silver", "gold"}}))
}

// TestMappedScopes: scopes of another vocabulary grant what they are mapped to, whole
// ones alone; those of a patient are confined to the patient of the token.
func TestMappedScopes(t *testing.T) {
	const dispensing = "urn:nhsd:apim:user-nhs-id:aal3:electronic-prescription-service-api:dispensing"
	private, set := keySet(t)
	keys, err := ParseKeys(set)
	require.NoError(t, err)
	b := &Bearer{Keys: keys, Issuer: "https://issuer", Audience: "pestle", Clock: func() time.Time { return now }, Organisation: "org", Patient: "launch_patient",
		Grants: map[string]string{dispensing: "user/Task.rs user/$process-message?event=dispense-notification"}}
	who := func(change map[string]any) Identity {
		r := httptest.NewRequest("GET", "/fhir/Patient/1", nil)
		r.Header.Set("Authorization", "Bearer "+token(t, "RS256", "r", private["RS256"], claims(change)))
		who, err := b.Authenticate(r)
		require.NoError(t, err)
		return who
	}
	one := who(map[string]any{"scope": dispensing, "org": "fa565", "organisation": "A83008"})
	assert.True(t, one.May("Task", Read))
	assert.False(t, one.May("Task", Update))
	assert.False(t, one.May("Patient", Read))
	assert.True(t, one.MayInvoke("$process-message", "dispense-notification"))
	assert.False(t, one.MayInvoke("$process-message", "prescription-order"))
	assert.True(t, one.Requester.Person)
	assert.Equal(t, "FA565", one.Requester.OnBehalf)
	for _, other := range []string{dispensing + "x", strings.ToUpper(dispensing), dispensing[:len(dispensing)-1], "urn:nhsd"} {
		one := who(map[string]any{"scope": other})
		assert.False(t, one.MaySome("Task", Read), other)
	}

	of := func(patient any, scope string) (queries []string, all bool) {
		one := who(map[string]any{"scope": scope, "launch_patient": patient, "patient": "other"})
		require.False(t, one.May("Observation", Read))
		require.True(t, one.Scopes.Confined())
		return one.Scopes.Within("Observation", 'r')
	}
	queries, all := of("p1", "patient/Observation.rs")
	assert.False(t, all)
	require.NotEmpty(t, queries)
	for _, q := range queries {
		assert.Contains(t, q, "p1")
	}
	mixed, all := of("p1", "patient/Observation.rs system/Observation.rs user/*.cruds")
	assert.False(t, all, "other contexts do not widen it")
	assert.Equal(t, queries, mixed)
	for _, patient := range []any{nil, "", 7, []any{"p1"}, "Patient/p1", "p1,p2", "p1&_id=p2", "https://x/Patient/p1"} {
		queries, all := of(patient, "patient/Observation.rs")
		assert.False(t, all, "%v", patient)
		assert.Empty(t, queries, "%v", patient)
	}
}
