package duties_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/duties"
)

// TestAccounts reads the table that the program carries, and says what is wrong with
// others.
func TestAccounts(t *testing.T) {
	a, err := duties.BuiltinAccounts()
	require.NoError(t, err)
	for way, n := range map[string]int{"person": 1, "program": 2, "machine": 0, "provider": 0, "unknown": 1, "magic": 1} {
		assert.Equal(t, n, a.Needs(way), way)
	}
	for text, want := range map[string]string{
		"person\t1":                          "t:1: expected one of person, program",
		"king\t1\twhy":                       "t:1: expected one of person, program",
		"person\t-1\twhy":                    "a number from 0 to 9",
		"person\t1\twhy\nperson\t1\twhy":     "t:2: expected a number from 0 to 9, and each way once",
		"person\t1\twhy\nprogram\t1\tw\n# c": "t: nothing is said of accounts that are made by: machine",
	} {
		_, err := duties.ParseAccounts("t", []byte(text))
		assert.ErrorContains(t, err, want, text)
	}
}

// TestSecondAccount: no duty is met by an account that nobody has confirmed, whichever
// of the two acts is its, by whatever name the directory knows of it.
func TestSecondAccount(t *testing.T) {
	table, err := duties.Builtin()
	require.NoError(t, err)
	list := []string{}
	table.Unconfirmed = func() []string { return list }
	state := records{"Practitioner/bob": version("x", `{"resourceType":"Practitioner","id":"bob","identifier":[{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"2"}]}`)}
	who := func(agent string) fhir.Principal {
		return fhir.Principal{Agent: agent, OnBehalf: "FA565", Roles: []string{"superintendent"}}
	}
	for _, d := range table.Duties() {
		if !d.Enforced {
			continue
		}
		about := "Anything"
		if d.About != nil {
			about = d.About[0]
		}
		for _, c := range []struct{ second, first, account string }{
			{"sds-user-id|1", "sds-user-id|2", "sds-user-id|2"},
			{"sds-user-id|2", "sds-user-id|1", "https://fhir.nhs.uk/Id/sds-user-id|2"},
			{"sds-user-id|1", "Practitioner/bob", "sds-user-id|2"},
			{"sds-user-id|2", "sds-user-id|1", "Practitioner/bob"},
			{"sds-user-id|1", "bob2", "bob2"},
		} {
			list = nil
			require.NoError(t, table.Separate(state, d.Act, about, who(c.second), c.first), d.Act)
			list = []string{"somebody", c.account}
			err := table.Separate(state, d.Act, about, who(c.second), c.first)
			require.ErrorContains(t, err, "nobody but who made this account has confirmed whose it is", d.Act)
			require.Equal(t, fhir.Forbidden, fhir.KindOf(err))
		}
		list = []string{"sds-user-id|2"}
		require.NoError(t, table.Separate(state, d.Act, about, who("sds-user-id|3"), "sds-user-id|1"), "%s of two others", d.Act)
	}
}

// TestJoinedAccounts: two accounts that were joined are one person, whichever of them does
// which act, by whatever name the directory knows of them, and through a third.
func TestJoinedAccounts(t *testing.T) {
	table, err := duties.Builtin()
	require.NoError(t, err)
	table.Joined = func() [][]string { return [][]string{{"hand", "sds-user-id|2"}, {"other-hand", "hand"}} }
	state := records{"Practitioner/bob": version("x", `{"resourceType":"Practitioner","id":"bob","identifier":[{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"2"}]}`)}
	who := func(agent string) fhir.Principal {
		return fhir.Principal{Agent: agent, OnBehalf: "FA565", Roles: []string{"superintendent"}}
	}
	for _, c := range []struct {
		second, first string
		same          bool
	}{{"hand", "sds-user-id|2", true}, {"sds-user-id|2", "hand", true}, {"hand", "Practitioner/bob", true}, {"Practitioner/bob", "hand", true}, {"other-hand", "sds-user-id|2", true}, {"sds-user-id|2", "other-hand", true},
		{"hand", "sds-user-id|3", false}, {"sds-user-id|3", "hand", false}} {
		err := table.Separate(state, "dispense", "CD2", who(c.second), c.first)
		if c.same {
			require.ErrorContains(t, err, "needs another person", "%v", c)
		} else {
			require.NoError(t, err, "%v", c)
		}
	}
}
