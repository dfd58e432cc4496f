package fhir_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

func TestSameContent(t *testing.T) {
	const stored = `{"resourceType":"Observation","id":"a","meta":{"versionId":"3","lastUpdated":"2026-01-01T00:00:00Z","tag":[{"code":"x"}]},
		"valueQuantity":{"value":1.50,"unit":"ü"},"note":[{"text":"a"},{"text":"b"}],"_status":{"id":"s"}}`
	for name, test := range map[string]struct {
		text string
		same bool
	}{
		"itself":                   {stored, true},
		"of the server":            {`{"resourceType":"Observation","meta":{"tag":[{"code":"x"}]},"valueQuantity":{"value":1.50,"unit":"ü"},"note":[{"text":"a"},{"text":"b"}],"_status":{"id":"s"}}`, true},
		"order and escapes":        {`{"_status":{"id":"s"},"note":[{"text":"a"},{"text":"b"}],"valueQuantity":{"unit":"\u00fc","value":1.50},"meta":{"tag":[{"code":"x"}]},"resourceType":"Observation"}`, true},
		"the end in another order": {`{"resourceType":"Observation","meta":{"tag":[{"code":"x"}]},"valueQuantity":{"value":1.50,"unit":"ü"},"_status":{"id":"s"},"id":"b","note":[{"text":"a"},{"text":"b"}]}`, true},
		"one less":                 {`{"resourceType":"Observation","meta":{"tag":[{"code":"x"}]},"valueQuantity":{"value":1.50,"unit":"ü"},"note":[{"text":"a"},{"text":"b"}]}`, false},
		"another in its place":     {`{"resourceType":"Observation","meta":{"tag":[{"code":"x"}]},"valueQuantity":{"value":1.50,"unit":"ü"},"text":[{"text":"a"},{"text":"b"}],"_status":{"id":"s"}}`, false},
		"digits":                   {`{"resourceType":"Observation","meta":{"tag":[{"code":"x"}]},"valueQuantity":{"value":1.5,"unit":"ü"},"note":[{"text":"a"},{"text":"b"}],"_status":{"id":"s"}}`, false},
		"order of a list":          {`{"resourceType":"Observation","meta":{"tag":[{"code":"x"}]},"valueQuantity":{"value":1.50,"unit":"ü"},"note":[{"text":"b"},{"text":"a"}],"_status":{"id":"s"}}`, false},
		"one less in a list":       {`{"resourceType":"Observation","meta":{"tag":[{"code":"x"}]},"valueQuantity":{"value":1.50,"unit":"ü"},"note":[{"text":"a"}],"_status":{"id":"s"}}`, false},
		"another tag":              {`{"resourceType":"Observation","meta":{"tag":[{"code":"y"}]},"valueQuantity":{"value":1.50,"unit":"ü"},"note":[{"text":"a"},{"text":"b"}],"_status":{"id":"s"}}`, false},
		"no tag":                   {`{"resourceType":"Observation","valueQuantity":{"value":1.50,"unit":"ü"},"note":[{"text":"a"},{"text":"b"}],"_status":{"id":"s"}}`, false},
		"a string":                 {`{"resourceType":"Observation","meta":{"tag":[{"code":"x"}]},"valueQuantity":{"value":"1.50","unit":"ü"},"note":[{"text":"a"},{"text":"b"}],"_status":{"id":"s"}}`, false},
	} {
		a, err := fhir.Parse([]byte(stored))
		require.NoError(t, err)
		b, err := fhir.Parse([]byte(test.text))
		require.NoError(t, err)
		require.Equal(t, test.same, fhir.SameContent(a, b), name)
		require.Equal(t, test.same, fhir.SameContent(b, a), name)
	}
}
