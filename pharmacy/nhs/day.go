package nhs

import (
	"encoding/json"
	"time"
	_ "time/tzdata" // London's days, on machines that know no time zones
)

// london is the time in which the days of a pharmacy are counted. Without it
// validity and months would be counted wrongly in summer, so there is no other.
var london = func() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic("nhs: Europe/London is linked in and cannot be read: " + err.Error())
	}
	return l
}()

// London is the time in which days and times are told to people.
func London() *time.Location { return london }

// Midnight is the calendar day in London of an instant, as midnight UTC.
func Midnight(t time.Time) time.Time {
	y, m, d := t.In(london).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// NextDay is the instant at which the calendar day in London ends that an instant is
// in.
func NextDay(t time.Time) time.Time {
	y, m, d := t.In(london).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, london)
}

// Day is the calendar day in London of a FHIR date or dateTime, as midnight UTC;
// the zero time where there is no whole day.
func Day(text string) time.Time {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil && !t.IsZero() {
		return Midnight(t)
	}
	return time.Time{}
}

// Date is a day of the calendar in London, as midnight UTC.
type Date struct{ time.Time }

// DateOf is the day of an instant; the zero Date for the zero time.
func DateOf(t time.Time) Date {
	if t.IsZero() {
		return Date{}
	}
	return Date{Midnight(t)}
}

// ReadDate reads the day of a FHIR date or dateTime; the zero Date where there
// is none of day precision.
func ReadDate(text string) Date { return Date{Day(text)} }

// Later is the later of two days.
func Later(a, b Date) Date {
	if a.Before(b) {
		return b
	}
	return a
}

// Before compares days.
func (d Date) Before(other Date) bool { return d.Time.Before(other.Time) }

// String is the day as FHIR writes it, "" for none.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.DateOnly)
}

// UnmarshalText reads a day as FHIR writes it.
func (d *Date) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	d.Time = t
	return err
}

// UnmarshalJSON reads a day as FHIR writes it.
func (d *Date) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	return d.UnmarshalText([]byte(s))
}

// Stamp writes an instant as EPS does: in UTC, with an offset.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05+00:00") }

// MinuteOfDay is how many minutes of the day have passed on the clocks in London.
func MinuteOfDay(t time.Time) int {
	local := t.In(london)
	return 60*local.Hour() + local.Minute()
}
