package auth

import (
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
