package tariff

import (
	"fmt"
	"time"
)

// Month is a calendar month, counted so that months compare and subtract as
// numbers. The zero Month is "not known".
type Month int

// MonthOf is the month of a day in the place of its time.
func MonthOf(day time.Time) Month { return NewMonth(day.Year(), day.Month()) }

// NewMonth is a month of a year.
func NewMonth(year int, month time.Month) Month { return Month(year*12 + int(month) - 1) }

// ParseMonth reads "2026-11".
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return 0, fmt.Errorf("tariff: %q is no month: write year and month as 2026-11", s)
	}
	return MonthOf(t), nil
}

// Year is the month's year.
func (m Month) Year() int { return int(m) / 12 }

// Month is the month within its year.
func (m Month) Month() time.Month { return time.Month(int(m)%12 + 1) }

// First is the month's first day.
func (m Month) First() time.Time { return time.Date(m.Year(), m.Month(), 1, 0, 0, 0, 0, time.UTC) }

// String is the month as "2026-11".
func (m Month) String() string {
	if m == 0 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d", m.Year(), int(m.Month()))
}
