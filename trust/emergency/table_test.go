package emergency_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/trust/emergency"
)

// TestTable reads the table that the program carries, and says what is wrong with others.
func TestTable(t *testing.T) {
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	table, err := emergency.Builtin()
	require.NoError(t, err)
	require.Equal(t, 15*time.Minute, table.Life(now))
	require.Equal(t, 72*time.Hour, table.Review(now))
	require.Equal(t, 3, table.OpenAtMost(now))
	const rest = "\n2000-01-01\topen-at-most\t3\tx\n2000-01-01\tminutes\t15\tx\n2000-01-01\treview-hours\t72\tx\n2000-01-01\tcode\tBTG break the glass\tx\n"
	for text, want := range map[string]string{
		"":                                   "no line of the kind minutes",
		"soon\tminutes\t15\tx" + rest:        `t:1: "soon" is not a date`,
		"2000-01-01\tminutes\t61\tx" + rest:  "t:1: expected minutes of 1 to 60",
		"2000-01-01\tminutes\t0\tx" + rest:   "t:1: expected minutes of 1 to 60",
		"2000-01-01\treview-hours\tx\tx":     "review-hours of 1 to 744",
		"2000-01-01\tking\t15\tx" + rest:     "t:1: expected minutes",
		"2000-01-01\tcode\t\tx" + rest:       "a code with its display",
		"2000-01-01\tminutes\t15" + rest:     "expected from, what, value and source",
		"2000-01-01\tminutes\t15\t" + rest:   "expected from, what, value and source",
		"# c\n2000-01-01\tminutes\t15.5\tx":  "t:2: expected minutes",
		"2000-01-01\tminutes\t15\tx\n# only": "no line of the kind review-hours",
		"2000-01-01\treview-hours\t745\tx":   "review-hours of 1 to 744",
		"2000-01-01\topen-at-most\t0\tx":     "open-at-most of 1 to 100",
		"2000-01-01\tcode\tBTG x\tx":         "no line of the kind open-at-most",
	} {
		_, err := emergency.Parse("t", []byte(text))
		assert.ErrorContains(t, err, want, text)
	}
	table, err = emergency.Parse("t", []byte(rest+"2026-01-01\tminutes\t5\tx\n2027-01-01\tminutes\t10\tx\n"))
	require.NoError(t, err)
	require.Equal(t, 5*time.Minute, table.Life(now), "the newest line that has begun")
}
