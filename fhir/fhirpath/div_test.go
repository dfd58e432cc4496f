package fhirpath

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

func TestDivBehindADotIsAnElement(t *testing.T) {
	r, err := fhir.Parse([]byte(`{"resourceType":"Patient","text":{"div":"<div/>"}}`))
	require.NoError(t, err)
	got, err := MustCompile("Patient.text.div").Eval(t.Context(), ResourceItem(r), nil)
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Equal(t, "<div/>", got[0].String())
	_, err = Compile("Patient.text.mod")
	assert.Error(t, err)
	_, err = Compile("div")
	assert.Error(t, err)
}
