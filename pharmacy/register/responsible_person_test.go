package register

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestNobodyIsResponsible: RP-person.
func TestNobodyIsResponsible(t *testing.T) {
	err := (&attendance{Responsible: &Responsible{}}).start(nil, Party{}, time.Time{})
	var e *fhir.Error
	require.True(t, errors.As(err, &e), "%v", err)
	require.Equal(t, "RP-person", e.Issues[0].Rule)
}
