package console

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// messageScreen is a message that was sent, with what came of it.
type messageScreen struct {
	ID       string
	Heading  string
	Said     string // what was found just now, "" for what was found when it came
	Facts    []fact
	Written  []tab // what was stored
	Body     bool  // it is kept
	Shaped   bool  // line breaks were put in to show it
	Replays  bool  // it may be sent again
	Compared bool
	Other    string // the message that it is compared with, "" where there is none
	More     []string
	Less     []string
	Curl     string
	judgement
}

func (m *messageScreen) title() string { return m.Heading }

func (m *messageScreen) write(w *markup.Writer) {
	w.HTML("<h1>").Text(m.Heading).HTML("</h1>\n")
	if m.Said != "" {
		w.HTML(`<p class="note" role="status">`).Text(m.Said).HTML("</p>\n")
	}
	facts(w, m.Facts)
	doorsOf(w, "What was stored", m.Written)
	w.HTML("<nav aria-label=\"What can be done\">\n<ul class=\"doors\">\n<li><a href=\"/console/messages\">All messages</a></li>\n")
	if m.Body {
		w.HTML("<li><a").Attr("href", address("messages", m.ID)+"?validate=true").HTML(">Validate again by today’s rules</a></li>\n<li><a").Attr("href", address("messages", m.ID)+"?compare=true").HTML(">Compare with the last accepted</a></li>\n")
	}
	w.HTML("</ul>\n</nav>\n")
	if m.Replays {
		w.HTML("<form class=\"act\" method=\"post\"").Attr("action", address("messages", m.ID)).HTML("><p><button>Send it again to this sandbox</button></p></form>\n")
	}
	if m.Compared {
		m.comparison(w)
	}
	w.HTML("<section aria-labelledby=\"wrong\">\n<h2 id=\"wrong\">What is said of it</h2>\n")
	if len(m.Issues) == 0 {
		w.HTML("<p>Nothing is wrong with it.</p>\n")
	}
	switch {
	case !m.Body:
		w.HTML("<p>Its body is not kept, or is kept no more.</p>\n")
	case m.Shaped:
		w.HTML("<p>It came without line breaks; they are put in to show it.</p>\n")
	}
	m.judgement.write(w, "What was sent")
	w.HTML("</section>\n<details><summary>The same with curl</summary>\n<pre tabindex=\"0\"><code>").Text(m.Curl).HTML("</code></pre>\n</details>\n")
	if m.Body && len(m.Issues) == 0 {
		w.HTML("<details><summary>The body</summary>\n<pre role=\"region\" aria-label=\"The body\" tabindex=\"0\"><code>")
		for _, l := range m.Lines {
			w.Text(l.Text).HTML("\n")
		}
		w.HTML("</code></pre>\n</details>\n")
	}
}

func (m *messageScreen) comparison(w *markup.Writer) {
	w.HTML("<section aria-labelledby=\"compared\">\n<h2 id=\"compared\">Beside the last that was accepted</h2>\n")
	if m.Other == "" {
		w.HTML("<p>No other message was sent in the same way and accepted before it.</p>\n</section>\n")
		return
	}
	w.HTML("<p>Compared with <a").Attr("href", address("messages", m.Other)).HTML(">").Text(m.Other).HTML("</a>.</p>\n")
	for _, side := range []struct {
		words string
		list  []string
	}{{"It has more", m.More}, {"It has not", m.Less}} {
		w.HTML("<h3>").Text(side.words).HTML("</h3>\n")
		if len(side.list) == 0 {
			w.HTML("<p>Nothing.</p>\n")
			continue
		}
		w.HTML("<ul>\n")
		for _, path := range side.list {
			w.HTML("<li><code>").Text(path).HTML("</code></li>\n")
		}
		w.HTML("</ul>\n")
	}
	w.HTML("</section>\n")
}

// messagePage shows a message, judges it again, or compares it.
func (v *visit) messagePage() (view, error) {
	q := v.r.URL.Query()
	m, body, err := v.messageOf(v.r.PathValue("id"), q.Get("validate") == "true", q.Get("compare") == "true")
	if err != nil {
		return nil, err
	}
	m.place(body)
	return m, nil
}

// messageOf asks for a message, and for its body where that is kept.
func (v *visit) messageOf(id string, validate, compare bool) (*messageScreen, []byte, error) {
	path := messagesPath + "?" + values("id", id, "validate", map[bool]string{true: "true"}[validate], "compare", map[bool]string{true: "true"}[compare])
	a, err := v.ask(http.MethodGet, path, nil)
	if err != nil {
		return nil, nil, err
	}
	if !a.ok() {
		return nil, nil, refusedBy(a)
	}
	v.json = fhirPath + "/" + path
	parameters := a.resource.Get("parameter")
	sent := messageIn(parameter(parameters, "message").Get("part"))
	body, err := base64.StdEncoding.DecodeString(parameter(parameters, "body").Get("valueBase64Binary").Text())
	if err != nil {
		return nil, nil, err
	}
	m := &messageScreen{ID: sent.id, Heading: "Message: " + sent.outcome + ", " + sent.status, Body: len(body) > 0, Compared: compare, Other: parameter(parameters, "compared").Get("valueId").Text()}
	m.Facts = []fact{{"Sent", v.instantOf(sent.time)}, {"As", sent.method + " " + sent.target}, {"By", sent.client}, {"Size", sent.size + " bytes"}, {"SHA-256", sent.digest}, {"Request", sent.request}}
	m.Issues = sent.issues
	m.Replays = m.Body && v.config.Sandbox && sent.method == http.MethodPost
	for _, r := range sent.resources {
		m.Written = append(m.Written, tab{Text: r, Href: fhirPath + "/" + r})
	}
	if validate {
		m.Issues = nil
	}
	for p := range parameters.Items() {
		switch p.Get("name").Text() {
		case "today":
			m.Issues = append(m.Issues, judgedIn(p.Get("part")))
		case "added":
			m.More = append(m.More, p.Get("valueString").Text())
		case "missing":
			m.Less = append(m.Less, p.Get("valueString").Text())
		}
	}
	if validate {
		m.Said = "By the rules of today it is valid. What depends on what is stored was not asked."
		if !parameter(parameters, "valid").Get("valueBoolean").Bool() {
			m.Said = "By the rules of today " + plural(len(m.Issues), "thing") + " would be wrong."
		}
	}
	media := "application/fhir+json"
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		media = "application/fhir+xml"
	}
	m.Curl = "curl -X " + sent.method + " -H 'Content-Type: " + media + "' -H 'Authorization: Bearer …' --data-binary @message '" + v.origin(v.r) + sent.target + "'"
	return m, body, nil
}

// place finds the lines of the issues in a body, and keeps the lines.
func (m *messageScreen) place(body []byte) {
	if len(body) == 0 {
		return
	}
	if bytes.Count(bytes.TrimSpace(body), []byte("\n")) == 0 {
		var shaped bytes.Buffer
		if json.Indent(&shaped, body, "", "  ") == nil {
			body, m.Shaped = shaped.Bytes(), true
		}
	}
	r, _ := fhir.Parse(body) // one that has mistakes has lines too
	if r != nil {
		at := map[string]string{}
		for i := range r.Nodes() {
			if n := r.Node(i); n.Exists() {
				if e := n.Expression(); at[e] == "" {
					at[e] = strconv.Itoa(n.Position().Line)
				}
			}
		}
		for i := range m.Issues {
			m.Issues[i].Line = lineOf(at, m.Issues[i].Place)
		}
	}
	m.mark(strings.ToValidUTF8(string(body), "�"))
}

// lineOf is the line of a place, or of what it would be in; "" where none is known.
func lineOf(at map[string]string, place string) string {
	for place != "" {
		if line := at[place]; line != "" && line != "0" {
			return line
		}
		cut := max(strings.LastIndexByte(place, '.'), strings.LastIndexByte(place, '['))
		place = place[:max(cut, 0)]
	}
	return ""
}

// replay sends a message once more, to a sandbox alone.
func (v *visit) replay() (view, error) {
	id := v.r.PathValue("id")
	m, body, err := v.messageOf(id, false, false)
	if err != nil {
		return nil, err
	}
	target := ""
	for _, f := range m.Facts {
		if f.Name == "As" {
			_, target, _ = strings.Cut(f.Value, " "+base+"/")
		}
	}
	if !m.Replays || target == "" {
		return nil, &problem{status: http.StatusForbidden, heading: "It is not sent again", message: "Only what was posted to a sandbox, and whose body is kept, is sent again from here."}
	}
	a, err := v.ask(http.MethodPost, target, body)
	if err != nil {
		return nil, err
	}
	m.Said, m.Issues = "Sent again; the sandbox answers "+strconv.Itoa(a.status)+".", nil
	if a.resource != nil {
		for i := range a.resource.Get("issue").Items() {
			x := issueOf(i)
			m.Issues = append(m.Issues, judged{Severity: x.Severity, Text: x.Text, Place: x.Place, Rule: extension(i, "operationoutcome-message-id").Get("valueString").Text()})
		}
	}
	m.place(body)
	return m, nil
}
