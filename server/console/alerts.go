package console

import (
	"net/http"

	"github.com/pestle-fhir/pestle/fhir"
)

// alertsPage is of what the people of the pharmacy are alerted. It names no patient.
func (v *visit) alertsPage() (view, error) {
	a, err := v.ask(http.MethodGet, "$alerts", nil)
	if err != nil {
		return nil, err
	}
	if !a.ok() {
		return nil, refusedBy(a)
	}
	r := &report{Heading: "Alerts", Lead: "What waits too long, fails or runs out, and what to do about it.", Doc: "alerts.md", Done: doneWords(v.r.URL.Query().Get("done"))}
	l := listed{Section: Section{Title: "Open alerts", Head: []string{"What", "How bad", "How many", "Since", "What to do", "State"}, Empty: "There is no alert."}}
	for p := range a.resource.Get("parameter").Items() {
		if p.Get("name").Text() == "alert" {
			v.alertRow(&l, p.Get("part"))
		}
	}
	r.Parts = []listed{l}
	return r, nil
}

func (v *visit) alertRow(l *listed, parts fhir.Node) {
	text := func(name string) string { return valueIn(parameter(parts, name)) }
	id := text("id")
	state := text("state")
	if by := text("by"); by != "" {
		state += ", by " + by
	}
	if note := text("note"); note != "" {
		state += ": " + note
	}
	l.Rows = append(l.Rows, []string{text("title"), text("severity"), text("count"), momentOf(text("raised"), v.now()).Words, text("do"), state})
	var acts []tab
	for _, op := range []string{"acknowledge-alert", "dismiss-alert"} {
		if a := actOf("Task", op); v.acts("Task/$"+op) && v.operation("Task", op) != nil {
			acts = append(acts, tab{Text: a.words, Href: address("alert", id, op) + "?" + values("back", address("alerts"))})
		}
	}
	l.Acts = append(l.Acts, acts)
}
