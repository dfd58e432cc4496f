package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/pestle-fhir/pestle/internal/cli"
	"github.com/pestle-fhir/pestle/server/auth"
)

type configCommand struct {
	Check configCheck `cmd:"" help:"Check the configuration of serve without opening the database, and print where each setting comes from."`
}

// configCheck has the flags of serve.
type configCheck struct {
	serveCommand `embed:""`

	JSON bool `json:"-" name:"json" help:"Print all settings as one JSON object."`
	All  bool `help:"Print also the settings that have their default."`
}

// Help is shown by --help.
func (configCheck) Help() string {
	return `All that serve reads is read: keys, tables, law, definitions, certificates, secrets. Nothing is written, and no address is listened on. Secrets are not printed.

Exit code 2: a setting is unknown or has no valid value. Exit code 1: the settings do not go together, or a file of them is not valid.

Example: pestle config check --config /etc/pestle/pestle.yaml`
}

// Run prints the settings, and all that is wrong with them.
func (c *configCheck) Run(std streams) error {
	if err := c.verify(); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.out).Encode(struct {
			Settings []cli.Setting `json:"settings"`
		}{c.settings})
	}
	out := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	for _, s := range c.settings {
		if s.Source != "default" || c.All {
			fmt.Fprintf(out, "%s\t%s\t%s\n", s.Name, s.Value, s.Source)
		}
	}
	fmt.Fprintln(out, "the configuration is valid")
	return out.Flush()
}

// verify reads all that serve reads before it opens the database.
func (c *serveCommand) verify() error {
	if err := c.complete(); err != nil {
		return err
	}
	_, defined := c.profileOptions.within(c.Data).library()
	_, rolesErr := readRoles(c.Roles)
	_, delegatesErr := readDelegates(c.Delegates)
	_, strengthErr := c.strengths()
	errs := []error{defined, c.found(), rolesErr, delegatesErr, strengthErr, c.grants()}
	if c.Keys != "" {
		_, err := c.keys()
		errs = append(errs, err)
	}
	if _, _, err := c.tls(c.logger(streams{err: os.Stderr})); err != nil {
		errs = append(errs, err)
	}
	if roles, err := readRoles(c.Roles); err == nil {
		_, err := c.OpenID.provider(roles.Known)
		errs = append(errs, err)
	}
	_, err := c.key()
	return errors.Join(append(errs, err)...)
}

// keys are those of --keys.
func (c *serveCommand) keys() ([]auth.Key, error) {
	jwks, err := os.ReadFile(c.Keys)
	if err != nil {
		return nil, fmt.Errorf("--keys: %w", err)
	}
	keys, err := auth.ParseKeys(jwks)
	if err != nil {
		return nil, fmt.Errorf("--keys %s: %w", c.Keys, err)
	}
	return keys, nil
}
