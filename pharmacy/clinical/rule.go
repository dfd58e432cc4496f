package clinical

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

//go:embed clinical.tsv
var rulesTSV string

// Rule is a row of clinical.tsv.
type Rule struct {
	ID       string
	From, To time.Time // To is zero for one that holds still
	Kind     string    // which check it is
	Subject  string    // a substance or a class; "*" for every medicine
	Code     string    // of the DetectedIssue: v3-ActCode
	Severity string    // high, moderate, low: of the DetectedIssue
	Text     string
	Source   string

	stops      string // yes, no, or the schedules of which it stops an order
	parameters map[string]string
}

// Table is the rules, by kind.
type Table map[string][]Rule

// BuiltIn are the rules of clinical.tsv.
var BuiltIn = must(ReadTable(rulesTSV))

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// ReadTable reads rules as clinical.tsv has them.
func ReadTable(tsv string) (Table, error) {
	t, ids := Table{}, map[string]bool{}
	for n, cells := range rows(tsv) {
		r, err := readRule(cells)
		if err == nil && ids[r.ID] {
			err = fmt.Errorf("a second rule %s", r.ID)
		}
		if err != nil {
			return nil, fmt.Errorf("clinical: line %d of the rules: %w", n, err)
		}
		ids[r.ID], t[r.Kind] = true, append(t[r.Kind], r)
	}
	return t, nil
}

func readRule(cells []string) (r Rule, err error) {
	if len(cells) != 11 {
		return r, fmt.Errorf("%d columns, not 11", len(cells))
	}
	r = Rule{ID: cells[0], Kind: cells[3], Subject: cells[4], Code: cells[6], Severity: cells[7], stops: cells[8], Text: cells[9], Source: cells[10], parameters: map[string]string{}}
	if r.From, err = time.Parse(time.DateOnly, cells[1]); err != nil {
		return r, err
	}
	if cells[2] != "" {
		if r.To, err = time.Parse(time.DateOnly, cells[2]); err != nil {
			return r, err
		}
	}
	for _, p := range strings.Split(cells[5], ";") {
		if name, value, ok := strings.Cut(p, "="); ok {
			r.parameters[name] = value
		} else if p != "" {
			return r, fmt.Errorf("%q is not name=value", p)
		}
	}
	switch {
	case kinds[r.Kind] == nil:
		return r, fmt.Errorf("%q is not a kind of check", r.Kind)
	case r.Severity != high && r.Severity != "moderate" && r.Severity != "low":
		return r, fmt.Errorf("%q is not a severity: high, moderate or low", r.Severity)
	case nhs.Display(nhs.CSActCode, r.Code) == "":
		return r, fmt.Errorf("%q is not a code of %s that codes.tsv has", r.Code, nhs.CSActCode)
	case !stopping.MatchString(r.stops):
		return r, fmt.Errorf("%q does not say whether it stops a supply: yes, no, or schedules", r.stops)
	case r.Source == "" || r.Text == "":
		return r, fmt.Errorf("%s has no source or no text", r.ID)
	}
	return r, nil
}

const high = "high"

var stopping = regexp.MustCompile(`^(yes|no|CD[1-5](,CD[1-5])*)$`)

// Stops reports whether an order of a schedule is held for what the rule finds.
func (r *Rule) Stops(schedule string) bool {
	return r.stops == "yes" || len(schedule) >= 3 && strings.Contains(r.stops, schedule[:3])
}

// Stopping are the rules that may stop the supply of an order.
func (t Table) Stopping(o *Order) Table {
	out := Table{}
	for kind, rules := range t {
		for _, r := range rules {
			if r.Stops(o.Schedule) && r.concerns(o) {
				out[kind] = append(out[kind], r)
			}
		}
	}
	return out
}

// concerns reports whether a rule may find something of an order: it is about its
// schedule, and about its medicine or what meets its medicine.
func (r *Rule) concerns(o *Order) bool {
	if r.parameters["schedules"] != "" && !r.lists("schedules", o.Schedule) {
		return false
	}
	return r.is(o.Medicine) || r.Kind == "interaction" && (&Rule{Subject: r.parameters["with"]}).is(o.Medicine)
}

// holds reports whether a rule holds on a day.
func (r *Rule) holds(on time.Time) bool {
	return !on.Before(r.From) && (r.To.IsZero() || on.Before(r.To))
}

// is reports whether a rule is about a medicine.
func (r *Rule) is(m Medicine) bool {
	return r.Subject == "*" || m.Substance == r.Subject || m.in(r.Subject)
}

// days is the parameter of that name, which is a number of days.
func (r *Rule) days(name string) int { n, _ := strconv.Atoi(r.parameters[name]); return n }

// between reports whether a number is within a parameter "6-17", either end of
// which may be left out; true for no parameter.
func (r *Rule) between(name string, n float64) bool {
	value := r.parameters[name]
	low, end, ok := strings.Cut(value, "-")
	if !ok {
		return value == "" || low == strconv.FormatFloat(n, 'f', -1, 64)
	}
	from, err := strconv.ParseFloat(low, 64)
	if err == nil && n < from {
		return false
	}
	to, err := strconv.ParseFloat(end, 64)
	return err != nil || n <= to
}

// lists reports whether a parameter "a,b" lists a value.
func (r *Rule) lists(name, value string) bool {
	for _, v := range strings.Split(r.parameters[name], ",") {
		if v == value {
			return true
		}
	}
	return false
}

// rows reads a table, with the number of each line.
func rows(tsv string) func(yield func(int, []string) bool) {
	return func(yield func(int, []string) bool) {
		n := 0
		for line := range strings.Lines(tsv) {
			n++
			if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
				continue
			}
			if !yield(n, strings.Split(strings.TrimRight(line, "\r\n"), "\t")) {
				return
			}
		}
	}
}
