package people_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server/people"
	"github.com/pestle-fhir/pestle/server/webauthn"
)

// TestNamesakes: an account that is made by hand for somebody of whose name the OpenID
// provider knows one may be a second one of theirs: it is nobody's second person until an
// administrator has said that they are two people, or it is joined, and then they are one.
// It does not matter which of the two came first, who made it, or how the name is written.
func TestNamesakes(t *testing.T) {
	for order, providedFirst := range map[string]bool{"the provider's first": true, "made by hand first": false} {
		t.Run(order, func(t *testing.T) {
			w := newWorld(t)
			w.needs = map[string]int{people.ByPerson: 1}
			w.restart()
			provide := func() {
				_, err := w.r.Provide(people.Person{ID: "p-1", Name: "Carl  Smith", Organisation: "FA565", Roles: []string{"pharmacist"}, Subjects: []string{people.Subject("https://id.example", "1")}})
				require.NoError(t, err)
			}
			byHand := func(id, name string) {
				_, err := w.r.Add(people.Person{ID: id, Name: name, Organisation: "FA565", Roles: []string{"pharmacist"}, Practitioner: "sds-user-id|" + id, Made: []people.Maker{{Way: people.ByMachine, Agent: "root"}}})
				require.NoError(t, err)
				code, _, err := w.r.Invite(id, time.Hour, false, people.Maker{Way: people.ByMachine, Agent: "root"})
				require.NoError(t, err)
				_, err = w.r.Register(code, &webauthn.Credential{ID: []byte(id)})
				require.NoError(t, err)
			}
			if providedFirst {
				provide()
			}
			byHand("carl", "CARL smith")
			byHand("carl2", "Carl Smith")
			byHand("anna", "Anna Smith")
			if !providedFirst {
				require.Empty(t, w.r.Unconfirmed())
				provide()
			}
			require.ElementsMatch(t, []string{"sds-user-id|carl", "sds-user-id|carl2"}, w.r.Unconfirmed())
			admin := people.Maker{Way: people.ByPerson, Agent: "admin-2"}
			_, err := w.r.Confirm("carl", admin)
			require.ErrorContains(t, err, "say that they are two people with --apart-from p-1, or that they are one: pestle user join carl p-1")
			_, err = w.r.Confirm("carl", admin, "anna")
			require.Error(t, err)
			_, err = w.r.Confirm("carl", admin, "p-1")
			require.NoError(t, err)
			_, err = w.r.Join("carl2", "p-1")
			require.NoError(t, err)
			for range 2 {
				require.Empty(t, w.r.Unconfirmed())
				require.Equal(t, [][]string{{"sds-user-id|carl2", "p-1"}}, w.r.Joined())
				w.restart()
			}
			_, err = w.r.Join("carl2", "carl2")
			require.Error(t, err)
			_, err = w.r.Join("carl2", "nobody")
			require.Error(t, err)
		})
	}
}
