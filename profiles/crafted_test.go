package profiles

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestSnapshotsThatAreBroken loads a profile that has only a snapshot, whose
// elements have no ids of the right form and types without a name.
func TestSnapshotsThatAreBroken(t *testing.T) {
	for _, id := range []string{`"id":"Patient.birthDate",`, `"id":"nowhere",`, ``} {
		l := libraryOf(definitions(t, `{"resourceType":"StructureDefinition","url":"https://clinic.example/odd","type":"Patient","kind":"resource","derivation":"constraint",
			"baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","snapshot":{"element":[{"id":"Patient","path":"Patient"},
			{`+id+`"path":"Patient.birthDate","min":1,"max":"1"},
			{"id":"Patient.deceased[x]","path":"Patient.deceased[x]","min":1,"max":"1","type":[{"code":"http://hl7.org/fhirpath/System."}]}]}}`))
		assert.NotPanics(t, func() {
			validateProfiled(New(WithLibrary(l)), []byte(`{"resourceType":"Patient","meta":{"profile":["https://clinic.example/odd"]}}`))
		}, id)
	}
}

// TestTrialsEnd sends resources that refer to each other in a chain, each to one
// of two profiles that refer to the same two.
func TestTrialsEnd(t *testing.T) {
	const ofTwo = `{"resourceType":"StructureDefinition","url":"https://clinic.example/%s","type":"Observation","kind":"resource","derivation":"constraint",
		"baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation","differential":{"element":[
		{"id":"Observation.method","path":"Observation.method","min":1},
		{"id":"Observation.hasMember","path":"Observation.hasMember","type":[{"code":"Reference","targetProfile":["https://clinic.example/a","https://clinic.example/b"]}]}]}}`
	l := libraryOf(definitions(t, fmt.Sprintf(ofTwo, "a"), fmt.Sprintf(ofTwo, "b")))
	var contained []string
	for i := range 24 {
		contained = append(contained, fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"x"},"hasMember":[{"reference":"#o%d"}]}`, i, i+1))
	}
	r, err := fhir.Parse([]byte(`{"resourceType":"Observation","meta":{"profile":["https://clinic.example/a"]},"status":"final","code":{"text":"x"},"hasMember":[{"reference":"#o0"}],"contained":[` + strings.Join(contained, ",") + `]}`))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	issues := New(WithLibrary(l)).Validate(ctx, r)
	assert.Equal(t, fhir.Timeout, issues[len(issues)-1].Code)
}

// TestReferencesToManyEntries sends a message whose entries all have one fullUrl,
// and all refer to it.
func TestReferencesToManyEntries(t *testing.T) {
	const n = 3000
	entry := `{"fullUrl":"https://clinic.example/Basic/1","resource":{"resourceType":"Basic","id":"1","code":{"text":"x"},"subject":{"reference":"https://clinic.example/Basic/1"}}},`
	r, err := fhir.Parse([]byte(`{"resourceType":"Bundle","type":"message","entry":[{"resource":{"resourceType":"MessageHeader"}},` + strings.TrimSuffix(strings.Repeat(entry, n), ",") + `]}`))
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	assert.True(t, fhir.HasErrors(New().Validate(context.Background(), r)))
	runtime.ReadMemStats(&after)
	assert.Less(t, (after.TotalAlloc-before.TotalAlloc)>>20, uint64(200), "MB")
}
