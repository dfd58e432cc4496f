package prescription

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// arrived is when the prescriptions of these tests arrived.
var arrived = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

func day(s string) nhs.Date { return nhs.ReadDate(s) }

func TestExpiry(t *testing.T) {
	for _, c := range []struct{ schedule, from, last, rule string }{
		{"CD2", "2026-11-02", "2026-11-30", "MDR-16"},
		{"CD3", "2024-02-10", "2024-03-09", "MDR-16"}, // over a leap day
		{"CD4-1", "2026-01-01", "2026-01-29", "MDR-16"},
		{"CD2", "2006-07-06", "2006-10-05", "MDR-16"}, // 13 weeks until SI 2006/1450
		{"CD2", "2006-07-07", "2006-08-04", "MDR-16"},
		{"CD4", "2006-07-06", "2007-01-06", "HMR-217"}, // Schedule 4 had no limit of its own
		{"", "2026-05-30", "2026-11-30", "HMR-217"},
		{"CD5", "2026-08-31", "2027-02-28", "HMR-217"}, // rolls down
		{"", "2023-08-31", "2024-02-29", "HMR-217"},
		{"", "2026-12-31", "2027-06-30", "HMR-217"},
	} {
		last, rule := BuiltInLaw.expiry(c.schedule, day(c.from))
		require.Equal(t, c.last, last.String(), "%+v", c)
		require.Equal(t, c.rule, rule, "%+v", c)
	}
	end, rule := BuiltInLaw.regimeEnd(day("2026-02-28"))
	require.Equal(t, "2027-02-28", end.String())
	require.Equal(t, "ERD-12", rule)
}

func TestLawIsData(t *testing.T) {
	const text = `{"validity":[{"from":"2000-01-01","schedules":["CD2"],"days":7,"rule":"X"}],"repeatRegime":[{"from":"2000-01-01","months":1,"rule":"Y"}],"controlled":[{"from":"2000-01-01","schedules":["CD2"],"rule":"Z"}],"collection":[{"from":"2000-01-01","schedules":["CD2"],"rule":"V"}],"prescriptionOnly":[{"from":"2000-01-01","schedules":["CD2"]}],"unprescribed":[{"from":"2000-01-01","kind":"emergency-supply","schedules":["CD4"],"rule":"U"}],"differences":[{"from":"2000-01-01","code":"declined","less":100,"rule":"W"}]}`
	law, err := ReadLaw([]byte(text))
	require.NoError(t, err)
	last, _ := law.expiry("CD2", day("2026-01-01"))
	require.Equal(t, "2026-01-08", last.String())
	last, _ = law.expiry("", day("2026-01-01"))
	require.True(t, last.IsZero())
	for _, slip := range [][2]string{{"2000-01-01", "soon"}, {`"days"`, `"day"`}, {`"days":7`, `"days":0`}, {`"days":7`, `"days":7,"months":1`}, {`,"rule":"X"`, ``}, {`{"from":"2000-01-01","schedules":["CD2"],"rule":"Z"}`, ``}, {`["CD2"],"rule":"Z"`, `[],"rule":"Z"`},
		{`"less":100`, `"less":101`}, {`,"rule":"W"`, ``}} {
		_, err = ReadLaw([]byte(strings.Replace(text, slip[0], slip[1], 1)))
		require.Error(t, err, slip)
	}
}

func TestDaysAreThoseOfLondon(t *testing.T) {
	require.Equal(t, "2026-07-02", nhs.DateOf(time.Date(2026, 7, 1, 23, 30, 0, 0, time.UTC)).String())
	require.Equal(t, "2026-12-01", nhs.DateOf(time.Date(2026, 12, 1, 23, 30, 0, 0, time.UTC)).String())
	require.Equal(t, "2026-07-02", day("2026-07-01T23:30:00Z").String())
	require.True(t, day("2026-07").IsZero())
	require.Empty(t, nhs.Date{}.String())
}

func TestAppropriateDate(t *testing.T) {
	p := &Prescription{Signed: day("2021-05-07"), Start: day("2021-05-10"), Received: arrived}
	require.Equal(t, "2021-05-10", p.Appropriate(false).String())
	require.Equal(t, "2026-11-24", p.Appropriate(true).String())
	require.Equal(t, "2026-11-24", (&Prescription{Received: arrived}).Appropriate(false).String())
}
