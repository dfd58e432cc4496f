package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/trust/policy"
	"github.com/pestle-fhir/pestle/trust/redaction"
)

// rolesCommand prints what each role may do.
type rolesCommand struct {
	File []byte `arg:"" optional:"" placeholder:"FILE" help:"A table to print in the place of the built-in one."`
}

// Run prints the table, or says what is wrong with it.
func (c *rolesCommand) Run(std streams) error {
	table, err := readRoles(c.File)
	if err != nil {
		return err
	}
	return table.Print(std.out)
}

// readRoles is the table of a file, the built-in one where there is none.
func readRoles(text []byte) (*policy.Table, error) {
	if text == nil {
		return policy.Builtin()
	}
	table, err := policy.Parse("--roles", text)
	if err != nil {
		return nil, fmt.Errorf("the table of roles is not valid:\n%w", err)
	}
	return table, nil
}

// roles is the one table that everything of a server decides by, so that it can be replaced.
func (c *serveCommand) roles() (*policy.Table, error) {
	if c.allowed != nil {
		return c.allowed, nil
	}
	table, err := readRoles(c.Roles)
	c.allowed = table
	return table, err
}

// hidden says what is hidden from callers, by their roles, and but for what is open to
// them in an emergency, in a role that may open it: who opened it may have others.
func (c *serveCommand) hidden(app *app) (func(*fhir.Principal) auth.Hidden, error) {
	roles, err := c.roles()
	if err != nil {
		return nil, err
	}
	table, err := redaction.Builtin()
	if err != nil {
		return nil, err
	}
	return func(p *fhir.Principal) auth.Hidden {
		if len(p.Roles) == 0 {
			return nil
		}
		if r := table.For(roles.Within(p.Roles...), roles.Reads); r != nil {
			if open := app.emergencies.To(*p); len(open) > 0 && roles.Of(p.Roles...).AllowOperation("Patient/$break-glass", "") {
				purposes, notices := map[string]string{}, []string{}
				for _, o := range open {
					purposes[o.Patient] = o.Purpose
					notices = append(notices, fmt.Sprintf("Patient/%s; purpose=%s; until=%s", o.Patient, o.Purpose, o.Until.UTC().Format(time.RFC3339)))
				}
				r.Open(purposes, strings.Join(notices, ", "), app.db.Own)
			}
			return r
		}
		return nil
	}, nil
}
