package redaction_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/trust/redaction"
)

// TestSortedByHidden: an order by what the role is not shown would tell of it, also where
// a reference leads there.
func TestSortedByHidden(t *testing.T) {
	table, err := redaction.Parse("t", []byte("clerk\tClaim\tpatient created\tshow\nclerk\tPatient\tbirthDate\tshow\n"))
	require.NoError(t, err)
	r := table.For([]string{"clerk"}, readsAll)
	for query, allowed := range map[string]bool{
		"_sort=created": true, "_sort=-patient.birthdate": true,
		"_sort=patient.family": false, "_sort=provider:Practitioner.family": false, "_sort=patient.general-practitioner:Practitioner._id": false, "_sort=created,-patient.family": false,
	} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		q, _, err := search.Parse("Claim", values, search.Options{})
		require.NoError(t, err, query)
		err = r.Query(q)
		if allowed {
			assert.NoError(t, err, query)
		} else {
			assert.Equal(t, fhir.Forbidden, fhir.KindOf(err), query)
		}
	}
}
