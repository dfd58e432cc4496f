package alerts

import (
	_ "embed"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

//go:embed alerts.tsv
var alertsTSV string

// Severity of an alert.
type Severity string

// The severities.
const (
	Warning  Severity = "warning"
	Critical Severity = "critical" // told at any hour
)

// Rule is a row of the table.
type Rule struct {
	From        nhs.Date
	ID          string
	Kind        string // search, figure or age
	Of          string
	Above       bool // an alert above the limit, else below
	Limit       float64
	Holds       time.Duration // how long it has to be so
	PerResource bool
	Severity    Severity
	First, Last int // days of the month; 0 for all
	Title, Do   string
	Link        string // "" for none
}

// Rules are all rows, in the order of the file.
type Rules []Rule

const columns = 12

// Builtin are the rules of the server.
func Builtin() (Rules, error) { return ReadRules(alertsTSV) }

// Table is the text of the built-in rules.
func Table() string { return alertsTSV }

var ruleID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// ReadRules reads a table, and says everything that is wrong with it by its lines.
func ReadRules(tsv string) (list Rules, err error) {
	var wrong []string
	n := 0
	for line := range strings.Lines(tsv) {
		n++
		if line = strings.TrimRight(line, "\r\n"); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r, problems := readRule(strings.Split(line, "\t"))
		if slices.ContainsFunc(list, func(o Rule) bool { return o.ID == r.ID && o.From == r.From }) {
			problems = append(problems, "there is a line of this rule and day before")
		}
		for _, p := range problems {
			wrong = append(wrong, fmt.Sprintf("line %d: %s", n, p))
		}
		list = append(list, r)
	}
	if len(list) == 0 {
		wrong = append(wrong, "there is no rule")
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("rules of alerts: %s", strings.Join(wrong, "; "))
	}
	return list, nil
}

func readRule(cells []string) (r Rule, wrong []string) {
	if len(cells) != columns {
		return r, []string{fmt.Sprintf("expected %d columns with tabs between, found %d", columns, len(cells))}
	}
	r = Rule{From: nhs.ReadDate(cells[0]), ID: cells[1], Kind: cells[2], Of: cells[3], PerResource: cells[6] == "resource", Severity: Severity(cells[7]), Title: cells[9], Do: cells[10], Link: cells[11]}
	bad := func(holds bool, format string, args ...any) {
		if holds {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	bad(r.From.IsZero() || len(cells[0]) != len(time.DateOnly), "%q is not a day such as 2026-01-01", cells[0])
	bad(!ruleID.MatchString(r.ID), "%q is not an id: small letters, digits and -", r.ID)
	bad(!slices.Contains([]string{"search", "figure", "age"}, r.Kind), "%q is not a kind: search, figure or age", r.Kind)
	bad(cells[6] != "rule" && cells[6] != "resource", "%q is not rule or resource", cells[6])
	bad(r.PerResource && r.Kind != "search", "only a search finds resources")
	bad(r.Severity != Warning && r.Severity != Critical, "%q is not a severity: warning or critical", cells[7])
	bad(r.Title == "" || r.Do == "", "an alert says what is wrong and what to do")
	limit, err := strconv.ParseFloat(strings.TrimLeft(cells[4], "<>"), 64)
	bad(err != nil || len(cells[4]) < 2 || cells[4][0] != '<' && cells[4][0] != '>', "%q is not a limit such as >0 or <100", cells[4])
	r.Above, r.Limit = strings.HasPrefix(cells[4], ">"), limit
	bad(r.Kind == "search" && !r.Above, "of a search it is an alert above a number")
	minutes, err := strconv.Atoi(cells[5])
	bad(err != nil || minutes < 0 || minutes > 24*60, "%q is not a number of minutes from 0 to 1440", cells[5])
	r.Holds = time.Duration(minutes) * time.Minute
	if r.First, r.Last, err = daysOf(cells[8]); err != nil {
		wrong = append(wrong, err.Error())
	}
	if r.Link == "-" {
		r.Link = ""
	}
	bad(r.Link != "" && r.Link[0] != '/' && r.Link != "{search}" || r.Link == "{search}" && r.Kind != "search", "%q is not a path of the server, {search} or -", r.Link)
	if r.Kind == "search" {
		if err := r.check(); err != nil {
			wrong = append(wrong, err.Error())
		}
	}
	return r, wrong
}

// daysOf reads days of the month: *, 5 or 1-5.
func daysOf(cell string) (first, last int, err error) {
	if cell == "*" {
		return 0, 0, nil
	}
	from, to, several := strings.Cut(cell, "-")
	if !several {
		to = from
	}
	first, err = strconv.Atoi(from)
	last, other := strconv.Atoi(to)
	if err != nil || other != nil || first < 1 || last < first || last > 31 {
		return 0, 0, fmt.Errorf("%q are not days of a month: *, 5 or 1-5", cell)
	}
	return first, last, nil
}

// check refuses a search that the server could not make.
func (r *Rule) check() error {
	typ, query, err := r.Query(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
	if err != nil {
		return err
	}
	values, err := url.ParseQuery(query)
	if err == nil {
		_, _, err = search.Parse(typ, values, search.Options{})
	}
	if err != nil {
		return fmt.Errorf("the search is refused: %w", err)
	}
	return nil
}

var ago = regexp.MustCompile(`\{now-([0-9]{1,6})m\}`)

// Query is the search of a rule at a time.
func (r *Rule) Query(now time.Time) (typ, query string, err error) {
	text := strings.ReplaceAll(r.Of, "{today}", nhs.DateOf(now).String())
	text = ago.ReplaceAllStringFunc(text, func(m string) string {
		minutes, _ := strconv.Atoi(ago.FindStringSubmatch(m)[1])
		return now.Add(-time.Duration(minutes) * time.Minute).UTC().Format(time.RFC3339)
	})
	typ, query, found := strings.Cut(text, "?")
	if !found || strings.ContainsAny(text, "{} ") {
		return "", "", fmt.Errorf("%q is not a search such as Task?status=failed, with {today} or {now-90m}", r.Of)
	}
	return typ, query, nil
}

// On reports whether a rule is asked on a day.
func (r *Rule) On(on nhs.Date) bool { return r.First == 0 || on.Day() >= r.First && on.Day() <= r.Last }

// InForce are the rules that hold on a day, one for each id.
func (list Rules) InForce(on nhs.Date) (out []Rule) {
	for _, r := range list {
		if on.Before(r.From) {
			continue
		}
		if i := slices.IndexFunc(out, func(o Rule) bool { return o.ID == r.ID }); i < 0 {
			out = append(out, r)
		} else if out[i].From.Before(r.From) {
			out[i] = r
		}
	}
	return out
}
