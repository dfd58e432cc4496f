package tariff

import (
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Deadlines are the days of a dispensing month in the submission calendar of the
// NHSBSA.
type Deadlines struct {
	Month        Month
	Submission   time.Time // the last day to submit
	EarlyAdvance time.Time // when the advance is paid
	Reconciled   time.Time // when the priced value is paid
	Mark         string    // V, V-old or B, as for a [Fee]
	Source       string
	Line         int
}

// Calendar is the submission calendar, by month. What it does not have is not known:
// the days depend on bank holidays.
type Calendar map[Month]Deadlines

// ReadCalendar reads a CSV with the columns month, deadline, early-advance,
// reconciled, mark and source. Lines that begin with # are comments.
func ReadCalendar(data []byte) (Calendar, []fhir.Issue) {
	s := readTable(data, true, "month", "deadline", "early-advance", "reconciled", "mark", "source")
	c := Calendar{}
	for r := range s.Rows() {
		d := Deadlines{Submission: s.day(r, "deadline"), EarlyAdvance: s.day(r, "early-advance"), Reconciled: s.day(r, "reconciled"),
			Mark: s.mark(r), Source: s.text(r, "source"), Line: r.Line()}
		text, at := s.Cell(r, "month")
		month, err := ParseMonth(text)
		if err != nil {
			s.Fail(at, fhir.ValueCode, "The month is malformed.", "a month such as 2026-11", strconv.Quote(text))
			continue
		}
		if d.Month = month; !d.Submission.IsZero() && !d.Submission.After(month.First()) {
			s.Fail(at, fhir.ValueCode, "The deadline is before the end of the month.", "a day after "+month.String(), d.Submission.Format(time.DateOnly))
		}
		if before, twice := c[month]; twice {
			s.Fail(at, fhir.Duplicate, month.String()+" is listed twice.", "one row for each month", "line "+strconv.Itoa(before.Line)+" and this one")
		}
		c[month] = d
	}
	if fhir.HasErrors(s.Issues) {
		return nil, s.Issues
	}
	return c, s.Issues
}
