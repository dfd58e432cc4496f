package register

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

//go:embed rules.tsv
var rulesTSV string

// Rule is a row of rules.tsv: what holds from a day on.
type Rule struct {
	From                      nhs.Date
	Name, Value, Mark, Source string
}

// Rules are the rules of the register, oldest first.
var Rules = readRules(rulesTSV)

// The names of rules.
const (
	ruleSchedules = "schedules"
	ruleChoice    = "schedules-by-choice"
	ruleAbsence   = "absence-minutes-a-day"
	ruleInAbsence = "supply-in-absence"
	ruleDue       = "entered-within-days"
)

func readRules(tsv string) (all []Rule) {
	for line := range strings.Lines(tsv) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		c := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(c) != 5 || nhs.ReadDate(c[0]).IsZero() {
			panic("register: rules.tsv: " + line)
		}
		all = append(all, Rule{nhs.ReadDate(c[0]), c[1], c[2], c[3], c[4]})
	}
	return all
}

// ruleOn is the value of a rule on a day, "" before it held.
func ruleOn(name string, on nhs.Date) (value string) {
	for _, r := range Rules {
		if r.Name == name && !on.Before(r.From) {
			value = r.Value
		}
	}
	return value
}

// kept reports whether a register is kept on a day for a schedule: by law (MDR-19),
// or because the pharmacy wants it (also).
func kept(schedule string, on nhs.Date, also []string) bool {
	return schedule != "" && (slices.Contains(strings.Fields(ruleOn(ruleSchedules, on)), schedule) || slices.Contains(also, schedule))
}

// MayBeKept refuses schedules for which a pharmacy does not choose to keep a register.
func MayBeKept(schedules []string) error {
	known := strings.Fields(ruleOn(ruleChoice, Rules[len(Rules)-1].From))
	for _, s := range schedules {
		if !slices.Contains(known, s) {
			return fmt.Errorf("expected schedules among %s, found %q", strings.Join(known, ", "), s)
		}
	}
	return nil
}

// lateBy is by how many days an entry was made after the last day for it (MDR-20); 0
// for one that was in time.
func lateBy(of, entered nhs.Date) int {
	due, err := strconv.Atoi(ruleOn(ruleDue, of))
	if err != nil || of.IsZero() {
		return 0
	}
	return max(0, int(entered.Sub(of.Time).Hours()/24)-due)
}
