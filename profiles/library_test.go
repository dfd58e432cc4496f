package profiles

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// definitions makes a set of StructureDefinitions in JSON.
func definitions(t testing.TB, texts ...string) *definition.Set {
	t.Helper()
	set := definition.NewSet()
	for _, text := range texts {
		r, err := fhir.Parse([]byte(text))
		require.NoError(t, err)
		_, err = set.Add(r, "test")
		require.NoError(t, err)
	}
	return set
}

func libraryOf(set *definition.Set) *Library {
	return NewLibrary(set, terminology.New(terminology.Config{Definitions: set}))
}

const pet = `{"resourceType":"StructureDefinition","url":"https://clinic.example/pet","type":"Extension","kind":"complex-type","derivation":"constraint",
	"baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension","context":[{"type":"element","expression":"%s"}],
	"differential":{"element":[{"id":"Extension.value[x]","path":"Extension.value[x]","min":1,"type":[{"code":"%s"}]}]}}`

// TestExtensionsThatChange stores the definition of an extension anew, and takes
// it away.
func TestExtensionsThatChange(t *testing.T) {
	l := libraryOf(definition.NewSet())
	v := New(WithLibrary(l))
	rules := func() (out []string) {
		for _, i := range validateProfiled(v, []byte(`{"resourceType":"Patient","extension":[{"url":"https://clinic.example/pet","valueString":"dog"}]}`)) {
			out = append(out, i.Rule)
		}
		return out
	}
	assert.Equal(t, []string{"extension-unknown"}, rules())
	first, second := definitions(t, fmt.Sprintf(pet, "Patient", "string")), definitions(t, fmt.Sprintf(pet, "Organization", "string"))
	l.ChangeStored(definition.NewSet(), first)
	assert.Empty(t, rules())
	l.ChangeStored(first, second)
	assert.Equal(t, []string{"extension-context"}, rules())
	l.ChangeStored(second, definition.NewSet())
	assert.Equal(t, []string{"extension-unknown"}, rules())
}

// TestWhatIsNotKnownIsNotRemembered names profiles and extensions that nobody
// has, and versions of one that has none.
func TestWhatIsNotKnownIsNotRemembered(t *testing.T) {
	l := libraryOf(definitions(t, fmt.Sprintf(pet, "Patient", "string")))
	v := New(WithLibrary(l))
	for i := range 20 {
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","meta":{"profile":["https://clinic.example/p%d","https://clinic.example/pet|%d"]},
			"extension":[{"url":"https://clinic.example/x%d","valueString":"dog"}]}`, i, i, i))
		require.NoError(t, err)
		assert.NotEmpty(t, v.Validate(context.Background(), r))
	}
	assert.Len(t, l.programs, 1)
	assert.Empty(t, l.extensions)
}
