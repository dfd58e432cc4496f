package store

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestPickAndMatches reads versions of a commit by their places, and asks of each whether
// it meets a query: as of its commit, and as its principal sees what a chain leads to.
func TestPickAndMatches(t *testing.T) {
	db := opened(t, mem.New())
	ctx := context.Background()
	tx := &fhir.Transaction{}
	for n := range 5 {
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%d","active":%t}`, n, n%2 == 0))
		require.NoError(t, err)
		tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Update, Type: "Patient", ID: fmt.Sprintf("p%d", n), Resource: r})
	}
	done, err := db.Commit(ctx, tx)
	require.NoError(t, err)
	list, at, err := db.Pick(ctx, done.Seq, []int{3, 0})
	require.NoError(t, err)
	require.Equal(t, []string{"p3", "p0"}, []string{list[0].ID, list[1].ID})
	require.True(t, at.Equal(done.Time))
	_, _, err = db.Pick(ctx, done.Seq, []int{5})
	require.Error(t, err)
	_, _, err = db.Pick(ctx, done.Seq+1, []int{0})
	require.Error(t, err)

	q, err := search.ParseCondition("Patient", "active=true", search.Options{Own: db.Own})
	require.NoError(t, err)
	for _, v := range list {
		met, err := db.Matches(ctx, v, q)
		require.NoError(t, err)
		require.Equal(t, v.ID == "p0", met, v.ID)
	}
	_, err = db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Delete, Type: "Patient", ID: "p0"}}})
	require.NoError(t, err)
	met, err := db.Matches(ctx, list[1], q)
	require.NoError(t, err)
	require.True(t, met, "a version is judged as of its commit")

	r, err := fhir.Parse([]byte(`{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p2"}}`))
	require.NoError(t, err)
	done, err = db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Observation", ID: "o", Resource: r}}})
	require.NoError(t, err)
	for query, want := range map[string]bool{"subject:Patient.active=true": true, "subject:Patient.active=false": false, "_id=o": true, "_id=p": false, "status=final&code:text=x": true} {
		q, err := search.ParseCondition("Observation", query, search.Options{Own: db.Own})
		require.NoError(t, err)
		met, err := db.Matches(ctx, done.Results[0].Version, q)
		require.NoError(t, err)
		require.Equal(t, want, met, query)
	}
}
