package pharmacy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy"
)

func TestIDsThatAreDerived(t *testing.T) {
	require.True(t, pharmacy.IsID(pharmacy.ID("Claim", "a", "1")))
	for _, id := range []string{"", "a", "8e0bf1a1-9f0c-4b53-9d0f-1c51d1f6ce0e", "2b4f5a4c-6f0c-5b53-fd0f-1c51d1f6ce0e", "2B4F5A4C-6F0C-5B53-9D0F-1C51D1F6CE0E", "urn:uuid:2b4f5a4c-6f0c-5b53-9d0f-1c51d1f6ce0e"} {
		require.False(t, pharmacy.IsID(id), id)
	}
	require.True(t, pharmacy.IsID("2b4f5a4c-6f0c-5b53-9d0f-1c51d1f6ce0e"))
}
