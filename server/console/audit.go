package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// mostEvents is how many records of the audit log are shown: the newest.
const mostEvents = 50

// auditScreen is who was shown what: of everything, or of one patient.
type auditScreen struct {
	Heading     string
	Filter      bool // there is a form to choose by day and kind
	From, Until string
	Kind        string
	Events      []access
	More        bool
	Open        []access // records that were opened in an emergency and not reviewed
}

// access is a record of the audit log.
type access struct {
	When              moment
	Who, As           string
	What, How         string
	Purpose           string
	About             []tab
	Refused, Patients bool
}

func (a *auditScreen) title() string { return a.Heading }

func (a *auditScreen) write(w *markup.Writer) {
	w.HTML("<h1>").Text(a.Heading).HTML("</h1>\n")
	if a.Filter {
		w.HTML(`<form class="consent" method="get" action="/console/audit">
<p><label for="from">From the day</label> <input type="date" id="from" name="from"`).Attr("value", a.From).HTML(`>
<label for="until">until</label> <input type="date" id="until" name="until"`).Attr("value", a.Until).HTML(`>
<label for="kind">What</label> <select id="kind" name="kind">
<option value="">everything</option>
`)
		for _, k := range auditKinds {
			w.HTML("<option").Attr("value", k.Name)
			if k.Name == a.Kind {
				w.HTML(" selected")
			}
			w.HTML(">").Text(k.Value).HTML("</option>\n")
		}
		w.HTML("</select> <button class=\"primary\">Show</button></p>\n</form>\n")
		w.HTML("<section aria-labelledby=\"emergencies\">\n<h2 id=\"emergencies\">Opened in an emergency, not reviewed yet</h2>\n")
		if len(a.Open) == 0 {
			w.HTML("<p>None.</p>\n")
		} else {
			accesses(w, "Records that were opened in an emergency", a.Open)
		}
		w.HTML("</section>\n")
	}
	w.HTML("<section aria-labelledby=\"events\">\n<h2 id=\"events\">Who was shown what</h2>\n")
	if len(a.Events) == 0 {
		w.HTML("<p>Nothing is recorded of this.</p>\n")
	} else {
		accesses(w, "The newest first", a.Events)
	}
	if a.More {
		w.HTML("<p>The newest ").Text(strconv.Itoa(len(a.Events))).HTML(" are shown; there are more. Choose fewer days.</p>\n")
	}
	w.HTML("</section>\n")
}

func accesses(w *markup.Writer, caption string, list []access) {
	w.HTML("<div class=\"scroll\" role=\"region\" tabindex=\"0\"").Attr("aria-label", "Table: "+caption).HTML(">\n<table>\n<caption>").Text(caption).HTML("</caption>\n<thead><tr><th scope=\"col\">When</th><th scope=\"col\">Who</th><th scope=\"col\">What</th><th scope=\"col\">Came of it</th><th scope=\"col\">About</th></tr></thead>\n<tbody>\n")
	for _, a := range list {
		w.HTML("<tr><td class=\"time\">")
		a.When.write(w)
		w.HTML("</td><th scope=\"row\">").Text(a.Who)
		if a.As != "" {
			w.HTML("<br><span class=\"soft\">").Text(a.As).HTML("</span>")
		}
		w.HTML("</th><td>").Text(a.What)
		if a.Purpose != "" {
			w.HTML(" <span class=\"tag\">").Text(a.Purpose).HTML("</span>")
		}
		w.HTML("</td><td>").Text(a.How).HTML("</td><td>")
		for i := range a.About {
			if a.About[i].Text == "" {
				continue
			}
			a.About[i].write(w)
			w.HTML("<br>")
		}
		w.HTML("</td></tr>\n")
	}
	w.HTML("</tbody>\n</table>\n</div>\n")
}

// auditKinds are kinds of records, by the code of their subtype.
var auditKinds = []fact{{"read", "reads"}, {"search", "searches"}, {"history", "histories"}, {"create", "creates"}, {"update", "updates"}, {"operation", "operations"}, {"110127", "opened in an emergency"}, {"sign-in", "sign-ins"}}

// audits reports whether the role reads the audit log.
func (v *visit) audits() bool { return v.reads("AuditEvent") }

func (v *visit) audit() (view, error) {
	q := v.r.URL.Query()
	out := &auditScreen{Heading: "Audit", Filter: true, From: q.Get("from"), Until: q.Get("until"), Kind: q.Get("kind")}
	if !v.audits() {
		return nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "The audit log is for auditors and the superintendent."}
	}
	pairs := []string{"_sort", "-date", "_count", strconv.Itoa(mostEvents)}
	if out.From != "" {
		pairs = append(pairs, "date", "ge"+literal(out.From))
	}
	if out.Until != "" {
		pairs = append(pairs, "date", "le"+literal(out.Until))
	}
	if out.Kind != "" {
		pairs = append(pairs, "subtype", literal(out.Kind))
	}
	answers, err := v.read(v.searched("AuditEvent", pairs...), v.searched("Task", "code", ownSystems+"CodeSystem/log|break-glass", "status", "requested", "_count", "20"))
	if err != nil {
		return nil, err
	}
	if !answers[0].ok() {
		return nil, refusedBy(answers[0])
	}
	v.recorded(out, answers[0])
	for _, t := range answers[1].resources() {
		n := t.Root()
		patient := n.Path("for", "reference").Text()
		out.Open = append(out.Open, access{When: momentOf(n.Get("authoredOn").Text(), v.now()), Who: partyOf(n.Get("requester")), What: v.conceptOf(n.Get("reasonCode")), How: n.Get("description").Text(),
			About: []tab{{Text: patient, Href: address("patient", idIn(patient, "Patient"), "access")}, {Text: "Task/" + t.ID(), Href: address("history", "Task", t.ID())}}})
	}
	return out, nil
}

// accessReport is who was shown the record of a patient.
func (v *visit) accessReport() (view, error) {
	id := v.r.PathValue("id")
	if !fhir.IsID(id) {
		return v.nowhere()
	}
	if !v.audits() {
		return nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "The audit log is for auditors and the superintendent."}
	}
	a, err := v.ask(http.MethodGet, "Patient/"+id+"/$access-report", nil)
	if err != nil {
		return nil, err
	}
	if !a.ok() {
		return nil, refusedBy(a)
	}
	v.json = fhirPath + "/Patient/" + id + "/$access-report"
	out := &auditScreen{Heading: "Who was shown the record of this patient"}
	v.recorded(out, a)
	if len(out.Events) > mostEvents {
		out.Events, out.More = out.Events[:mostEvents], true
	}
	return out, nil
}

// recorded reads records of the audit log.
func (v *visit) recorded(out *auditScreen, a *answer) {
	for link := range a.resource.Get("link").Items() {
		out.More = out.More || link.Get("relation").Text() == "next"
	}
	for _, r := range ofType(a.resources(), "AuditEvent") {
		n := r.Root()
		e := access{When: momentOf(n.Get("recorded").Text(), v.now())}
		if t, ok := timeOf(n.Get("recorded").Text(), v.config.Zone); !ok && !t.IsZero() {
			e.When.Words = t.Format("2 Jan 2006 15:04:05 MST")
		}
		for g := range n.Get("agent").Items() {
			if g.Get("requestor").Bool() || e.Who == "" {
				if e.Who = g.Get("name").Text(); e.Who == "" {
					e.Who = partyOf(g.Get("who"))
				}
				e.As = strings.Join(nonempty([]string{g.Get("role").Item(0).Get("text").Text(), g.Get("altId").Text()}), ", ")
			}
			for p := range g.Get("purposeOfUse").Items() {
				e.Purpose = p.Get("coding").Item(0).Get("code").Text()
			}
		}
		for s := range n.Get("subtype").Items() {
			e.What = s.Get("code").Text()
		}
		e.How = map[string]string{"0": "done", "4": "refused", "8": "failed", "12": "failed"}[n.Get("outcome").Text()]
		for x := range n.Get("entity").Items() {
			ref := strings.Split(x.Path("what", "reference").Text(), "/")
			if len(ref) >= 2 && len(e.About) < 6 {
				e.About = append(e.About, tab{Text: ref[0] + "/" + ref[1], Href: address("history", ref[0], ref[1])})
			}
		}
		e.About = slices.Compact(e.About)
		out.Events = append(out.Events, e)
	}
}
