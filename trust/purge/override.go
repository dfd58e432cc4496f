package purge

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

//go:embed overrides.tsv
var builtinOverrides string

// Overrides are the grounds on which a record may be erased that is kept still.
type Overrides struct{ grounds []ground }

type ground struct {
	name    string
	classes []string // nil for all
	from    time.Time
}

// BuiltinOverrides is the table that the program carries, for the classes of a retention.
func BuiltinOverrides(r Retention) (Overrides, error) { return ParseOverrides(builtinOverrides, r) }

// ParseOverrides reads a table, as the head of overrides.tsv describes it. The error
// names every line that is not valid.
func ParseOverrides(text string, r Retention) (o Overrides, err error) {
	var problems []error
	for n, f := range rows(text) {
		if len(f) != 4 || f[0] == "" || strings.ContainsAny(f[0], " \t") || f[1] == "" || f[3] == "" {
			problems = append(problems, fmt.Errorf("line %d: expected ground, classes, from and source, separated by tabs; found %q", n, f))
			continue
		}
		one := ground{name: f[0], classes: []string{}}
		switch f[1] {
		case "*":
			one.classes = nil
		case "-":
		default:
			one.classes = strings.Fields(f[1])
		}
		for _, class := range one.classes {
			if !slices.ContainsFunc(r.rules, func(known rule) bool { return known.class == class }) {
				problems = append(problems, fmt.Errorf("line %d: there is no class %q in the table of retention", n, class))
			}
		}
		if one.from, err = time.Parse(time.DateOnly, f[2]); err != nil {
			problems = append(problems, fmt.Errorf("line %d: %q is not a date such as 2026-01-31", n, f[2]))
		}
		o.grounds = append(o.grounds, one)
	}
	return o, errors.Join(problems...)
}

// find is the line of a ground that holds, nil where there is none.
func (o Overrides) find(name string, now time.Time) (newest *ground) {
	for i := range o.grounds {
		if g := &o.grounds[i]; g.name == name && !g.from.After(now) && (newest == nil || g.from.After(newest.from)) {
			newest = g
		}
	}
	return newest
}

// Allows reports whether a class is overridden on a ground; on "" none is.
func (o Overrides) Allows(name, class string, now time.Time) bool {
	g := o.find(name, now)
	return g != nil && (g.classes == nil || slices.Contains(g.classes, class))
}

// names are the grounds that hold and override a class; "" for any.
func (o Overrides) names(class string, now time.Time) (list []string) {
	for _, g := range o.grounds {
		held := o.find(g.name, now)
		if held == nil || slices.Contains(list, g.name) || held.classes != nil && len(held.classes) == 0 {
			continue
		}
		if class == "" || o.Allows(g.name, class, now) {
			list = append(list, g.name)
		}
	}
	return list
}

// grounded refuses a ground that does not hold.
func (c *invocation) grounded(name string) error {
	if name == "" || c.Overrides.find(name, c.call.Time) != nil {
		return nil
	}
	return fhir.E("purge", fhir.ValueCode, fhir.Issue{Rule: "retention", Expression: "override", Found: name, Message: "There is no such ground to erase what is kept still.",
		Expected: "one of " + strings.Join(c.Overrides.names("", c.call.Time), ", "), Fix: "docs/purge.md says what each of them is, and which classes it overrides."})
}

// both refuses a confirmation that does not name the ground of the proposal: each of the
// two people takes it on themselves.
func (c *invocation) both(p *proposal, name string) error {
	said := p.input(inputOverride)
	if said == name {
		return nil
	}
	return fhir.E("purge", fhir.BusinessRule, fhir.Issue{Rule: "retention", Expression: "override", Found: fhir.OrNothing(name), Expected: fhir.OrNothing(said),
		Message: "Whoever confirms names the ground of the proposal on which the record is erased before the time to keep it is over, or none where it has none.",
		Fix:     "Read the proposal, and confirm it with its override if you agree."})
}

// overridden is what the Task of a proposal and the records of the purge say of it.
func overridden(name string, kept []Kept) string {
	if name == "" {
		return ""
	}
	text := " before the time to keep it is over, on the ground " + name
	for i, k := range kept {
		if i == 0 {
			text += ": "
		} else {
			text += ", "
		}
		text += k.Class + " until " + k.Until.UTC().Format(time.DateOnly)
	}
	return text
}
