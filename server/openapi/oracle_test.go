package openapi

import (
	"bytes"
	"encoding/json"
	"path"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

// compiled is the schema of a type of resource, by a validator of JSON Schema 2020-12
// that is not ours.
func compiled(t testing.TB, typ string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(described().Type(typ)))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("https://example.org/"+typ, doc))
	schema, err := c.Compile("https://example.org/" + typ + "#/components/schemas/" + typ)
	require.NoError(t, err, typ)
	return schema
}

// TestOracleSchemas validates each example of the specification by the schema of its type.
func TestOracleSchemas(t *testing.T) {
	files := oracle.Files(t, ".json", "examples/r4")
	schemas := map[string]*jsonschema.Schema{}
	var misses []string
	for _, file := range files {
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(file.Data))
		require.NoError(t, err, file.Name)
		typ, _ := instance.(map[string]any)["resourceType"].(string)
		if schemas[typ] == nil {
			schemas[typ] = compiled(t, typ)
		}
		if err := schemas[typ].Validate(instance); err != nil {
			misses = append(misses, path.Base(file.Name))
			t.Log(file.Name, err)
		}
	}
	oracle.Report(t, "openapi-schemas", len(files)-len(misses), len(files), misses)
}

// TestSchemas says what the schemas refuse and what they have to take.
func TestSchemas(t *testing.T) {
	patient, request := compiled(t, "Patient"), compiled(t, "MedicationRequest")
	for _, c := range []struct {
		schema *jsonschema.Schema
		body   string
		fits   bool
	}{
		{patient, `{"resourceType":"Patient"}`, true},
		{patient, `{"resourceType":"Patient","active":true,"birthDate":"2001-02"}`, true},
		{patient, `{"resourceType":"Patient","_birthDate":{"extension":[{"url":"http://example.org/x","valueString":"unknown"}]}}`, true},
		{patient, `{"resourceType":"Patient","name":[{"given":["Ada",null],"_given":[null,{"id":"a"}]}]}`, true},
		{patient, `{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"}]}`, true},
		{patient, `{"resourceType":"Observation"}`, false},
		{patient, `{"resourceType":"Patient","nickname":"x"}`, false},
		{patient, `{"resourceType":"Patient","name":{"family":"x"}}`, false},
		{patient, `{"resourceType":"Patient","gender":"f"}`, false},
		{patient, `{"resourceType":"Patient","birthDate":"01/02/2001"}`, false},
		{patient, `{"resourceType":"Patient","birthDate":"2001-13-01"}`, false},
		{patient, `{"resourceType":"Patient","active":"true"}`, false},
		{request, `{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"display":"x"},"medicationReference":{"display":"y"}}`, true},
		{request, `{"resourceType":"MedicationRequest","_status":{"id":"s"},"intent":"order","subject":{"display":"x"},"medicationCodeableConcept":{"text":"y"}}`, true},
		{request, `{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"display":"x"}}`, false},
		{request, `{"resourceType":"MedicationRequest","intent":"order","subject":{"display":"x"},"medicationReference":{"display":"y"}}`, false},
	} {
		var instance any
		d := json.NewDecoder(strings.NewReader(c.body))
		d.UseNumber()
		require.NoError(t, d.Decode(&instance))
		err := c.schema.Validate(instance)
		require.Equal(t, c.fits, err == nil, "%s: %v", c.body, err)
	}
}
