// Package purge erases the record of a patient: by two people, when no law keeps it
// any more, and so that the log says that it happened. The first proposes it, which is
// a Task; the second confirms that. What is erased is every resource that is a part of
// the patient's record in any version, with the messages that brought it. The store
// erases (store.Options.Purge), this package decides what and whether.
package purge

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/internal/sorting"
)

var (
	//go:embed retention.tsv
	builtinRetention string
	//go:embed proposals.tsv
	builtinProposals string
	//go:embed apart.tsv
	builtinApart string
)

// Retention is how long what is in a record is kept.
type Retention struct{ rules []rule }

// rule keeps resources of some types for some years.
type rule struct {
	class string
	types []string // nil for all
	from  time.Time
	since string // what the years count from
	years int
}

// What the years of a rule count from.
const (
	sinceRecord   = "record"
	sinceResource = "resource"
	sinceBirth    = "birth"
)

// BuiltinRetention is the table that the program carries.
func BuiltinRetention() (Retention, error) { return ParseRetention(builtinRetention) }

// ParseRetention reads a table, as the head of retention.tsv describes it. The error
// names every line that is not valid.
func ParseRetention(text string) (r Retention, err error) {
	all, problems := false, []error{}
	for n, f := range rows(text) {
		if len(f) != 6 || f[0] == "" || f[1] == "" || f[5] == "" {
			problems = append(problems, fmt.Errorf("line %d: expected class, types, from, what it counts from, years and source, separated by tabs; found %q", n, f))
			continue
		}
		one := rule{class: f[0], since: f[3]}
		if f[1] != "*" {
			one.types = strings.Fields(f[1])
		}
		if one.from, err = time.Parse(time.DateOnly, f[2]); err != nil {
			problems = append(problems, fmt.Errorf("line %d: %q is not a date such as 2026-01-31", n, f[2]))
		}
		if !slices.Contains([]string{sinceRecord, sinceResource, sinceBirth}, f[3]) {
			problems = append(problems, fmt.Errorf("line %d: expected record, resource or birth, found %q", n, f[3]))
		}
		if one.years, err = strconv.Atoi(f[4]); err != nil || one.years < 1 {
			problems = append(problems, fmt.Errorf("line %d: %q is not a number of years", n, f[4]))
		}
		all = all || one.types == nil && one.since == sinceRecord
		r.rules = append(r.rules, one)
	}
	if !all {
		problems = append(problems, errors.New("no line keeps all types from the newest version of the record on"))
	}
	return r, errors.Join(problems...)
}

// rows are the fields of the lines of a table by their number.
func rows(text string) func(yield func(int, []string) bool) {
	return func(yield func(int, []string) bool) {
		n := 0
		for line := range strings.Lines(text) {
			n++
			line = strings.TrimRight(line, "\r\n")
			if line != "" && line[0] != '#' && !yield(n, strings.Split(line, "\t")) {
				return
			}
		}
	}
}

// Kept is until when a resource is kept, and by which class.
type Kept struct {
	Until time.Time
	Class string
	Years int
}

// Until is until when a resource is kept that is last in its newest version at one
// time, in a record whose newest version is of another; birth is the latest day on
// which the patient may be born.
func (r Retention) Until(typ string, resource, record, birth, now time.Time) (longest Kept) {
	if all := r.Keeps(typ, resource, record, birth, now); len(all) > 0 {
		longest = all[0]
	}
	return longest
}

// Keeps is until when each class keeps a resource, the one that ends last first: see
// [Retention.Until].
func (r Retention) Keeps(typ string, resource, record, birth, now time.Time) (all []Kept) {
	for i := range r.rules {
		one := &r.rules[i]
		if one.types != nil && !slices.Contains(one.types, typ) || !r.newest(one, now) {
			continue
		}
		from := map[string]time.Time{sinceRecord: record, sinceResource: resource, sinceBirth: birth}[one.since]
		all = append(all, Kept{from.AddDate(one.years, 0, 0), one.class, one.years})
	}
	sorting.Stably(all, func(a, b Kept) int { return b.Until.Compare(a.Until) })
	return all
}

// newest reports whether a rule is the one of its class, of those for the same types,
// that holds.
func (r Retention) newest(one *rule, now time.Time) bool {
	if one.from.After(now) {
		return false
	}
	return !slices.ContainsFunc(r.rules, func(other rule) bool {
		return other.class == one.class && other.from.After(one.from) && !other.from.After(now)
	})
}

// proposalDays is for how many days a proposal that is made now can be confirmed.
func proposalDays(table string, now time.Time) (days int, err error) {
	var newest time.Time
	for n, f := range rows(table) {
		if len(f) != 3 || f[2] == "" {
			return 0, fmt.Errorf("line %d: expected from, days and source, separated by tabs; found %q", n, f)
		}
		from, err := time.Parse(time.DateOnly, f[0])
		if err != nil {
			return 0, fmt.Errorf("line %d: %q is not a date such as 2026-01-31", n, f[0])
		}
		d, err := strconv.Atoi(f[1])
		if err != nil || d < 1 {
			return 0, fmt.Errorf("line %d: %q is not a number of days", n, f[1])
		}
		if !from.After(now) && !from.Before(newest) {
			newest, days = from, d
		}
	}
	if days == 0 {
		return 0, errors.New("no line holds today")
	}
	return days, nil
}

// apart are the types that are a part of a record only where they name the patient.
var apart = func() map[string]bool {
	types := map[string]bool{}
	for _, f := range rows(builtinApart) {
		types[f[0]] = true
	}
	return types
}()
