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
