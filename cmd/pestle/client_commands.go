package main

import (
	"encoding/json"
	"errors"
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
	if err := writeOwn(c.Out, string(text)+"\n"); err != nil {
		return fmt.Errorf("--out: %w", err)
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
	Kind         string   `enum:"backend,app" default:"backend" help:"backend: it acts for itself. app: it acts for people, who sign in and consent."`
	Organisation string   `placeholder:"ODS" help:"ODS code of the organisation that it acts for; of an app that of its people, or nothing for people of any."`
	Keys         string   `placeholder:"FILE|URL" help:"Its public keys: a file with a JSON Web Key Set, or the https URL where the client publishes one."`
	Secret       string   `placeholder:"FILE" help:"Of an app without keys that runs on a server: file for its secret, which is made; it must not exist."`
	Public       bool     `help:"An app that can keep neither keys nor a secret: one in a browser, or on people's own machines."`
	Redirect     []string `sep:"none" placeholder:"URI" help:"Of an app: the address to which the browser goes back with a code, exactly; several by repeating the flag. https, or http to 127.0.0.1 or [::1] with any port."`
	Scope        []string `required:"" sep:" " help:"Scopes that it may have at most, such as system/Patient.rs; several with blanks between them."`
	Role         []string `help:"Roles that it acts in (pestle roles). Without one its scopes alone limit it."`

	clientFolder `embed:""`
}

// Run registers the client.
func (c *clientAdd) Run(std streams) error {
	if c.Kind == "app" && c.Public != (c.Keys == "" && c.Secret == "") {
		return errors.New("an app is registered with --public, --keys or --secret")
	}
	by, err := credentials(c.Keys, c.Secret)
	if err != nil {
		return err
	}
	client := oauth.Client{ID: c.ID, Name: c.Name, Organisation: c.Organisation, Roles: c.Role, Scopes: c.Scope, Redirects: c.Redirect, Credentials: by}
	if c.Kind == "app" {
		client.Kind = oauth.App
	} else if c.Public {
		return errors.New("--public is for --kind app: a client that acts for itself has --keys")
	}
	list, err := c.do(clientChange{"add", client})
	if err != nil && c.Secret != "" {
		_ = os.Remove(c.Secret) // it is nobody's
	}
	if err != nil {
		return err
	}
	return printClients(std.out, list)
}

type clientList struct {
	inJSON       `embed:""`
	clientFolder `embed:""`
}

// Run prints a line for each client.
func (c *clientList) Run(std streams) error {
	list, err := c.do(clientChange{Do: "list"})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(std, clientLines(list))
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
	ID     string `arg:"" placeholder:"ID" help:"The client_id."`
	Keys   string `placeholder:"FILE|URL" help:"Its public keys from now on. Name old and new ones while both are in use."`
	Secret string `placeholder:"FILE" help:"File for its secret from now on, which is made; it must not exist."`

	clientFolder `embed:""`
}

// Run replaces the keys.
func (c *clientRotate) Run(std streams) error {
	by, err := credentials(c.Keys, c.Secret)
	if err == nil && by.Keys == nil && by.KeysURL == "" && by.Secret == nil {
		err = errors.New("expected --keys or --secret")
	}
	if err != nil {
		return err
	}
	list, err := c.do(clientChange{"rotate", oauth.Client{ID: c.ID, Credentials: by}})
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
