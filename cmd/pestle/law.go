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
	out := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	found := c.limits(out, law, on)
	found += c.rules(out)
	if found == 0 {
		return fmt.Errorf("there is no rule %q", c.Rule)
	}
	return out.Flush()
}

// limits prints the dated limits.
func (c *lawShow) limits(out io.Writer, law prescription.Law, on nhs.Date) (found int) {
	for _, row := range law.Rows() {
		if c.Rule != "" && row.Rule != c.Rule || !on.IsZero() && on.Before(row.From) {
			continue
		}
		if found++; found == 1 {
			fmt.Fprintln(out, "Limits of law, each from its day until a later row of the same:")
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", row.Rule, row.From, row.For)
		fmt.Fprintf(out, "\t\t%s\n\t\t%s\n", row.Says, row.Source)
	}
	return found
}

// rules prints the table of rules, the law first.
func (c *lawShow) rules(out io.Writer) (found int) {
	titles := map[rules.Kind]string{
		rules.Law:     "Rules of law:",
		rules.Service: "Rules of the Electronic Prescription Service:",
		rules.Policy:  "Rules of this pharmacy:",
	}
	for _, kind := range []rules.Kind{rules.Law, rules.Service, rules.Policy} {
		first := true
		for _, row := range rules.Table() {
			if row.Kind != kind || c.Rule != "" && row.ID != c.Rule {
				continue
			}
			if first {
				fmt.Fprintf(out, "\n%s\n", titles[kind])
			}
			first = false
			found++
			fmt.Fprintf(out, "%s\t%s\n\tasked by %s; from %s\n", row.ID, row.Asks, strings.Join(row.Doors, ", "), row.Source)
		}
	}
	return found
}
