package fhirpath

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReport(t *testing.T) {
	var out bytes.Buffer
	err := Report(t.Context(), &out, "name.given.trace('given').first() | 1 + 1 | name.nick", readResource(t, "testdata/patient.json"), time.Time{})
	require.NoError(t, err)
	require.Equal(t, `# check: error at 1:50: There is no such element. In the expression: name.given.trace('given').first() | 1 + 1 | name.nick Expected: an element of HumanName. Found: nick.
# trace given: 4 items
#   string	Peter	Patient.name[0].given[0] (13:57)
#   string	James	Patient.name[0].given[1] (13:66)
#   string	Jim	Patient.name[1].given[0] (14:32)
#   string	no value: {"extension": [{"url": "https://example.org/unknown", "valueBoolean": true}]}	Patient.name[1]._given[1] (14:63)
string	Peter	Patient.name[0].given[0] (13:57)
System.Integer	2
`, out.String())
	require.Error(t, Report(t.Context(), &out, "name.", readResource(t, "testdata/patient.json"), time.Time{}))
}
