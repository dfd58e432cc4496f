package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/people"
)

// adminAct is a command that a page of the administration offers.
type adminAct struct {
	page, op    string
	words, done string
	doc         string
	asks        []fhir.Parameter
}

func asked(name, doc string, required bool, kind string) fhir.Parameter {
	return fhir.Parameter{Name: name, Doc: doc, Required: required, Kinds: []string{kind}}
}

var adminActs = []adminAct{
	{page: "people", op: "add", words: "Register a person…", done: "The person is registered. Another administrator confirms the account; invite them then.", doc: "The person may sign in when they have a passkey and another administrator has confirmed the account.", asks: []fhir.Parameter{
		asked("account", "The name of their account: letters, digits and . _ -", true, "valueString"), asked("name", "Their name, as records and pages show it.", true, "valueString"), asked("organisation", "ODS code of the organisation that they act for.", true, "valueString"),
		asked("roles", "The roles that they act in, with blanks between; the page Roles lists them.", false, "valueString"), asked("practitioner", "How records name them: Practitioner/1, or an identifier, system|value.", false, "valueString")}},
	{page: "people", op: "invite", words: "Invite…", doc: "Makes a code by which the person registers a passkey, once. Give it to them yourself, and to nobody else.", asks: []fhir.Parameter{asked("replace", "It takes the place of all their passkeys.", false, "valueBoolean")}},
	{page: "people", op: "roles", words: "Change roles…", done: "The roles are changed; the sessions of the person have ended.", doc: "Replaces the roles of the person. Their sessions end.", asks: []fhir.Parameter{asked("roles", "All roles, with blanks between; none for a person who may do nothing.", false, "valueString")}},
	{page: "people", op: "confirm", words: "Confirm…", done: "The account is confirmed.", doc: "Says that the account is of the person whom it names, as another than who made it or invited them.", asks: []fhir.Parameter{asked("apart", "Accounts of others who have the same name, with blanks between.", false, "valueString")}},
	{page: "people", op: "join", words: "Same person…", done: "The accounts are of one person: where two people are wanted they count as one.", doc: "Says that two accounts are of one person.", asks: []fhir.Parameter{asked("other", "The other account.", true, "valueString")}},
	{page: "people", op: "disable", words: "Lock…", done: "The account is locked: the sessions have ended.", doc: "Ends the sessions of the person and what apps may do for them, and lets them sign in no more."},
	{page: "people", op: "enable", words: "Unlock…", done: "The person may sign in again.", doc: "Lets the person sign in again."},
	{page: "clients", op: "disable", words: "Disable…", done: "The client is disabled; its tokens are not taken any more.", doc: "Takes the client's tokens away and gives it none any more."},
	{page: "clients", op: "enable", words: "Enable…", done: "The client gets tokens again.", doc: "Lets the client have tokens again."},
	{page: "webhooks", op: "resend", words: "Send again…", done: "What was not delivered is being sent. Reload in a moment to see what came of it.", doc: "Delivers at once what was not delivered, also where no attempt is made any more: the receiver is tried first."},
}

func adminActOf(page, op string) *adminAct {
	for i := range adminActs {
		if adminActs[i].page == page && adminActs[i].op == op {
			return &adminActs[i]
		}
	}
	return nil
}

func adminDone(page, op string) string {
	if c := adminActOf(page, op); c != nil {
		return c.done
	}
	return ""
}

// adminForm is the page of a command.
func (v *visit) adminForm() (view, error) {
	c, f, err := v.adminAsked(v.r.URL.Query())
	if err != nil || c == nil {
		return nil, err
	}
	return f, nil
}

func (v *visit) adminAsked(given url.Values) (*adminAct, *form, error) {
	c := adminActOf(v.r.PathValue("page"), v.r.PathValue("op"))
	switch {
	case c == nil:
		return nil, nil, &problem{status: http.StatusNotFound, heading: "There is no such act", message: "The address is not one of the console."}
	case !v.administers():
		return nil, nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "The server is administered by administrators."}
	}
	id := given.Get("id")
	heading := strings.TrimSuffix(c.words, "…")
	if id != "" {
		heading += ": " + id
	}
	f := &form{Heading: heading, Doc: c.doc, Action: address("admin", c.page, c.op) + "?" + values("id", id), Back: address("admin", c.page)}
	for _, p := range c.asks {
		f.Fields = append(f.Fields, v.fieldOf(&acting{act: &act{}, form: given}, p, ""))
	}
	return c, f, nil
}

// adminDo gives a command.
func (v *visit) adminDo() (view, error) {
	id := v.r.URL.Query().Get("id")
	given := url.Values{"id": {id}}
	for name, values := range v.form {
		if name != "id" {
			given[name] = values
		}
	}
	c, f, err := v.adminAsked(given)
	if err != nil {
		return nil, err
	}
	q := url.Values{"do": {c.op}, "id": {id}}
	var answer people.Answer
	switch c.page {
	case "people":
		if c.op == "add" {
			q.Set("id", strings.TrimSpace(given.Get("account")))
		}
		words := func(name string) []string { return strings.Fields(given.Get(name)) }
		text := func(name string) string { return strings.TrimSpace(given.Get(name)) }
		err = v.command("user", q, map[string]any{"replace": given.Get("replace") == "true", "person": people.Person{Name: text("name"), Organisation: strings.ToUpper(text("organisation")), Roles: words("roles"), Practitioner: text("practitioner"), Apart: words("apart"), Same: words("other")}}, &answer)
	case "clients":
		err = v.command("client", q, map[string]any{"do": c.op, "client": map[string]string{"client_id": id}}, new(any))
	default:
		err = v.command("subscription", q, nil, new(any))
	}
	var refused *problem
	if errors.As(err, &refused) {
		f.Problem, v.status = refused.heading+". "+refused.message, refused.status
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	if answer.Code != "" {
		return &report{Heading: "Invitation of " + id, Lead: "Give this to the person yourself. It is shown once, and taken once.", Parts: []listed{{Section: Section{Title: "The code", Facts: []Fact{{"Code", answer.Code}, {"Until", answer.Until.In(v.config.Zone).Format("2 Jan 2006 15:04 MST")}, {"Where it is taken", answer.URL}}}, Doors: []tab{{Text: "Back to the people", Href: address("admin", "people")}}}}}, nil
	}
	return nil, &elsewhere{f.Back + "?" + values("done", c.op)}
}
