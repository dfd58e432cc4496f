// Package emergency lets people whose role shows them parts of resources open the
// record of one patient in an emergency: with a code and a reason, for minutes, told to
// those who review it. What is opened is a Task, so that the log has it; while it lasts,
// the redaction of their role leaves out the resources of that patient.
package emergency

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed emergency.tsv
var builtin []byte

// Builtin is the table that the program carries.
func Builtin() (*Table, error) { return Parse("emergency.tsv", builtin) }

// Table is the rules by the day from which they hold.
type Table struct{ lines []line }

type line struct {
	from        time.Time
	what, value string
}

// The kinds of lines.
const (
	kindMinutes = "minutes"
	kindReview  = "review-hours"
	kindOpen    = "open-at-most"
	kindCode    = "code"
)

// mostMinutes and mostHours bound what a table may say.
const (
	mostMinutes = 60
	mostHours   = 31 * 24
	mostOpen    = 100
)

// Parse reads a table, as the head of emergency.tsv describes it. The error names every
// line that is not valid.
func Parse(name string, text []byte) (*Table, error) {
	t := &Table{}
	var problems []error
	has := map[string]bool{}
	for i, row := range strings.Split(string(text), "\n") {
		row = strings.TrimSuffix(row, "\r")
		if row == "" || strings.HasPrefix(row, "#") {
			continue
		}
		one, err := parseLine(strings.Split(row, "\t"))
		if err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %w", name, i+1, err))
		}
		t.lines, has[one.what] = append(t.lines, one), true
	}
	for _, what := range []string{kindMinutes, kindReview, kindOpen, kindCode} {
		if !has[what] {
			problems = append(problems, fmt.Errorf("%s has no line of the kind %s", name, what))
		}
	}
	return t, errors.Join(problems...)
}

func parseLine(f []string) (one line, err error) {
	if len(f) != 4 || f[3] == "" {
		return one, fmt.Errorf("expected from, what, value and source, separated by tabs; found %q", f)
	}
	one.what, one.value = f[1], f[2]
	if one.from, err = time.Parse(time.DateOnly, f[0]); err != nil {
		return one, fmt.Errorf("%q is not a date such as 2026-01-31", f[0])
	}
	most := map[string]int{kindMinutes: mostMinutes, kindReview: mostHours, kindOpen: mostOpen}[one.what]
	if code, _, _ := strings.Cut(one.value, " "); one.what == kindCode && code != "" {
		return one, nil
	}
	if n, err := strconv.Atoi(one.value); most == 0 || err != nil || n < 1 || n > most {
		return one, fmt.Errorf("expected minutes of 1 to %d, review-hours of 1 to %d, open-at-most of 1 to %d, or a code with its display; found %q", mostMinutes, mostHours, mostOpen, f[1:3])
	}
	return one, nil
}

// number is what the newest line of a kind says that has begun; 0 where none has.
func (t *Table) number(what string, now time.Time) (n int) {
	var newest time.Time
	for _, l := range t.lines {
		if l.what == what && !l.from.After(now) && !l.from.Before(newest) {
			newest = l.from
			n, _ = strconv.Atoi(l.value) // which was read before
		}
	}
	return n
}

// Life is for how long a record is open that is opened now.
func (t *Table) Life(now time.Time) time.Duration {
	return time.Duration(t.number(kindMinutes, now)) * time.Minute
}

// Review is how long after it was opened it is to be reviewed.
func (t *Table) Review(now time.Time) time.Duration {
	return time.Duration(t.number(kindReview, now)) * time.Hour
}

// OpenAtMost is of how many patients a person has the record open at a time.
func (t *Table) OpenAtMost(now time.Time) int { return t.number(kindOpen, now) }

// codes are those that hold, in the order of the table, with what they are displayed as.
func (t *Table) codes(now time.Time) (names []string, displays map[string]string) {
	displays = map[string]string{}
	for _, l := range t.lines {
		if l.what != kindCode || l.from.After(now) {
			continue
		}
		name, display, _ := strings.Cut(l.value, " ")
		if displays[name] == "" {
			names = append(names, name)
		}
		displays[name] = display
	}
	return names, displays
}
