package people_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server/people"
	"github.com/pestle-fhir/pestle/server/webauthn"
)

// TestConfirm: whoever makes an account or invites a passkey of it could have it, so
// that others must say whose it is; how many, the table says.
func TestConfirm(t *testing.T) {
	w := newWorld(t)
	w.needs = map[string]int{people.ByPerson: 1, people.ByProgram: 2, "unknown": 1}
	w.restart()
	by := func(way, agent string) people.Maker { return people.Maker{Way: way, Agent: agent} }
	add := func(id string, made ...people.Maker) {
		_, err := w.r.Add(people.Person{ID: id, Name: id, Organisation: "FA565", Roles: []string{"pharmacist"}, Practitioner: "sds-user-id|" + id, Made: made, Confirmed: made})
		require.NoError(t, err)
	}
	missing := func(id string) int {
		p, err := w.r.Person(id)
		require.NoError(t, err)
		return w.r.Missing(&p)
	}
	key := 0
	register := func(id string, replace bool, who people.Maker) {
		code, _, err := w.r.Invite(id, time.Hour, replace, who)
		require.NoError(t, err)
		key++
		_, err = w.r.Register(code, &webauthn.Credential{ID: []byte{byte(key)}})
		require.NoError(t, err)
	}
	add("bob", by(people.ByPerson, "admin-1"))
	require.Equal(t, 1, missing("bob"), "and nobody says of themselves that it is confirmed")
	require.Equal(t, []string{"sds-user-id|bob"}, w.r.Unconfirmed())
	_, err := w.r.Confirm("bob", by(people.ByPerson, "admin-2"))
	require.ErrorContains(t, err, "no passkey yet")
	register("bob", false, by(people.ByPerson, "admin-1"))
	_, err = w.r.Confirm("bob", by(people.ByProgram, "program"))
	require.ErrorContains(t, err, "by a person")
	_, err = w.r.Confirm("bob", by(people.ByPerson, "admin-2"))
	require.NoError(t, err)
	require.Zero(t, missing("bob"))
	_, err = w.r.Confirm("bob", by(people.ByPerson, "admin-3"))
	require.ErrorContains(t, err, "needs no confirmation")
	w.restart()
	require.Empty(t, w.r.Unconfirmed(), "after a restart too")

	register("bob", true, by(people.ByMachine, "root"))
	require.Zero(t, missing("bob"), "the machine's own user needs nobody")
	register("bob", true, by(people.ByPerson, "admin-2"))
	require.Equal(t, 1, missing("bob"), "another passkey may be somebody else's")
	p, err := w.r.Person("bob")
	require.NoError(t, err)
	require.Equal(t, []people.Maker{by(people.ByPerson, "admin-2")}, p.Made, "who made it before may confirm this")
	register("bob", false, by(people.ByPerson, "admin-3"))
	p, err = w.r.Person("bob")
	require.NoError(t, err)
	require.Len(t, p.Made, 2, "both of those who invited may not")
	_, err = w.r.Confirm("bob", by(people.ByMachine, "root"))
	require.NoError(t, err)
	require.Zero(t, missing("bob"))

	add("gone", by(people.ByPerson, "admin-1"))
	register("gone", false, by(people.ByPerson, "admin-1"))
	_, err = w.r.Disable("gone", true)
	require.NoError(t, err)
	require.Equal(t, []string{"sds-user-id|gone"}, w.r.Unconfirmed(), "what was done with it is still nobody's second act")
	_, err = w.r.Confirm("gone", by(people.ByPerson, "admin-2"))
	require.NoError(t, err)
	require.Empty(t, w.r.Unconfirmed())

	add("pat", by(people.ByProgram, "program"))
	register("pat", false, by(people.ByProgram, "program"))
	_, err = w.r.Confirm("pat", by(people.ByPerson, "admin-1"))
	require.NoError(t, err)
	require.Equal(t, 1, missing("pat"))
	_, err = w.r.Confirm("pat", by(people.ByPerson, "admin-1"))
	require.ErrorContains(t, err, "another person confirms it", "one who asks twice at once is one")
	_, err = w.r.Confirm("pat", by(people.ByPerson, "admin-2"))
	require.NoError(t, err)
	require.Zero(t, missing("pat"))

	add("old")
	require.Equal(t, 1, missing("old"), "of before it was recorded who makes accounts")
	provided, err := w.r.Provide(people.Person{ID: "openid-x", Name: "X", Organisation: "FA565", Subjects: []string{people.Subject("https://id.example", "x")}})
	require.NoError(t, err)
	require.Zero(t, missing(provided.ID))
}
