package clinical

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed clinical.tsv
var rulesTSV string

// Rule is a row of clinical.tsv.
type Rule struct {
	ID       string
	From, To time.Time // To is zero for one that holds still
	Kind     string    // which check it is
	Subject  string    // a substance or a class; "*" for every medicine
	Severity string    // high, moderate, low: of the DetectedIssue
	// Overridable says that a pharmacist may supply in spite of it.
	Overridable bool
	Text        string
	Source      string

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
	if len(cells) != 10 {
		return r, fmt.Errorf("%d columns, not 10", len(cells))
	}
	r = Rule{ID: cells[0], Kind: cells[3], Subject: cells[4], Severity: cells[6], Overridable: cells[7] == "yes", Text: cells[8], Source: cells[9], parameters: map[string]string{}}
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
	case r.Source == "" || r.Text == "":
		return r, fmt.Errorf("%s has no source or no text", r.ID)
	}
	return r, nil
}

const high = "high"

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
