package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/server/people"
)

type userAdd struct {
	ID           string   `arg:"" placeholder:"ID" help:"The name of their account: letters, digits and . _ -"`
	Name         string   `required:"" help:"Their name, as records and pages show it."`
	Organisation string   `required:"" placeholder:"ODS" help:"ODS code of the organisation that they act for."`
	Role         []string `help:"Roles that they act in (pestle roles). Without one they may do nothing."`
	SDSUserID    string   `name:"sds-user-id" placeholder:"NUMBER" help:"Their user id of the Spine Directory Service, by which records name them."`
	GPhC         string   `name:"gphc" placeholder:"NUMBER" help:"Their number of the General Pharmaceutical Council, likewise."`
	Issuer       string   `placeholder:"URL" help:"Who they are at the OpenID provider of serve --oidc-issuer: that issuer, and"`
	Subject      string   `placeholder:"SUB" help:"their sub there."`
	Practitioner string   `placeholder:"NAME" help:"Another name by which records name them: Practitioner/1, or an identifier, system|value."`

	userFolder `embed:""`
}

// Run registers the person.
func (c *userAdd) Run(std streams) error {
	p := people.Person{ID: c.ID, Name: c.Name, Organisation: c.Organisation, Roles: c.Role}
	for _, name := range []struct{ prefix, value string }{{nhs.IDUser + "|", c.SDSUserID}, {nhs.IDPharmacist + "|", c.GPhC}, {"", c.Practitioner}} {
		if name.value == "" {
			continue
		}
		if p.Practitioner != "" {
			return errors.New("expected one of --sds-user-id, --gphc and --practitioner: records name a person in one way; the Practitioner has the other identifiers")
		}
		p.Practitioner = name.prefix + name.value
	}
	if (c.Issuer == "") != (c.Subject == "") {
		return errors.New("--issuer and --subject go together: the sub of a person is theirs at that issuer")
	}
	if c.Subject != "" {
		p.Subjects = []string{people.Subject(c.Issuer, c.Subject)}
	}
	out, err := c.do(userChange{Do: "add", ID: c.ID, Person: p})
	if err != nil {
		return err
	}
	return printPeople(std.out, out)
}

type userList struct {
	inJSON     `embed:""`
	userFolder `embed:""`
}

// Run prints a line for each person.
func (c *userList) Run(std streams) error {
	out, err := c.do(userChange{Do: "list"})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(std, personLines(out))
	}
	return printPeople(std.out, out)
}

type userInvite struct {
	ID      string        `arg:"" placeholder:"ID" help:"Their account."`
	For     time.Duration `default:"24h" help:"How long the code is valid: a week, 168h, at most."`
	Replace bool          `help:"Their device is lost: the new passkey takes the place of all others, and their sessions end."`

	userFolder `embed:""`
}

// Run prints the code.
func (c *userInvite) Run(std streams) error {
	out, err := c.do(userChange{Do: "invite", ID: c.ID, Life: c.For, Replace: c.Replace})
	if err != nil {
		return err
	}
	where := out.URL
	if where == "" {
		where = "the page /invitation of the server"
	}
	_, err = fmt.Fprintf(std.out, "%s\nvalid until %s, once, at %s\n", out.Code, out.Until.Format(time.RFC3339), where)
	return err
}

type userRoles struct {
	ID   string   `arg:"" placeholder:"ID" help:"Their account."`
	Role []string `arg:"" optional:"" placeholder:"ROLE" help:"All roles that they act in from now on (pestle roles). Without one they may do nothing."`

	userFolder `embed:""`
}

// Run replaces the roles.
func (c *userRoles) Run(std streams) error {
	out, err := c.do(userChange{Do: "roles", ID: c.ID, Person: people.Person{Roles: c.Role}})
	if err != nil {
		return err
	}
	return printPeople(std.out, out)
}

type userConfirm struct {
	ID        string   `arg:"" placeholder:"ID" help:"Their account, of which they have a passkey."`
	ApartFrom []string `placeholder:"ID" sep:"none" help:"An account of the same name by the OpenID provider that is another person's; also several times."`

	userFolder `embed:""`
}

// Run confirms the account.
func (c *userConfirm) Run(std streams) error {
	out, err := c.do(userChange{Do: "confirm", ID: c.ID, Person: people.Person{Apart: c.ApartFrom}})
	if err != nil {
		return err
	}
	return printPeople(std.out, out)
}

type userJoin struct {
	ID    string `arg:"" placeholder:"ID" help:"One account."`
	Other string `arg:"" placeholder:"OTHER" help:"Another account of the same person."`

	userFolder `embed:""`
}

// Run joins the accounts.
func (c *userJoin) Run(std streams) error {
	out, err := c.do(userChange{Do: "join", ID: c.ID, Person: people.Person{Same: []string{c.Other}}})
	if err != nil {
		return err
	}
	return printPeople(std.out, out)
}

type userDisable struct {
	ID string `arg:"" placeholder:"ID" help:"Their account."`

	userFolder `embed:""`
}

// Run disables the person.
func (c *userDisable) Run(std streams) error {
	out, err := c.do(userChange{Do: "disable", ID: c.ID})
	if err != nil {
		return err
	}
	return printPeople(std.out, out)
}

type userEnable struct {
	ID string `arg:"" placeholder:"ID" help:"Their account."`

	userFolder `embed:""`
}

// Run enables the person.
func (c *userEnable) Run(std streams) error {
	out, err := c.do(userChange{Do: "enable", ID: c.ID})
	if err != nil {
		return err
	}
	return printPeople(std.out, out)
}
