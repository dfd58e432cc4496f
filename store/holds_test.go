package store

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReaches(t *testing.T) {
	for query, want := range map[string]bool{
		"identifier=a.b|1": false, "family:exact=_has": false, "a=1&patient.name=b": true,
		"subject:Patient.name=b": true, "subject%3APatient%2Ename=b": true,
		"_has:Task:patient:status=ready": true, "%5Fhas:Task:patient:status=ready": true,
	} {
		require.Equal(t, want, reaches(query), query)
	}
}
