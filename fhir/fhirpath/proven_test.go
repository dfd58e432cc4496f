package fhirpath

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

func TestProvenCountsEmptyAsFalse(t *testing.T) {
	r, err := fhir.Parse([]byte(`{"resourceType":"Bundle","type":"document"}`))
	require.NoError(t, err)
	e := MustCompile("type = 'document' implies entry.first().resource.is(Composition)")
	tested, err := e.Test(t.Context(), ResourceItem(r), nil)
	require.NoError(t, err)
	proven, err := e.Proven(t.Context(), ResourceItem(r), nil)
	require.NoError(t, err)
	assert.True(t, tested)
	assert.False(t, proven)
}
