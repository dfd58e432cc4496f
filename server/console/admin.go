package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/server/people"
)

// adminPage is a screen of who administers the server. None shows a patient.
type adminPage struct {
	name, text string
	doc        string
	lead       string
	show       func(v *visit, r *report) error // nil for what the command state tells
}

// adminPages are in the order of their tabs. A test opens each.
var adminPages = []adminPage{
	{name: "server", text: "Server", doc: "monitoring.md"},
	{name: "people", text: "People", doc: "signin.md", show: (*visit).peoplePage, lead: "Who may sign in. An account that one administrator makes or changes is confirmed by another."},
	{name: "clients", text: "Clients", doc: "auth.md", show: (*visit).clientsPage, lead: "Programs that get tokens. They are registered, and their keys replaced, on the server's own machine: pestle client add, pestle client rotate."},
	{name: "organisations", text: "Organisations", doc: "access.md", show: (*visit).organisationsPage},
	{name: "roles", text: "Roles", doc: "access.md", lead: "Another table is given to the server by serve --roles, and read again at SIGHUP."},
	{name: "law", text: "Law and tariff", doc: "tariff.md", lead: "What is in force, with its days. An edition is loaded by pestle tariff load, another law by serve --law."},
	{name: "definitions", text: "Definitions", doc: "profiles.md", lead: "They are added by pestle definitions add, and hold at once."},
	{name: "webhooks", text: "Webhooks", doc: "subscriptions.md", lead: "Whom the server tells what happens. What did not arrive is kept, and sent again."},
	{name: "warehouse", text: "Warehouse", doc: "warehouse.md"},
	{name: "work", text: "Work", doc: "operations.md", lead: "What follows from what is stored is done by followers, a moment later."},
}

// administers reports whether the person administers the server.
func (v *visit) administers() bool { return v.config.Commands != nil && v.acts("$server") }

func (v *visit) adminStart() (view, error) { return nil, &elsewhere{address("admin", "server")} }

func (v *visit) adminPage() (view, error) {
	name := v.r.PathValue("page")
	r := &report{Done: adminDone(name, v.r.URL.Query().Get("done"))}
	var is *adminPage
	for i := range adminPages {
		p := &adminPages[i]
		if p.name == name {
			is = p
		}
		r.Tabs = append(r.Tabs, tab{Text: p.text, Href: address("admin", p.name), Open: p.name == name})
	}
	if is == nil {
		return v.nowhere()
	}
	if !v.administers() {
		return nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "The server is administered by administrators."}
	}
	r.Heading, r.Lead, r.Doc = is.text, is.lead, is.doc
	if is.show != nil {
		return r, is.show(v, r)
	}
	var list []Section
	if err := v.command("state", url.Values{"of": {name}}, nil, &list); err != nil {
		return nil, err
	}
	for i := range list {
		l := listed{Section: list[i]}
		if name == "webhooks" {
			for _, row := range l.Rows {
				l.Acts = append(l.Acts, rowActs(name, row[0], "resend"))
			}
		}
		r.Parts = append(r.Parts, l)
	}
	return r, nil
}

// rowActs are the acts on what a row is about.
func rowActs(page, id string, ops ...string) (list []tab) {
	for _, op := range ops {
		c := adminActOf(page, op)
		list = append(list, tab{Text: c.words, Href: address("admin", page, op) + "?" + values("id", id)})
	}
	return list
}

func (v *visit) peoplePage(r *report) error {
	var answer people.Answer
	err := v.command("user", url.Values{"do": {"list"}}, struct{}{}, &answer)
	var refused *problem
	if errors.As(err, &refused) && refused.status == http.StatusUnprocessableEntity { // nobody has an account here
		l := listed{Section: Section{Title: "Accounts", Words: "This server keeps no accounts: " + refused.message}}
		if v.config.Sandbox {
			l.Words = "Nobody has an account in a sandbox: whoever opens it chooses one of its people. A server with accounts is started with serve --sign-in."
			l.Doors = []tab{{Text: "Be somebody else", Href: "/sandbox/people?back=%2Fconsole"}}
		}
		r.Parts = append(r.Parts, l)
		return nil
	}
	if err != nil {
		return err
	}
	l := listed{Section: Section{Title: "Accounts", Head: []string{"Account", "Name", "Organisation", "Roles", "In records", "Passkeys", "State"}, Empty: "Nobody may sign in yet."}, Doors: rowActs("people", "", "add")}
	for i := range answer.People {
		p := &answer.People[i]
		l.Rows = append(l.Rows, []string{p.ID, p.Name, p.Organisation, strings.Join(p.Roles, " "), p.Agent(), plural(len(p.Passkeys), "passkey"), answer.State(p)})
		ops := []string{"invite", "roles"}
		if answer.Missing[p.ID] > 0 || len(answer.Namesakes[p.ID]) > 0 {
			ops = append(ops, "confirm", "join")
		}
		if p.Disabled {
			ops = append(ops, "enable")
		} else {
			ops = append(ops, "disable")
		}
		l.Acts = append(l.Acts, rowActs("people", p.ID, ops...))
	}
	r.Parts = append(r.Parts, l)
	return nil
}

func (v *visit) clientsPage(r *report) error {
	var list []oauth.Client
	if err := v.command("client", url.Values{"do": {"list"}}, map[string]string{"do": "list"}, &list); err != nil {
		return err
	}
	l := listed{Section: Section{Title: "Clients", Head: []string{"Client", "Name", "Organisation", "Roles", "Scopes", "Proves who it is by", "Changed", "State"}, Empty: "No client is registered."}}
	for i := range list {
		c := &list[i]
		by, state, op := "its keys", "enabled", "disable"
		switch {
		case c.Public():
			by = "nothing: it is a public app"
		case c.Secret != nil:
			by = "a secret"
		case c.KeysURL != "":
			by = "keys at " + c.KeysURL
		}
		if c.Disabled {
			state, op = "disabled", "enable"
		}
		l.Rows = append(l.Rows, []string{c.ID, c.Name, c.Organisation, strings.Join(c.Roles, " "), strings.Join(c.Scopes, " "), by, c.Changed.In(v.config.Zone).Format("2 Jan 2006"), state})
		l.Acts = append(l.Acts, rowActs("clients", c.ID, op))
	}
	r.Parts = append(r.Parts, l)
	return nil
}

// organisationsPage lists the directories, as the FHIR interface has them.
func (v *visit) organisationsPage(r *report) error {
	answers, err := v.read(v.searched("Organization", "_sort", "name", "_count", "100", "_total", "accurate"), v.searched("PractitionerRole", "_count", "100", "_total", "accurate"), v.searched("Practitioner", "_sort", "family", "_count", "100", "_total", "accurate"))
	if err != nil {
		return err
	}
	for i, title := range []string{"Organisations", "Who acts for whom", "Practitioners"} {
		l := listed{Section: Section{Title: title, Head: [][]string{{"Name", "Identifier", "Active"}, {"Practitioner", "Organisation", "Roles"}, {"Name", "Identifier", "Active"}}[i], Empty: "None is recorded."}}
		for _, one := range answers[i].resources() {
			n := one.Root()
			identifier := n.Get("identifier").Item(0).Get("value").Text()
			row := []string{n.Get("name").Text(), identifier, map[bool]string{true: "no", false: "yes"}[n.Get("active").Text() == "false"]}
			switch one.Type() {
			case "PractitionerRole":
				row = []string{partyOf(n.Get("practitioner")), partyOf(n.Get("organization")), v.conceptOf(n.Get("code").Item(0))}
			case "Practitioner":
				row[0] = nameOf(n.Get("name"))
			}
			if row[0] == "" {
				row[0] = one.Type() + "/" + one.ID()
			}
			l.Rows = append(l.Rows, row)
			l.Links = append(l.Links, address("history", one.Type(), one.ID()))
		}
		if n := answers[i].total(); n > len(l.Rows) {
			l.Words = "The first " + plural(len(l.Rows), "row") + " of " + plural(n, "row") + "."
		}
		r.Parts = append(r.Parts, l)
	}
	return nil
}
