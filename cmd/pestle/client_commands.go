package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/pestle-fhir/pestle/server/oauth"
)

type clientKey struct {
	Out string `required:"" placeholder:"FILE" help:"File for the private key, a JSON Web Key for ES384; it must not exist."`
}

// Run writes the private key, for its owner alone, and prints the public one.
func (c *clientKey) Run(std streams) error {
	key, err := oauth.NewPrivateKey()
	if err != nil {
		return err
	}
	text, err := json.Marshal(key)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	if _, err := file.Write(append(text, '\n')); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	public, err := key.Public()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s\n", public)
	return err
}

type clientAdd struct {
	ID           string   `arg:"" placeholder:"ID" help:"The client_id."`
	Name         string   `required:"" help:"Name of the software."`
	Organisation string   `required:"" placeholder:"ODS" help:"ODS code of the organisation that it acts for."`
	Keys         string   `required:"" placeholder:"FILE|URL" help:"Its public keys: a file with a JSON Web Key Set, or the https URL where the client publishes one."`
	Scope        []string `required:"" sep:" " help:"Scopes that it may have at most, such as system/Patient.rs; several with blanks between them."`
	Role         []string `help:"Roles that it acts in (pestle roles). Without one its scopes alone limit it."`

	clientFolder `embed:""`
}

// Run registers the client.
func (c *clientAdd) Run(std streams) error {
	set, url, err := keySource(c.Keys)
	if err != nil {
		return err
	}
	list, err := c.do(clientChange{"add", oauth.Client{ID: c.ID, Name: c.Name, Organisation: c.Organisation, Roles: c.Role, Scopes: c.Scope, Keys: set, KeysURL: url}})
	if err != nil {
		return err
	}
	return printClients(std.out, list)
}

type clientList struct {
	clientFolder `embed:""`
}

// Run prints a line for each client.
func (c *clientList) Run(std streams) error {
	list, err := c.do(clientChange{Do: "list"})
	if err != nil {
		return err
	}
	return printClients(std.out, list)
}

type clientShow struct {
	ID string `arg:"" placeholder:"ID" help:"The client_id."`

	clientFolder `embed:""`
}

// Run prints the client as JSON.
func (c *clientShow) Run(std streams) error {
	list, err := c.do(clientChange{"show", oauth.Client{ID: c.ID}})
	if err != nil {
		return err
	}
	e := json.NewEncoder(std.out)
	e.SetIndent("", "  ")
	return e.Encode(list[0])
}

type clientRotate struct {
	ID   string `arg:"" placeholder:"ID" help:"The client_id."`
	Keys string `required:"" placeholder:"FILE|URL" help:"Its public keys from now on. Name old and new ones while both are in use."`

	clientFolder `embed:""`
}

// Run replaces the keys.
func (c *clientRotate) Run(std streams) error {
	set, url, err := keySource(c.Keys)
	if err != nil {
		return err
	}
	list, err := c.do(clientChange{"rotate", oauth.Client{ID: c.ID, Keys: set, KeysURL: url}})
	if err != nil {
		return err
	}
	return printClients(std.out, list)
}

type clientDisable struct {
	ID   string `arg:"" placeholder:"ID" help:"The client_id."`
	Undo bool   `help:"Let it have tokens again."`

	clientFolder `embed:""`
}

// Run disables the client, or enables it again.
func (c *clientDisable) Run(std streams) error {
	do := "disable"
	if c.Undo {
		do = "enable"
	}
	list, err := c.do(clientChange{do, oauth.Client{ID: c.ID}})
	if err != nil {
		return err
	}
	return printClients(std.out, list)
}

// trimSlash is an address without a slash at its end.
func trimSlash(text string) string { return strings.TrimRight(text, "/") }
