package uk

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// TestConcurrentUse validates orders while definitions are stored: profiles are
// compiled, forgotten and compiled again, and nobody sees a half of one.
func TestConcurrentUse(t *testing.T) {
	data, err := os.ReadFile("../../cmd/pestle/sandbox/order.json")
	require.NoError(t, err)
	order, err := fhir.Parse(data)
	require.NoError(t, err)
	l := Library()
	l.SetPolicy(Policy, true)
	v := profiles.New(profiles.WithLibrary(l))
	want := v.Validate(context.Background(), order)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				assert.Equal(t, want, v.Validate(context.Background(), order))
			}
		})
	}
	patient, err := l.Structure("https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient")
	require.NoError(t, err)
	changed, none := definition.NewSet(), definition.NewSet()
	changed.AddStructure(patient)
	for range 20 {
		l.ChangeStored(none, changed)
		l.ChangeStored(changed, none)
	}
	wg.Wait()
}
