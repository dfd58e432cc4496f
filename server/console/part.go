package console

import (
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// fact is a [Fact].
type fact = Fact

func facts(w *markup.Writer, list []fact) {
	w.HTML("<dl class=\"facts\">\n")
	for _, f := range list {
		if f.Value != "" {
			w.HTML("<div><dt>").Text(f.Name).HTML("</dt><dd>").Text(f.Value).HTML("</dd></div>\n")
		}
	}
	w.HTML("</dl>\n")
}

// event is something that happened, in a timeline.
type event struct {
	When  moment
	Kind  string
	Words string
	More  []fact
}

// timeline is what happened, the newest first.
type timeline struct {
	Events  []event
	Cut     int      // how many there are at least, where not all are shown; 0 for all
	Missing []string // kinds that the role is not shown
}

func (t *timeline) write(w *markup.Writer) {
	if len(t.Missing) > 0 {
		w.HTML("<p>Hidden by your role: ").Text(strings.Join(t.Missing, ", ")).HTML(".</p>\n")
	}
	if len(t.Events) == 0 {
		w.HTML("<p>Nothing has happened yet.</p>\n")
		return
	}
	w.HTML("<ol class=\"timeline\">\n")
	for _, e := range t.Events {
		w.HTML("<li>")
		e.When.write(w)
		w.HTML(` <span class="tag">`).Text(e.Kind).HTML("</span> <span>").Text(e.Words).HTML("</span>")
		if len(e.More) > 0 {
			w.HTML("<details><summary>Details</summary>\n")
			facts(w, e.More)
			w.HTML("</details>")
		}
		w.HTML("</li>\n")
	}
	w.HTML("</ol>\n")
	if t.Cut > 0 {
		w.HTML("<p>The newest ").Text(strconv.Itoa(len(t.Events))).HTML(" are shown; there are more.</p>\n")
	}
}

// banner is who a page is about.
type banner struct {
	ID                 string
	Name, Born, Number string
	Address, Phone     string
	Inactive           bool
	Missing            []string // what the record does not have, or the role is not shown
}

// bannerOf is who a Patient is, as the role is shown it.
func (v *visit) bannerOf(p *fhir.Resource) (b banner) {
	r := p.Root()
	b.ID, b.Name, b.Inactive = p.ID(), nameOf(r.Get("name")), r.Get("active").Text() == "false"
	if t, day := timeOf(r.Get("birthDate").Text(), v.config.Zone); day {
		b.Born = t.Format("02-Jan-2006")
		if !r.Get("deceasedBoolean").Bool() && !r.Get("deceasedDateTime").Exists() {
			b.Born += " (" + plural(age(t, v.now()), "year") + ")"
		}
	} else {
		b.Born = r.Get("birthDate").Text()
	}
	for i := range r.Get("identifier").Items() {
		if strings.HasSuffix(i.Get("system").Text(), "/nhs-number") {
			b.Number = numberOf(i.Get("value").Text())
		}
	}
	for a := range r.Get("address").Items() {
		var lines []string
		for l := range a.Get("line").Items() {
			lines = append(lines, l.Text())
		}
		for _, name := range []string{"city", "postalCode"} {
			lines = append(lines, a.Get(name).Text())
		}
		b.Address = strings.Join(nonempty(lines), ", ")
		break
	}
	for c := range r.Get("telecom").Items() {
		if c.Get("system").Text() == "phone" {
			b.Phone = c.Get("value").Text()
			break
		}
	}
	for _, f := range []fact{{"name", b.Name}, {"date of birth", b.Born}, {"NHS number", b.Number}, {"address", b.Address}} {
		if f.Value == "" {
			b.Missing = append(b.Missing, f.Name)
		}
	}
	return b
}

// age is how old somebody is who was born on a day.
func age(born, now time.Time) int {
	years := now.Year() - born.Year()
	if now.Month() < born.Month() || now.Month() == born.Month() && now.Day() < born.Day() {
		years--
	}
	return max(0, years)
}

func nonempty(list []string) (out []string) {
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (b *banner) write(w *markup.Writer, linked bool) {
	w.HTML("<section class=\"banner\" aria-label=\"Patient\">\n<p class=\"name\">")
	name := b.Name
	if name == "" {
		name = "Name not shown"
	}
	if linked && b.ID != "" {
		w.HTML("<a").Attr("href", address("patient", b.ID)).HTML(">").Text(name).HTML("</a>")
	} else {
		w.HTML("<strong>").Text(name).HTML("</strong>")
	}
	w.HTML("</p>\n")
	facts(w, []fact{{"Born", b.Born}, {"NHS number", b.Number}, {"Address", b.Address}, {"Telephone", b.Phone}})
	if b.Inactive {
		w.HTML("<p><strong>This record is not in use any more.</strong></p>\n")
	}
	if len(b.Missing) > 0 {
		w.HTML("<p>Not recorded, or hidden by your role: ").Text(strings.Join(b.Missing, ", ")).HTML(".</p>\n")
	}
	w.HTML("</section>\n")
}

// write writes the answer line, which is the first thing on the page of a prescription.
func (l *Line) write(w *markup.Writer) {
	w.HTML("<p class=\"state\"><strong>").Text(l.State).HTML("</strong>")
	if l.Since.Words != "" {
		w.HTML(" since ")
		l.Since.write(w)
	}
	w.HTML("</p>\n")
	facts(w, []fact{{"Who acts next", l.Next}, {"By when", l.By}, {"What the patient can do", l.Patient}, {"Payment", l.Payment}})
}

// issue is one of an OperationOutcome.
type issue struct {
	Severity, Text, Place string
	Rule                  string // that was broken, "" for none
	Field                 string // of a form, which it is about
}

func issueOf(n fhir.Node) issue {
	text := n.Get("diagnostics").Text()
	if text == "" {
		text = n.Path("details", "text").Text()
	}
	return issue{Severity: n.Get("severity").Text(), Text: text, Place: n.Get("expression").Item(0).Text(), Rule: extension(n, "operationoutcome-message-id").Get("valueString").Text()}
}

func issues(w *markup.Writer, list []issue) {
	if len(list) == 0 {
		return
	}
	w.HTML("<ul class=\"issues\">\n")
	for _, i := range list {
		w.HTML("<li").Attr("class", i.Severity).HTML(">").Text(i.Text)
		if i.Place != "" {
			w.HTML(` <code>`).Text(i.Place).HTML("</code>")
		}
		w.HTML("</li>\n")
	}
	w.HTML("</ul>\n")
}

// refusal says why there is no screen, or why nothing was done.
type refusal struct {
	Heading, Message string
	Issues           []issue
	Request          string // by which the log names what went wrong
	Back             string
}

func (r *refusal) title() string { return r.Heading }

func (r *refusal) write(w *markup.Writer) {
	w.HTML(`<div class="problem" role="alert"><h1>`).Text(r.Heading).HTML("</h1>\n<p>").Text(r.Message).HTML("</p></div>\n")
	issues(w, r.Issues)
	w.HTML("<p><a").Attr("href", r.Back).HTML(">Try again</a> or go to <a href=\"/console\">the start</a>.</p>\n")
	if r.Request != "" {
		w.HTML("<p>Request <code>").Text(r.Request).HTML("</code></p>\n")
	}
}
