package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// responsibleScreen is who is the responsible pharmacist, and who was.
type responsibleScreen struct {
	State  string // what holds now
	Since  moment
	Facts  []fact
	Acts   []tab
	Whose  string // why there is no act, "" where there are
	Before []responsibleRow
	Done   string
}

// responsibleRow is an act of the record.
type responsibleRow struct {
	When            moment
	What, Who, Note string
}

// presences are the states of the record: what is said of each, what it was by which it came
// about, and the acts that follow.
var presences = map[string]struct {
	state, came string
	acts        []string
}{
	"signed-in":  {"is responsible for the pharmacy, and present", "Signed on, or returned", []string{"absence", "end"}},
	"absent":     {"is responsible for the pharmacy, and absent: nothing is supplied", "Left", []string{"return", "end"}},
	"signed-out": {"Nobody is signed on as the responsible pharmacist: nothing is supplied", "Signed off", []string{"start"}},
}

// responsibleActs are the acts of the record, with the words of their buttons.
var responsibleActs = map[string]string{"start": "Sign on as the responsible pharmacist", "absence": "Record an absence", "return": "Record the return", "end": "Sign off"}

// responsibleDocs are what is said of each on its form.
var responsibleDocs = map[string]string{"start": "You are responsible for the pharmacy from now on, until you sign off.", "absence": "You stay responsible, and leave the pharmacy. Nothing is supplied until you are back.", "return": "The responsible pharmacist is present again.", "end": "Nobody is responsible for the pharmacy then: nothing is supplied until a pharmacist signs on."}

// mostRecords is how many acts of the record are listed.
const mostRecords = 20

func (r *responsibleScreen) title() string { return "Responsible pharmacist" }

func (r *responsibleScreen) write(w *markup.Writer) {
	w.HTML("<h1>Responsible pharmacist</h1>\n")
	if r.Done != "" {
		w.HTML(`<p class="note" role="status">`).Text(r.Done).HTML("</p>\n")
	}
	w.HTML("<section class=\"answer\" aria-label=\"Who is responsible\">\n<p class=\"state\"><strong>").Text(r.State).HTML("</strong>")
	if r.Since.Words != "" {
		w.HTML(" since ")
		r.Since.write(w)
	}
	w.HTML("</p>\n")
	facts(w, r.Facts)
	w.HTML("</section>\n")
	doors(w, r.Acts)
	if r.Whose != "" {
		w.HTML("<p>").Text(r.Whose).HTML("</p>\n")
	}
	w.HTML("<p>One pharmacist at a time is responsible for a pharmacy, and for no other. What they cannot record themselves, another pharmacist records, with a note that says why. <a href=\"/docs/register.md#the-responsible-pharmacist\">How this works</a></p>\n")
	if len(r.Before) == 0 {
		return
	}
	w.HTML("<section aria-labelledby=\"before\">\n<h2 id=\"before\">The record</h2>\n<table class=\"entries\">\n<caption>The newest first</caption>\n<thead><tr><th scope=\"col\">When</th><th scope=\"col\">What</th><th scope=\"col\">Who is responsible</th><th scope=\"col\">Note</th></tr></thead>\n<tbody>\n")
	for _, b := range r.Before {
		w.HTML("<tr><th scope=\"row\">")
		b.When.write(w)
		w.HTML(`</th><td data-label="What">`).Text(b.What).HTML(`</td><td data-label="Who is responsible">`).Text(b.Who).HTML(`</td><td data-label="Note">`).Text(b.Note).HTML("</td></tr>\n")
	}
	w.HTML("</tbody>\n</table>\n</section>\n")
}

// seesResponsible reports whether the role may know who is responsible.
func (v *visit) seesResponsible() bool {
	return v.reads("Basic") && v.operation("Basic", "responsible-pharmacist") != nil && v.acts("Basic/$register")
}

func (v *visit) responsible() (view, error) {
	if !v.seesResponsible() {
		return nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "Who is responsible is for the people of the pharmacy and its auditors."}
	}
	org := strings.ToUpper(v.person.Organisation)
	if named := v.r.URL.Query().Get("org"); named != "" {
		org = strings.ToUpper(named)
	}
	found, err := v.read(v.searched("Basic", "identifier", ownSystems+"Id/responsible-pharmacist|"+literal(org), "_count", "1"))
	if err != nil {
		return nil, err
	}
	out := &responsibleScreen{State: presences["signed-out"].state, Done: responsibleDone(v.r.URL.Query().Get("done"))}
	presence := "signed-out"
	if list := ofType(found[0].resources(), "Basic"); len(list) > 0 {
		r := list[0]
		v.json = fhirPath + "/Basic/" + r.ID()
		presence = coded(r.Get("code"), ownSystems+"CodeSystem/responsible-pharmacist")
		v.present(out, presence, r.Root())
		if v.at() == "" {
			a, err := v.ask(http.MethodGet, "Basic/"+r.ID()+"/_history?_count="+strconv.Itoa(mostRecords), nil)
			if err != nil {
				return nil, err
			}
			for _, version := range a.resources() {
				out.Before = append(out.Before, v.presenceRow(version))
			}
		}
	}
	if v.at() != "" {
		return out, nil
	}
	if !v.acts("Basic/$responsible-pharmacist") {
		out.Whose = "A pharmacist signs on, records an absence, and signs off."
		return out, nil
	}
	back := v.r.URL.Query().Get("back")
	for _, act := range presences[presence].acts {
		out.Acts = append(out.Acts, tab{Text: responsibleActs[act] + "…", Href: actAddress("Basic", "stock", "responsible-pharmacist") + "?" + values("act", act, "set", "act", "back", responsibleBack(back))})
	}
	return out, nil
}

// responsibleBack is where an act of the record leads: to where somebody came from who was
// refused for want of a responsible pharmacist, else to the record.
func responsibleBack(back string) string {
	if back == "" {
		return address("responsible")
	}
	return back
}

func responsibleDone(op string) string {
	if op == "responsible-pharmacist" {
		return doneWords(op)
	}
	return ""
}

// present says what a record holds.
func (v *visit) present(out *responsibleScreen, presence string, r fhir.Node) {
	said := extension(r, "StructureDefinition/responsible-pharmacist")
	text := func(name, kind string) string { return extension(said, name).Get(kind).Text() }
	who := extension(extension(said, "pharmacist"), "name").Get("valueString").Text()
	if who == "" {
		who = extension(extension(said, "pharmacist"), "identifier").Get("valueString").Text()
	}
	out.State = presences[presence].state
	if presence == "signed-out" {
		return
	}
	out.State, out.Since = who+" "+out.State, momentOf(text("since", "valueInstant"), v.now())
	if left := text("left", "valueInstant"); left != "" {
		out.Facts = append(out.Facts, fact{"Absent since", momentOf(left, v.now()).Words})
	}
	out.Facts = append(out.Facts, fact{"Registration", text("registration", "valueString")})
}

// presenceRow is a version of the record.
func (v *visit) presenceRow(r *fhir.Resource) responsibleRow {
	said := extension(r.Root(), "StructureDefinition/responsible-pharmacist")
	row := responsibleRow{When: momentOf(r.Root().Path("meta", "lastUpdated").Text(), v.now()), What: presences[coded(r.Get("code"), ownSystems+"CodeSystem/responsible-pharmacist")].came,
		Who: extension(extension(said, "pharmacist"), "name").Get("valueString").Text(), Note: extension(said, "note").Get("valueString").Text()}
	if by := extension(extension(said, "by"), "name").Get("valueString").Text(); by != "" {
		row.Note = strings.TrimSpace(row.Note + " (recorded by " + by + ")")
	}
	return row
}

// remedyOf leads to where it is put right what a rule found missing.
func (v *visit) remedyOf(rule string) tab {
	if rule == "RP-supply" && v.seesResponsible() {
		return tab{Text: "Sign on, or see who is responsible", Href: address("responsible") + "?" + values("back", v.r.URL.Path)}
	}
	return tab{}
}
