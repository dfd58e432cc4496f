package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/server/people"
	"github.com/pestle-fhir/pestle/server/signin"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/trust/duties"
	named "github.com/pestle-fhir/pestle/trust/person"
	"github.com/pestle-fhir/pestle/trust/policy"
)

type userCommand struct {
	Add     userAdd     `cmd:"" help:"Register a person who may sign in."`
	List    userList    `cmd:"" help:"List the people who may sign in."`
	Invite  userInvite  `cmd:"" help:"Print a code by which a person registers a passkey, once."`
	Roles   userRoles   `cmd:"" help:"Replace the roles of a person; their sessions end."`
	Confirm userConfirm `cmd:"" help:"Say that an account is of the person whom it names, as another than who made it."`
	Join    userJoin    `cmd:"" help:"Say that two accounts are of one person: where two people are wanted they count as one."`
	Disable userDisable `cmd:"" help:"End a person's sessions and what apps may do for them, and let them sign in no more."`
	Enable  userEnable  `cmd:"" help:"Let a person sign in again."`
}

// userFolder is whose people a command is about.
type userFolder struct {
	Data string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database; a server may have it open."`

	RoleTable []byte `name:"role-table" env:"PESTLE_ROLES" placeholder:"FILE" help:"The table of roles that the server has, where it has another than the built-in one."`

	remote     `embed:""`
	encryption `embed:""`
}

// userChange is what a command does: it travels to the server that does it.
type userChange struct {
	Do      string        `json:"-"` // with ID in the address, which the audit log has
	ID      string        `json:"-"`
	Person  people.Person `json:"person"` // to add; of roles the Roles
	Life    time.Duration `json:"life,omitempty"`
	Replace bool          `json:"replace,omitempty"`
}

// accounts is who may sign in, and what ends with them.
type accounts struct {
	people *people.Registry
	tokens *oauth.Server
	pages  *signin.Server // nil where nobody can sign in, in a folder
	origin string         // by which browsers know the server, "" in a folder
}

// AppsOf is what a person has let apps do.
func (s *accounts) AppsOf(person string) []oauth.Granted { return s.tokens.AppsOf(person) }

// EndApp ends what a person has let an app do.
func (s *accounts) EndApp(person, id string) error { return s.tokens.EndApp(person, id) }

// EndOnline ends what apps may do as long as a person is signed in.
func (s *accounts) EndOnline(person string) error { return s.tokens.EndOnline(person) }

// apply does it, by whom.
func (c userChange) apply(s accounts, by people.Maker) (out people.Answer, err error) {
	defer func() { out.Missing, out.Namesakes = s.missing(out.People), s.namesakes(out.People) }()
	var p people.Person
	switch c.Do {
	case "list":
		out.People = s.people.List()
		return out, nil
	case "add":
		c.Person.Made = []people.Maker{by}
		p, err = s.people.Add(c.Person)
	case "confirm":
		p, err = s.people.Confirm(c.ID, by, c.Person.Apart...)
	case "join":
		p = people.Person{}
		for _, other := range c.Person.Same {
			if p, err = s.people.Join(c.ID, other); err != nil {
				break
			}
		}
	case "invite":
		out.Code, out.Until, err = s.people.Invite(c.ID, c.Life, c.Replace, by)
		if s.origin != "" {
			out.URL = s.origin + signin.InvitationPath + "#" + url.PathEscape(out.Code)
		}
		return out, err
	case "roles":
		p, err = s.people.SetRoles(c.ID, c.Person.Roles)
	case "disable", "enable": // what an app was granted before does not come back either
		if p, err = s.people.Disable(c.ID, c.Do == "disable"); err == nil {
			err = s.tokens.EndPerson(c.ID)
		}
	default:
		err = errors.New("there is no such command")
	}
	out.People = []people.Person{p}
	return out, err
}

// missing is how many people must confirm each account, of those who need any.
func (s accounts) missing(list []people.Person) map[string]int {
	out := map[string]int{}
	for i := range list {
		if n := s.people.Missing(&list[i]); n > 0 {
			out[list[i].ID] = n
		}
	}
	return out
}

// namesakes are the accounts of the provider from which each is to be told apart.
func (s accounts) namesakes(list []people.Person) map[string][]string {
	out := map[string][]string{}
	for _, p := range list {
		if others := s.people.Namesakes(p.ID); len(others) > 0 {
			out[p.ID] = others
		}
	}
	return out
}

// do applies a change in a server, or in the folder while none has it open.
func (f *userFolder) do(c userChange) (out people.Answer, err error) {
	server, err := f.reach(f.Data)
	if err != nil {
		return out, err
	}
	if server == nil {
		return f.offline(c)
	}
	body, err := json.Marshal(c)
	if err != nil {
		return out, err
	}
	answer, err := server.post("user", url.Values{"do": {c.Do}, "id": {c.ID}}, strings.NewReader(string(body)))
	if err != nil {
		return out, err
	}
	defer func() { _ = answer.Body.Close() }()
	return out, json.NewDecoder(answer.Body).Decode(&out)
}

func (f *userFolder) offline(c userChange) (out people.Answer, err error) {
	roles, err := readRoles(f.RoleTable)
	if err != nil {
		return out, err
	}
	engine, end, err := openShelf(f.Data, f.encryption, strings.TrimSpace("user "+c.Do+" "+c.ID))
	if err != nil {
		return out, err
	}
	defer func() { err = end(err) }()
	shelf := store.NewShelf(engine)
	s := accounts{}
	config, err := peopleConfig(shelf, roles)
	if err != nil {
		return out, err
	}
	if s.people, err = people.New(config); err != nil {
		return out, err
	}
	if s.tokens, err = oauth.New(clientConfig(shelf, roles)); err != nil {
		return out, err
	}
	return c.apply(s, people.Maker{Way: people.ByMachine, Agent: operatingUser(), At: time.Now().UTC()})
}

// peopleConfig is what a registry of people needs, whether the server runs or not.
func peopleConfig(shelf people.Shelf, roles *policy.Table) (people.Config, error) {
	table, err := duties.BuiltinAccounts()
	return people.Config{Shelf: shelf, Known: roles.Known, Needs: table.Needs}, err
}

// user answers the commands about people for a running server.
func (a *admin) user(who auth.Identity, w http.ResponseWriter, r *http.Request) error {
	if a.accounts == nil {
		return errors.New("nobody can sign in to the server: start it with --sign-in")
	}
	c := userChange{}
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		return err
	}
	q := r.URL.Query()
	c.Do, c.ID = q.Get("do"), q.Get("id")
	c.Person.ID = c.ID
	if err := a.notOneself(r, who.Requester, c); err != nil {
		return err
	}
	answer, err := c.apply(*a.accounts, makerOf(r, who.Requester))
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(answer)
}

// makerOf is who gives a command to a server, as accounts keep who made them.
func makerOf(r *http.Request, who fhir.Principal) people.Maker {
	by := people.Maker{Way: people.ByProgram, Agent: who.Agent, At: time.Now().UTC()}
	if p, ok := r.Context().Value(peerKey{}).(peer); ok {
		by.Way, by.Agent = people.ByMachine, p.name
	} else if who.Person {
		by.Way = people.ByPerson
	}
	return by
}

// notOneself refuses who gives something to themselves by a token: duties.tsv, grant.
// A second account that they made is themselves too, as long as nobody else has
// confirmed it: accounts.tsv.
func (a *admin) notOneself(r *http.Request, who fhir.Principal, c userChange) error {
	if !who.Bound() || c.Do == "list" || c.Do == "disable" || c.Do == "join" {
		return nil
	}
	own := a.app.db.Own
	names, err := named.Names(a.app.db.State(r.Context()), who.Agent, own)
	if err != nil {
		return err
	}
	is := func(agent string) bool {
		return agent == who.Agent || slices.Contains(names, named.Name(agent, own))
	}
	if slices.ContainsFunc(a.accounts.people.Unconfirmed(), is) {
		return fhir.E("user", fhir.Forbidden, fhir.Issue{Rule: "second-person-account", Message: "The caller's own account is to be confirmed by another administrator first.", Found: who.Agent,
			Fix: "Have another administrator confirm it: pestle user confirm."})
	}
	of := c.Person
	known, err := a.accounts.people.Person(c.ID)
	if err == nil {
		of = known
	}
	said := "nobody changes their own roles, or invites themselves"
	refused := who.Agent == of.ID || is(of.Agent())
	if c.Do == "confirm" && !refused {
		said = "who made an account, invited to it or has confirmed it does not confirm it"
		refused = slices.ContainsFunc(append(slices.Clone(of.Made), of.Confirmed...), func(m people.Maker) bool { return is(m.Agent) })
	}
	if !refused {
		return nil
	}
	return fhir.E("user", fhir.Forbidden, fhir.Issue{Rule: "second-person", Message: "This needs another person: " + said + ".", Found: who.Agent,
		Fix: "Have another administrator do it, or do it on the server's own machine."})
}

// printPeople writes a line for each person.
func printPeople(out io.Writer, answer people.Answer) error {
	for _, p := range personLines(answer) {
		if _, err := fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%d passkeys\n", p.ID, p.Organisation, p.State, p.Name, strings.Join(p.Roles, " "), p.Agent, p.Passkeys); err != nil {
			return err
		}
	}
	return nil
}

// personLine is what a list says of a person.
type personLine struct {
	ID           string   `json:"id"`
	Organisation string   `json:"organisation"`
	State        string   `json:"state"`
	Name         string   `json:"name"`
	Roles        []string `json:"roles"`
	Agent        string   `json:"agent"` // how records name them
	Passkeys     int      `json:"passkeys"`
}

func personLines(answer people.Answer) []personLine {
	out := make([]personLine, 0, len(answer.People))
	for i := range answer.People {
		p := &answer.People[i]
		out = append(out, personLine{p.ID, p.Organisation, fmt.Sprint(answer.State(p)), p.Name, p.Roles, p.Agent(), len(p.Passkeys)})
	}
	return out
}
