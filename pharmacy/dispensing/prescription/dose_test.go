package prescription

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestDefiniteDose is MDR-15: an amount is named, in figures or in words.
func TestDefiniteDose(t *testing.T) {
	on := day("2026-11-24")
	for _, text := range []string{"one as directed", "1-2 when required, at most 4 in 24 hours", "A tablet at night", "Take ONE daily", "½ a tablet daily", "5ml", "Two sachets mdu",
		"10mg every 12 hours", "Apply one patch every 72 hours", "Apply a new patch every three days", "Half a tablet at 8am", "Inject 10 milligram - 5 times a day", "fourteen drops", "take 2 3 times a day",
		"A modified release tablet at night", "Apply a new fentanyl patch every three days", "A teaspoonful at night", "One pessary", "A dose at night"} {
		assert.True(t, DefiniteDose(text, on), text)
	}
	for _, text := range []string{"", "as directed", "As directed by your doctor", "PRN", "Use as directed by the clinic for 28 days", "mdu", "Follow directions", "Take as needed for pain", "See separate sheet",
		"TTO", "According to titration schedule", "As per clinic letter dated 3/11/2026", "As per letter of 2026-11-03", "Take daily", "Take twice a day", "3 times a day", "In the morning and at 16:00", "8 am", "Apply every 72 hours"} {
		assert.False(t, DefiniteDose(text, on), text)
	}
}

// TestOpenDose tells what leaves a dose to somebody from what is of no dose.
func TestOpenDose(t *testing.T) {
	on := day("2026-11-24")
	for _, text := range []string{"then as directed", "As  directed by your doctor", "mdu", "According to titration schedule", "As per clinic letter"} {
		assert.True(t, OpenDose(text, on), text)
	}
	for _, text := range []string{"", "With food", "Swallow whole with water", "For dental treatment only", "In the morning", "Not to be taken with alcohol"} {
		assert.False(t, OpenDose(text, on), text)
	}
}
