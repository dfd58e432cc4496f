package duties_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/trust/duties"
)

// TestStrengths: of several claims the highest counts, and what has no line is not known.
func TestStrengths(t *testing.T) {
	table, err := duties.BuiltinStrengths()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		claims map[string]any
		level  int
	}{
		"nothing":           {nil, 0},
		"a passkey":         {map[string]any{"way": "passkey"}, 2},
		"another way":       {map[string]any{"way": "openid"}, 0},
		"acr":               {map[string]any{"acr": "AAL3_ANY"}, 3},
		"a prefix":          {map[string]any{"acr": "AAL3"}, 0},
		"a list of acr":     {map[string]any{"acr": []any{"AAL3_ANY"}}, 0},
		"amr":               {map[string]any{"amr": []any{"pwd", "mfa"}}, 2},
		"amr of one":        {map[string]any{"amr": "N3_SMARTCARD"}, 3},
		"no text":           {map[string]any{"acr": true, "amr": []any{3.0, nil}}, 0},
		"the highest":       {map[string]any{"acr": "AAL1_USERPASS", "amr": []any{"N3_SMARTCARD"}}, 3},
		"a level":           {map[string]any{"authentication_assurance_level": "3"}, 3},
		"a level, a number": {map[string]any{"authentication_assurance_level": 2.0}, 2},
		"no such level":     {map[string]any{"authentication_assurance_level": 2.5}, 0},
		"other claims":      {map[string]any{"loa": "AAL3_ANY"}, 0},
	} {
		assert.Equal(t, c.level, table.Of(c.claims), name)
	}
	more, err := table.With(map[string]string{"urn:gold": "3", "AAL3_ANY": "2"})
	require.NoError(t, err)
	require.Equal(t, 3, more.Of(map[string]any{"acr": "urn:gold"}))
	require.Equal(t, 2, more.Of(map[string]any{"acr": "AAL3_ANY"}))
	require.Equal(t, []string{"urn:gold"}, more.ACR(3))
	for _, bad := range []string{"0", "4", "x", ""} {
		_, err = table.With(map[string]string{"a": bad})
		require.ErrorContains(t, err, "a level from 1 to 3", bad)
	}
	_, err = table.With(map[string]string{"two words": "2"})
	require.Error(t, err, "they are parted by blanks")
	for text, want := range map[string]string{
		"acr\tx\t2":                       "t:1: expected acr, amr",
		"loa\tx\t2\ty":                    "t:1: expected acr, amr",
		"acr\tx\ttwo\ty":                  "t:1:",
		"acr\tx\t4\ty":                    "t:1: expected a level from 1 to 3",
		"# c\nacr\tx\t2\ty\nacr\tx\t2\ty": "t:3: expected a level from 1 to 3 of a word, each once",
	} {
		_, err := duties.ParseStrengths("t", []byte(text))
		assert.ErrorContains(t, err, want, text)
	}
}
