package nhs

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestDaysAreLondons has days that differ from those of UTC and of the sender.
func TestDaysAreLondons(t *testing.T) {
	for text, want := range map[string]string{
		"2026-06-30T23:30:00Z":      "2026-07-01", // summer time
		"2026-12-31T23:30:00Z":      "2026-12-31",
		"2026-07-01T00:30:00+01:00": "2026-07-01",
		"2026-01-01T00:30:00+05:00": "2025-12-31",
		"2026-03-29T01:00:00Z":      "2026-03-29", // the clocks go forward
		"2026-10-25T00:30:00Z":      "2026-10-25", // and back
		"2026-11":                   "",
		"2026-02-30":                "",
		"":                          "",
	} {
		require.Equal(t, want, ReadDate(text).String(), text)
	}
	require.True(t, DateOf(time.Time{}).IsZero())
	require.Equal(t, "2026-11-02", Later(ReadDate("2026-11-02"), ReadDate("2026-11-01")).String())
	require.Equal(t, "Europe/London", london.String())
}

// TestCodesAreSound reads the whole table: three columns, each code once.
func TestCodesAreSound(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(codesTSV) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
		require.Len(t, cells, 3, line)
		require.False(t, seen[cells[0]+"|"+cells[1]], "%s is there twice", line)
		seen[cells[0]+"|"+cells[1]] = true
		require.Equal(t, strings.TrimSpace(cells[2]), cells[2], line)
		require.NotEmpty(t, cells[2], line)
	}
	require.Equal(t, "Dispensed", Display(CSBusinessStatus, "0006"))
	require.Empty(t, Display(CSBusinessStatus, "9999"))
	require.Empty(t, Display("", ""))
}

func TestElements(t *testing.T) {
	r, err := fhir.Parse([]byte(`{"resourceType":"Task","identifier":[{"system":"a","value":"1"},{"system":"b","value":"2"},{"system":"b","value":"3"}],
 "extension":[{"url":"x","valueCode":"c"}],"code":{"coding":[{"system":"s","code":"p"},{"system":"s","code":"q"}]},"contained":[{"resourceType":"Patient","id":"p"}],
 "owner":{"reference":"#p"},"for":{"reference":"#"},"requester":{"reference":"Patient/p"}}`))
	require.NoError(t, err)
	require.Equal(t, "2", Identifier(r.Root(), "b").Text())
	require.False(t, Identifier(r.Root(), "c").Exists())
	require.Equal(t, "c", Extension(r.Root(), "x").Get("valueCode").Text())
	require.Equal(t, "p", Coded(r.Get("code"), "s"))
	require.Len(t, Codings(r.Get("code"), "s"), 2)
	require.Empty(t, Coded(r.Get("status"), "s"))
	require.Equal(t, "Patient", Contained(r.Root(), r.Get("owner")).Get("resourceType").Text())
	require.False(t, Contained(r.Root(), r.Get("for")).Exists())
	require.False(t, Contained(r.Root(), r.Get("requester")).Exists())
	require.Equal(t, `a%3Ab=s%7Cv%5C%7C1%5C%2C2%5C%245%5C%5C`, Query("a:b", "s", `v|1,2$5\`))
	require.True(t, IdentifierValue("s", "").IsZero())
	require.Equal(t, "2026-07-01T11:00:00+00:00", Stamp(time.Date(2026, 7, 1, 12, 0, 0, 0, london)))
}
