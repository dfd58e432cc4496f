package prescription

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestPolicies refuses tables that do not say what they mean.
func TestPolicies(t *testing.T) {
	row := func(cells ...string) []byte { return []byte("# a comment\n\n" + strings.Join(cells, "\t") + "\r\n") }
	for want, tsv := range map[string][]byte{
		"line 3 has 2 cells":      row("2026-01-01", "approve"),
		`"today" is not a day`:    row("today", "approve", "CD2", "all", "all", "us"),
		`"pray" is not a step`:    row("2026-01-01", "pray", "CD2", "all", "all", "us"),
		"expected schedules":      row("2026-01-01", "approve", "", "all", "all", "us"),
		"and a source":            row("2026-01-01", "approve", "CD2", "all", "all", ""),
		`"some" is not all`:       row("2026-01-01", "approve", "CD2", "some", "all", "us"),
		`"robots" is not persons`: row("2026-01-01", "approve", "CD2", "all", "robots", "us"),
		`"CD9" is not a schedule`: row("2026-01-01", "approve", "CD9", "all", "all", "us"),
	} {
		_, err := ReadPolicy(tsv)
		require.ErrorContains(t, err, want)
	}
	p, err := ReadPolicy(row("2026-11-01", "approve", "CD2 -", "private", "persons", "us"))
	require.NoError(t, err)
	person := fhir.Principal{Roles: []string{"pharmacist"}}
	for _, c := range []struct {
		schedule string
		private  bool
		who      fhir.Principal
		on       string
		want     bool
	}{
		{"CD2", true, person, "2026-11-01", true},
		{"", true, person, "2026-11-01", true},
		{"CD2", true, person, "2026-10-31", false},
		{"CD2", false, person, "2026-11-01", false},
		{"CD3", true, person, "2026-11-01", false},
		{"CD2", true, fhir.Principal{}, "2026-11-01", false},
	} {
		require.Equal(t, c.want, p.wants(ApproveStep, &Line{Schedule: c.schedule}, c.private, c.who, day(c.on)), "%+v", c)
	}
	require.False(t, Policy{}.wants(ApproveStep, &Line{Schedule: "CD2"}, true, person, day("2026-11-01")))
}
