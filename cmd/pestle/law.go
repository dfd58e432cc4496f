package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/rules"
)

// lawCommand is about the law that prescriptions are decided by.
type lawCommand struct {
	Show lawShow `cmd:"" help:"Print the dated limits of law, and every rule of the business: where it is asked and where it comes from."`
}

// lawShow prints the law.
type lawShow struct {
	File []byte `arg:"" optional:"" placeholder:"FILE" help:"A file as serve --law takes it, to print in the place of the built-in law."`
	On   string `placeholder:"DAY" help:"Only limits that were made by this day: 2026-11-28."`
	Rule string `placeholder:"ID" help:"Only one rule: MDR-16."`

	inJSON `embed:""`
}

// lawShown is the law as JSON.
type lawShown struct {
	Limits []limitShown `json:"limits"`
	Rules  []ruleShown  `json:"rules"`
}

// limitShown is a dated limit of law.
type limitShown struct {
	Rule   string `json:"rule"`
	From   string `json:"from"` // a day
	For    string `json:"for"`
	Says   string `json:"says"`
	Source string `json:"source"`
}

// ruleShown is a row of the table of rules.
type ruleShown struct {
	ID     string     `json:"id"`
	Kind   rules.Kind `json:"kind"`
	Asks   string     `json:"asks"`
	Doors  []string   `json:"doors"`
	Source string     `json:"source"`
}

// Run prints the limits and then the rules.
func (c *lawShow) Run(std streams) error {
	law := prescription.BuiltInLaw
	if c.File != nil {
		var err error
		if law, err = prescription.ReadLaw(c.File); err != nil {
			return fmt.Errorf("the law is not valid: %w", err)
		}
	}
	on := nhs.ReadDate(c.On)
	if c.On != "" && on.IsZero() {
		return fmt.Errorf("--on: expected a day such as 2026-11-28, found %q", c.On)
	}
	found := c.shown(law, on)
	if len(found.Limits)+len(found.Rules) == 0 {
		return fmt.Errorf("there is no rule %q", c.Rule)
	}
	if c.JSON {
		return printJSON(std, found)
	}
	out := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	found.print(out)
	return out.Flush()
}

// shown is what is asked for: the dated limits, and the table of rules, the law first.
func (c *lawShow) shown(law prescription.Law, on nhs.Date) (found lawShown) {
	for _, row := range law.Rows() {
		if c.Rule != "" && row.Rule != c.Rule || !on.IsZero() && on.Before(row.From) {
			continue
		}
		found.Limits = append(found.Limits, limitShown{row.Rule, row.From.String(), row.For, row.Says, row.Source})
	}
	for _, kind := range []rules.Kind{rules.Law, rules.Service, rules.Policy} {
		for _, row := range rules.Table() {
			if row.Kind == kind && (c.Rule == "" || row.ID == c.Rule) {
				found.Rules = append(found.Rules, ruleShown{row.ID, row.Kind, row.Asks, row.Doors, row.Source})
			}
		}
	}
	return found
}

func (l lawShown) print(out io.Writer) {
	for i, row := range l.Limits {
		if i == 0 {
			fmt.Fprintln(out, "Limits of law, each from its day until a later row of the same:")
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", row.Rule, row.From, row.For)
		fmt.Fprintf(out, "\t\t%s\n\t\t%s\n", row.Says, row.Source)
	}
	titles := map[rules.Kind]string{
		rules.Law:     "Rules of law:",
		rules.Service: "Rules of the Electronic Prescription Service:",
		rules.Policy:  "Rules of this pharmacy:",
	}
	for i, row := range l.Rules {
		if i == 0 || l.Rules[i-1].Kind != row.Kind {
			fmt.Fprintf(out, "\n%s\n", titles[row.Kind])
		}
		fmt.Fprintf(out, "%s\t%s\n\tasked by %s; from %s\n", row.ID, row.Asks, strings.Join(row.Doors, ", "), row.Source)
	}
}
