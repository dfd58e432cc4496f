package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// chainedConditions look over one, two or three types.
var chainedConditions = []struct{ typ, query string }{
	{"Observation", "subject:Patient.family=a"},
	{"Observation", "subject:Patient.gender:not=male"},
	{"Observation", "subject:Patient.family:contains=a&code=urn:c|1"},
	{"Observation", "subject:Patient.organization.name=a"},
	{"Observation", "subject:Patient.organization.name:missing=true"},
	{"Observation", "subject:Patient.family=b"},
	{"Patient", "_has:Observation:patient:code=urn:c|1"},
	{"Patient", "_has:Observation:patient:code:not=urn:c|1"},
	{"Patient", "family=a&_has:Observation:patient:status=final"},
	{"Patient", "organization.name=b"},
	{"Organization", "_has:Patient:organization:_has:Observation:patient:code=urn:c|2"},
	{"Organization", "_has:Patient:organization:family=b"},
	{"Organization", "name=a"},
}

// someChange writes or deletes one of a few resources that refer to each other.
func someChange(t testing.TB, r *rand.Rand) fhir.Change {
	letter := func() string { return string(rune('a' + r.IntN(3))) }
	typ, id := []string{"Patient", "Observation", "Organization"}[r.IntN(3)], fmt.Sprint(r.IntN(4))
	if r.IntN(5) == 0 {
		return fhir.Change{Method: fhir.Delete, Type: typ, ID: id}
	}
	text := ""
	switch typ {
	case "Patient":
		text = fmt.Sprintf(`{"resourceType":"Patient","gender":%q,"name":[{"family":%q}],"managingOrganization":{"reference":"Organization/%d"}}`, []string{"male", "female"}[r.IntN(2)], letter(), r.IntN(4))
	case "Observation":
		text = fmt.Sprintf(`{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"urn:c","code":"%d"}]},"subject":{"reference":"Patient/%d"}}`, r.IntN(3), r.IntN(4))
	default:
		text = fmt.Sprintf(`{"resourceType":"Organization","name":%q}`, letter())
		if r.IntN(4) == 0 {
			text = `{"resourceType":"Organization","active":true}`
		}
	}
	res, err := fhir.Parse([]byte(text))
	require.NoError(t, err)
	return fhir.Change{Method: fhir.Update, Type: typ, ID: id, Resource: res}
}

// TestNewsOfChains: where the news do not touch a condition, it finds what it
// found before them.
func TestNewsOfChains(t *testing.T) {
	ctx := context.Background()
	db, err := Open(mem.New(), Options{})
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	r := rand.New(rand.NewPCG(7, 7))
	spared, changed := 0, 0
	for range 600 {
		at := db.Head()
		found := make([][]string, len(chainedConditions))
		for i, c := range chainedConditions {
			require.NoError(t, db.look("test", 0, func(v view) (err error) {
				found[i], err = v.find(ctx, c.typ, c.query, noLimit)
				return err
			}))
		}
		for range 1 + r.IntN(2) {
			_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{someChange(t, r)}})
			require.NoError(t, err)
		}
		require.NoError(t, db.look("test", 0, func(v view) error {
			recent := news{ctx: ctx, v: v, since: at}
			for i, c := range chainedConditions {
				q, err := v.condition(c.typ, c.query)
				require.NoError(t, err)
				touched, err := recent.touches(q, found[i])
				require.NoError(t, err)
				now, err := v.find(ctx, c.typ, c.query, noLimit)
				require.NoError(t, err)
				if !slices.Equal(now, found[i]) {
					changed++
					require.True(t, touched, "%s?%s found %v, then %v", c.typ, c.query, found[i], now)
				} else if !touched {
					spared++
				}
			}
			return nil
		}))
	}
	require.Greater(t, spared, 3000)
	require.Greater(t, changed, 300)
}
