package reimbursement

import (
	"time"
	_ "time/tzdata" // months are those of the United Kingdom, whatever the machine knows
)

var london = func() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err) // the zone is linked in
	}
	return l
}()

// dayOf is the calendar day in the United Kingdom of a FHIR date or dateTime,
// as midnight UTC; the zero time where there is no whole day.
func dayOf(text string) time.Time {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return midnight(t)
}

// midnight is the calendar day in the United Kingdom of an instant.
func midnight(t time.Time) time.Time {
	y, m, day := t.In(london).Date()
	return time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
}
