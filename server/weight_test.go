package server

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server/auth"
)

// TestWeight: what is written anew takes more memory than what is sent as it is
// stored: in XML, and for who is shown it in part.
func TestWeight(t *testing.T) {
	type hides struct{ auth.Hidden }
	require.EqualValues(t, 2, (&exchange{format: format{codec: &jsonCodec}}).weight())
	require.EqualValues(t, 10, (&exchange{format: format{codec: &xmlCodec}}).weight())
	require.EqualValues(t, 10, (&exchange{format: format{codec: &jsonCodec}, identity: auth.Identity{Hidden: hides{}}}).weight())
}
