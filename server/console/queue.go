package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// mostRows is how many rows of a queue are shown: those that are due first.
const mostRows = 50

// queues are the lists of work, in the order of their tabs.
var queues = []struct {
	name, words string
	typ         string
	pairs       []string // of the search
	empty       string   // what is said where nothing waits
}{
	{"new", "New", "Task", []string{"code", "prescription-order", "status", "requested,ready", "_sort", "last-day"}, "No prescription waits to be taken up."},
	{"in-hand", "In hand", "Task", []string{"code", "prescription-order", "status", "accepted,in-progress", "_sort", "last-day"}, "The pharmacy has taken up no prescription that is not finished."},
	{"legal-hold", "Legal", "", nil, "Nothing is held for a question about the prescription itself."},
	{"clinical-hold", "Clinical", "", nil, "Nothing is held for the patient’s sake."},
	{"awaiting-original", "Original", "", nil, "No paper original is awaited."},
	{"query", "Query", "", nil, "The clinics have been asked nothing that is open."},
	{"second-check", "Second check", "", nil, "Nothing waits for a second person."},
	{"collection", "To collect", "", nil, "Nothing is in the bag to be collected."},
	{"delivery", "To deliver", "", nil, "Nothing is in the bag to be delivered."},
	{"in-transit", "With courier", "", nil, "No courier has anything."},
	{"failed-delivery", "Failed", "", nil, "No delivery has failed."},
	{"owing", "Owing", "", nil, "Nothing is owed to a patient."},
	{"claims", "Claims", "ClaimResponse", []string{"_tag", ownSystems + "CodeSystem/queue|claim-incomplete", "status", "active", "_sort", "-stake"}, "No claim lacks anything."},
}

// queueSearch is the type and the search of a queue, "" where there is none.
func queueSearch(name string) (typ string, pairs []string) {
	for _, q := range queues {
		switch {
		case q.name != name:
		case q.typ != "":
			return q.typ, q.pairs
		default:
			return "Task", []string{"code", ownSystems + "CodeSystem/queue|" + name, "status", "received", "_sort", "last-day"}
		}
	}
	return "", nil
}

// queueScreen is a list of work, with the review of one of its rows beside it.
type queueScreen struct {
	Name, Words string
	Tabs        []tab
	Rows        []row
	More        int    // rows that are not shown
	Empty       string // what is said where there is none
	Done        string // what was done just now
	Since       string // the instant of what is shown, from which its changes are told
	Stopped     bool   // of the past: nothing is told of changes
	Review      *review
}

// row is something that waits.
type row struct {
	ID, Version string
	Due         string
	Patient     string
	Item        string
	Why         string
	Href        string
	Open        bool // it is the one whose review is shown
	Late        bool
}

func (q *queueScreen) title() string {
	return q.Words + " (" + strconv.Itoa(len(q.Rows)+q.More) + ")"
}

func (q *queueScreen) write(w *markup.Writer) {
	w.HTML("<h1>").Text(q.Words).HTML("</h1>\n<nav aria-label=\"Queues\">\n<ul class=\"tabs\">\n")
	for _, t := range q.Tabs {
		w.HTML("<li>")
		t.write(w)
		w.HTML("</li>\n")
	}
	w.HTML("</ul>\n</nav>\n")
	w.HTML(`<p id="said" role="status">`).Text(q.Done).HTML("</p>\n")
	if !q.Stopped {
		w.HTML(`<p class="live"><span id="live"`).Attr("data-queue", q.Name).Attr("data-since", q.Since).HTML(`>Reload to see what has changed.</span> <button id="reload" type="button" hidden>Show <span id="changed"></span> <kbd>N</kbd></button></p>` + "\n")
	}
	w.HTML("<div class=\"panes\">\n<div>\n")
	q.table(w)
	w.HTML("</div>\n")
	if q.Review != nil {
		w.HTML("<section class=\"pane\" aria-label=\"Review\">\n")
		q.Review.body(w, "h2")
		w.HTML("</section>\n")
	}
	w.HTML("</div>\n")
}

func (q *queueScreen) table(w *markup.Writer) {
	if len(q.Rows) == 0 {
		w.HTML("<p>").Text(q.Empty).HTML("</p>\n")
		return
	}
	w.HTML("<table class=\"entries queue\" id=\"queue\">\n<caption>What waits, what is due first at the top</caption>\n<thead><tr><th scope=\"col\">Due</th><th scope=\"col\">Patient</th><th scope=\"col\">Item</th><th scope=\"col\">Why</th></tr></thead>\n<tbody>\n")
	for _, r := range q.Rows {
		w.HTML("<tr")
		if r.Open {
			w.HTML(` class="open"`)
		}
		w.Attr("data-id", r.ID).Attr("data-version", r.Version).HTML(`><td data-label="Due">`)
		if r.Late {
			w.HTML("<strong>").Text(r.Due).HTML("</strong>")
		} else {
			w.Text(r.Due)
		}
		w.HTML("</td><th scope=\"row\"><a").Attr("href", r.Href)
		if r.Open {
			w.HTML(` aria-current="true"`)
		}
		name := r.Patient
		if name == "" {
			name = "Name not shown"
		}
		w.HTML(">").Text(name).HTML(`</a></th><td data-label="Item">`).Text(r.Item).HTML(`</td><td data-label="Why">`).Text(r.Why).HTML("</td></tr>\n")
	}
	w.HTML("</tbody>\n</table>\n")
	if q.More > 0 {
		w.HTML("<p>These are due first; ").Text(strconv.Itoa(q.More)).HTML(" more wait.</p>\n")
	}
}

// worksQueues reports whether the role does the work of the queues.
func (v *visit) worksQueues() bool { return v.acts("Task/$release") || v.acts("Task/$approve") }

func (v *visit) firstQueue() (view, error) {
	return nil, &elsewhere{address("queue", queues[0].name)}
}

func (v *visit) queue() (view, error) {
	name := v.r.PathValue("name")
	typ, pairs := queueSearch(name)
	if typ == "" {
		return v.nowhere()
	}
	if !v.worksQueues() || !v.reads("Task") {
		return nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "The queues are for the people of the pharmacy."}
	}
	paths := []string{v.searched(typ, append(slices.Clone(pairs), "_count", strconv.Itoa(mostRows), "_total", "accurate")...)}
	for _, q := range queues {
		t, p := queueSearch(q.name)
		paths = append(paths, v.searched(t, append(slices.Clone(p), "_summary", "count")...))
	}
	answers, err := v.read(paths...)
	if err != nil {
		return nil, err
	}
	if !answers[0].ok() {
		return nil, refusedBy(answers[0])
	}
	out := &queueScreen{Name: name, Since: v.settled(), Stopped: v.at() != ""}
	for i, q := range queues {
		if n := answers[i+1].total(); n >= 0 {
			out.Tabs = append(out.Tabs, tab{Text: q.words, Href: v.pinned(address("queue", q.name)), Count: strconv.Itoa(n), Open: q.name == name})
		}
		if q.name == name {
			out.Words, out.Empty = q.words, q.empty
		}
	}
	list := ofType(answers[0].resources(), typ)
	if out.More = answers[0].total() - len(list); out.More < 0 {
		out.More = 0
	}
	open := v.r.URL.Query().Get("sel")
	for _, r := range list {
		row, task := v.rowOf(name, r)
		if row.Open = row.ID == open; row.Open && task != "" {
			if out.Review, err = v.reviewOf(task); err != nil {
				return nil, err
			}
			out.Review.Back = address("queue", name)
		}
		out.Rows = append(out.Rows, row)
	}
	out.Done = doneWords(v.r.URL.Query().Get("done"))
	return out, nil
}

// rowOf is what is shown of something that waits, and the Task of its prescription.
func (v *visit) rowOf(queue string, r *fhir.Resource) (out row, task string) {
	n := r.Root()
	out = row{ID: r.ID(), Version: r.VersionID(), Patient: n.Path("for", "display").Text(), Item: n.Get("basedOn").Item(0).Get("display").Text()}
	task = idIn(n.Path("focus", "reference").Text(), "Task")
	if codedIn(n.Get("code"), "message-event") == "prescription-order" {
		task = r.ID()
		var items []string
		for in := range n.Get("input").Items() {
			if d := in.Path("valueReference", "display").Text(); d != "" {
				items = append(items, d)
			}
		}
		out.Item = strings.Join(items, ", ")
		out.Why = v.conceptOf(n.Get("businessStatus"))
	} else {
		out.Why = n.Path("reasonCode", "text").Text()
	}
	if r.Type() == "ClaimResponse" {
		out.Patient, out.Item, out.Why = n.Path("patient", "display").Text(), "", n.Get("disposition").Text()
		out.Href = address("fhir", "ClaimResponse", r.ID())
		return out, ""
	}
	if len(out.Why) > 160 {
		out.Why = strings.ToValidUTF8(out.Why[:157], "") + "…"
	}
	if t, ok := timeOf(lastDay(n), v.config.Zone); ok {
		switch left := days(v.now(), t); {
		case left < 0:
			out.Due, out.Late = "over", true
		case left == 0:
			out.Due, out.Late = "today", true
		default:
			out.Due, out.Late = plural(left, "day"), left <= 3
		}
	}
	out.Href = address("queue", queue) + "?" + url.Values{"sel": {r.ID()}}.Encode()
	return out, task
}

// lastDay is the last day on which what is outstanding of a Task may be supplied: of a
// prescription the earliest of its items, which tell it by the law of each (of a controlled
// drug of Schedules 2 to 4 it is sooner than of others), else that of the Task.
func lastDay(task fhir.Node) (day string) {
	for in := range task.Get("input").Items() {
		if d := extension(in, "last-day").Get("valueDate").Text(); d != "" && (day == "" || d < day) {
			day = d
		}
	}
	return cmp.Or(day, task.Path("restriction", "period", "end").Text())
}

// ago is the day some months before a time.
func ago(now time.Time, months int) string { return now.AddDate(0, -months, 0).Format(time.DateOnly) }
