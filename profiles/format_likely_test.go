package profiles

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLikelyDates(t *testing.T) {
	for text, want := range map[string]string{
		"02/03/1984": "Write 1984-03-02 if the day stands first.", "2.3.1984": "", "31/02/1984": "", "1984-13-02": "",
		"1984-03-02T00:00:00Z": "Write 1984-03-02: a date has no time.", "1984-02-30T00:00:00": "",
	} {
		assert.Equal(t, want, date(text).fix, text)
	}
	for text, want := range map[string]string{
		"2026-11-24 09:30":          "Write 2026-11-24T09:30:00Z if it is UTC, and the offset such as +01:00 for Z if not.",
		"2026-11-24T09:30Z":         "Write 2026-11-24T09:30:00Z.",
		"2026-11-24 09:30:00+01:00": "Write 2026-11-24T09:30:00+01:00.",
		"2026-11-24T25:30:00":       "", "2026-02-30T10:00:00": "", "2026-11-24T09:30:00+25:00": "", "24/11/2026": "Write 2026-11-24 if the day stands first.", "now": "",
	} {
		assert.Equal(t, want, dateTime(text).fix, text)
	}
}
