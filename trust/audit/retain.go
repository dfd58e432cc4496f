package audit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

//go:embed retention.tsv
var retentionTable string

// Retention is how long events are kept, by the class of what they tell of.
type Retention struct{ rules []rule }

// rule keeps events of some resource types, recorded from a day on, for some years.
type rule struct {
	class string
	types []string // nil for those that no other rule names
	from  time.Time
	years int
}

// BuiltinRetention is the table that the program carries.
func BuiltinRetention() (Retention, error) { return ParseRetention(retentionTable) }

// shortest is the least that is taken, in years: records of controlled drugs are
// kept for 7 years.
const shortest = 7

// ParseRetention reads a table: lines of class, types separated by blanks or *,
// the day from which the line holds, years, and the source, with tabs between.
func ParseRetention(text string) (r Retention, err error) {
	n, rest := 0, false
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 5 {
			return r, fmt.Errorf("line %d: expected class, types, from, years and source with tabs between, found %d fields", n, len(f))
		}
		one := rule{class: f[0]}
		if f[1] != "*" {
			one.types = strings.Fields(f[1])
		}
		if one.from, err = time.Parse(time.DateOnly, f[2]); err != nil {
			return r, fmt.Errorf("line %d: %q is not a date such as 2026-01-31", n, f[2])
		}
		if one.years, err = strconv.Atoi(f[3]); err != nil || one.years < shortest {
			return r, fmt.Errorf("line %d: expected at least %d years, found %q", n, shortest, f[3])
		}
		rest = rest || one.types == nil
		r.rules = append(r.rules, one)
	}
	if !rest {
		return r, errors.New("no line for the types *, which no other line names")
	}
	return r, nil
}

// Until is the time until which an event is kept.
func (r Retention) Until(e *Event) time.Time {
	years := r.years("", e.Time)
	for i := range e.Shown {
		years = max(years, r.years(e.Shown[i].Type, e.Time))
	}
	return e.Time.AddDate(years, 0, 0)
}

// years is how long what was recorded of a type at a time is kept: by the newest
// rule of the type that held then, else by that of all others.
func (r Retention) years(typ string, at time.Time) int {
	best, named := rule{years: shortest}, false
	for _, one := range r.rules {
		names := slices.Contains(one.types, typ)
		if one.from.After(at) || !names && one.types != nil || named && !names {
			continue
		}
		if names && !named || !one.from.Before(best.from) {
			best, named = one, names
		}
	}
	return best.years
}

// Retain deletes the oldest segments of which no event must be kept any longer,
// and records that before it does. The newest segment stays.
func (l *Log) Retain(ctx context.Context, r Retention, now time.Time) (deleted int, err error) {
	for {
		s, next := l.oldest()
		if s == nil {
			return deleted, nil
		}
		over, err := l.over(s, r, now)
		if err != nil || !over {
			return deleted, err
		}
		// A verification knows by these words that the events are not missing.
		if err := l.Record(ctx, &fhir.Access{Time: now, Interaction: retained, Status: 200, Address: "local", By: fhir.Principal{Client: "pestle"},
			Target: fmt.Sprintf("events %d to %d, kept as long as they must be", s.first, next-1)}); err != nil {
			return deleted, err
		}
		if err := l.tree.settle(); err != nil { // the hashes are what is left
			return deleted, err
		}
		if err := l.begin(next); err != nil {
			return deleted, err
		}
		deleted++
		if err := l.drop(); err != nil { // the next opening removes it
			return deleted, err
		}
	}
}

// oldest is the oldest segment and the number that the next one begins with; nil
// where there is no other.
func (l *Log) oldest() (s *segment, next uint64) {
	l.segmentsMu.RLock()
	defer l.segmentsMu.RUnlock()
	if len(l.segments) < 2 {
		return nil, 0
	}
	return l.segments[0], l.segments[1].first
}

// over reports whether no event of a segment must be kept. The newest events are
// looked at first: usually the first of them is the answer.
func (l *Log) over(s *segment, r Retention, now time.Time) (over bool, err error) {
	over = true
	err = l.Find(context.Background(), Query{Newest: true, Head: s.first + uint64(s.length()) - 1, After: 0}, func(h *Hit) (bool, error) { //nolint:gosec // not negative
		e, err := h.Event()
		if err != nil {
			return false, err
		}
		over = !r.Until(e).After(now)
		return over, nil
	})
	return over, err
}
