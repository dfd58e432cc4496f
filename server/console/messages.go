package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// messagesPath is the operation that tells a clinic what it sent.
const messagesPath = "$messages"

// sends reports whether the person may see what their organisation sent, where that is kept.
func (v *visit) sends() bool { return v.acts(messagesPath) && v.operation("", "messages") != nil }

// messagesPage is what the organisation of the person sent: its mistakes by rule and
// place, and the messages, the newest first.
func (v *visit) messagesPage() (view, error) {
	if !v.sends() {
		return nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "What was sent is for the developers of who sent it."}
	}
	q := v.r.URL.Query()
	outcome, rule, before := q.Get("outcome"), q.Get("rule"), q.Get("before")
	grouped, err := v.ask(http.MethodGet, messagesPath+"?grouped=true", nil)
	if err != nil {
		return nil, err
	}
	if !grouped.ok() {
		return nil, refusedBy(grouped)
	}
	list, err := v.ask(http.MethodGet, messagesPath+"?"+values("outcome", outcome, "rule", rule, "before", before), nil)
	if err != nil {
		return nil, err
	}
	if !list.ok() {
		return nil, refusedBy(list)
	}
	v.json = fhirPath + "/" + messagesPath
	r := &report{Heading: "Messages", Lead: "What your organisation sent, as it was received, with what came of it.", Doc: "messages.md"}
	for _, t := range []tab{{Text: "All"}, {Text: "Refused", Href: "refused"}, {Text: "Accepted", Href: "accepted"}} {
		t.Open = t.Href == outcome && rule == ""
		t.Href = address("messages") + "?" + values("outcome", t.Href)
		r.Tabs = append(r.Tabs, t)
	}
	if before == "" && rule == "" {
		r.Parts = append(r.Parts, v.mistakes(grouped.resource.Get("parameter")))
	}
	sent := listed{Section: Section{Title: "What was sent", Head: []string{"When", "Outcome", "What", "By", "Things wrong"}, Empty: "Nothing of this was sent, or it is kept no more."}}
	if rule != "" {
		sent.Title = "What broke " + rule
	}
	for p := range list.resource.Get("parameter").Items() {
		switch p.Get("name").Text() {
		case "message":
			m := messageIn(p.Get("part"))
			sent.Rows = append(sent.Rows, []string{v.instantOf(m.time), m.outcome + ", " + m.status, strings.TrimSpace(m.method + " " + m.interaction), m.client, strconv.Itoa(len(m.issues))})
			sent.Links = append(sent.Links, address("messages", m.id))
		case "before":
			sent.Doors = []tab{{Text: "Older ones", Href: address("messages") + "?" + values("outcome", outcome, "rule", rule, "before", p.Get("valueString").Text())}}
		}
	}
	r.Parts = append(r.Parts, sent)
	return r, nil
}

// mistakes are the issues of 30 days by rule and place, the most frequent first.
func (v *visit) mistakes(parameters fhir.Node) listed {
	l := listed{Section: Section{Title: "Mistakes of the last 30 days", Head: []string{"Where", "Rule", "Messages", "Last", "What is said"}, Empty: "Nothing was refused."}}
	all, _ := strconv.Atoi(parameter(parameters, "messages").Get("valueInteger").Text())
	l.Words = plural(all, "message") + "; accepted: " + parameter(parameters, "accepted").Get("valueInteger").Text() + "."
	for p := range parameters.Items() {
		if p.Get("name").Text() != "mistake" {
			continue
		}
		part := p.Get("part")
		rule := parameter(part, "rule").Get("valueString").Text()
		place := parameter(part, "place").Get("valueString").Text()
		if place == "" {
			place = "the message"
		}
		l.Rows = append(l.Rows, []string{place, rule, parameter(part, "messages").Get("valueInteger").Text(), v.instantOf(parameter(part, "last").Get("valueInstant").Text()), parameter(part, "text").Get("valueString").Text()})
		l.Links = append(l.Links, address("messages", parameter(part, "example").Get("valueId").Text()))
		if rule != "" {
			l.Acts = append(l.Acts, []tab{{Text: "All that broke " + rule, Href: address("messages") + "?" + values("rule", rule)}})
		} else {
			l.Acts = append(l.Acts, nil)
		}
	}
	return l
}

// instantOf is an instant with its seconds, as who debugs needs it.
func (v *visit) instantOf(text string) string {
	if t, day := timeOf(text, v.config.Zone); !day && !t.IsZero() {
		return t.Format("2 Jan 15:04:05 MST")
	}
	return text
}

// message is one that was sent, as $messages tells of it.
type message struct {
	id, time, outcome, status, method, target, interaction, client, request, size, digest string
	resources                                                                             []string
	issues                                                                                []judged
}

func messageIn(parts fhir.Node) (m message) {
	for name, into := range map[string]*string{"id": &m.id, "time": &m.time, "outcome": &m.outcome, "status": &m.status, "method": &m.method, "target": &m.target, "interaction": &m.interaction, "client": &m.client, "request": &m.request, "size": &m.size, "digest": &m.digest} {
		*into = valueIn(parameter(parts, name))
	}
	for p := range parts.Items() {
		switch p.Get("name").Text() {
		case "resource":
			m.resources = append(m.resources, p.Path("valueReference", "reference").Text())
		case "issue":
			m.issues = append(m.issues, judgedIn(p.Get("part")))
		}
	}
	return m
}

// judgedIn is an issue as $messages tells of it.
func judgedIn(parts fhir.Node) judged {
	text := func(name string) string { return valueIn(parameter(parts, name)) }
	return judged{Severity: text("severity"), Text: text("text"), Place: text("expression"), Rule: text("rule")}
}

// valueIn is the value of a parameter, whatever its type.
func valueIn(p fhir.Node) string {
	for m := range p.Members() {
		if m.Name() != "name" {
			return m.Text()
		}
	}
	return ""
}
