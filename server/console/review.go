package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// review is all that somebody decides on: a prescription with what is known of its patient.
type review struct {
	Task, Version, Number string
	Clinic                string
	Answer                Line
	Banner                banner
	Allergies             []string
	Items                 []reviewed
	Holds                 []held
	Issues                []finding
	Records               []event
	Before                []event // supplies of the last six months
	Observations          []event
	Missing               []string // what the role is not shown
	Buttons               []button
	Quick                 string // the key by which it is approved at once; "" where there is something to answer
	Back                  string // where a decision leads, "" for the prescription
	Done                  string
	Past                  bool
}

// reviewed is an item as somebody decides on it.
type reviewed struct {
	Place, Medicine, Quantity, InWords, Dose string
	Schedule                                 string
	Status                                   string
	Last                                     string
}

// held is why an item is not supplied.
type held struct{ Item, Code, Text, Release string }

// finding is a clinical issue with what was done about it.
type finding struct {
	Severity, Text, Detail, Rule string
	Mitigated                    string
	Href                         string // where it is answered, "" where it is not to be
}

// button is an act: it is done at once by a form, or asks for more on a page.
type button struct {
	Op, Words, Key string
	Next           bool   // the prescription goes on by it
	Href           string // of the page that asks for more
	At             string // where the form is sent that does it at once; "" where there is none
}

func (r *review) title() string { return "Review " + r.Number }

func (r *review) write(w *markup.Writer) {
	if r.Done != "" {
		w.HTML(`<p class="note" role="status">`).Text(r.Done).HTML("</p>\n")
	}
	r.body(w, "h1")
}

// body writes the review: on a page of its own with a heading of the first level, beside
// a queue with one of the second.
func (r *review) body(w *markup.Writer, heading string) {
	if heading == "h1" {
		w.HTML("<h1><a").Attr("href", address("order", r.Number)).HTML(">Prescription ").Text(r.Number).HTML("</a></h1>\n")
	} else {
		w.HTML("<h2><a").Attr("href", address("order", r.Number)).HTML(">Prescription ").Text(r.Number).HTML("</a></h2>\n")
	}
	w.HTML("<p class=\"soft\">Version ").Text(r.Version)
	if r.Clinic != "" {
		w.HTML(", from ").Text(r.Clinic)
	}
	w.HTML("</p>\n")
	r.Banner.write(w, true)
	if r.Answer.State != "" {
		w.HTML("<p><strong>").Text(r.Answer.State).HTML("</strong>")
		if r.Answer.By != "" {
			w.HTML("; ").Text(r.Answer.By)
		}
		w.HTML("</p>\n")
	}
	w.HTML("<p><strong>Allergies:</strong> ")
	if len(r.Allergies) == 0 {
		w.HTML("none recorded")
	}
	w.Text(strings.Join(r.Allergies, ", ")).HTML("</p>\n")
	r.items(w)
	r.buttons(w)
	for _, h := range r.Holds {
		w.HTML(`<div class="hold"><p><strong>Held: `).Text(h.Code).HTML("</strong> ").Text(h.Item).HTML("<br>").Text(h.Text)
		if h.Release != "" && !r.Past {
			w.HTML("<br><a").Attr("href", h.Release).HTML(">Release the hold ").Text(h.Code).HTML("</a>")
		}
		w.HTML("</p></div>\n")
	}
	r.findings(w)
	part := func(id, words, empty string, list []event) {
		w.HTML("<details open><summary>").Text(words).HTML("</summary>\n")
		if len(list) == 0 {
			w.HTML("<p>").Text(empty).HTML("</p>\n")
		} else {
			(&timeline{Events: list}).write(w)
		}
		w.HTML("</details>\n")
	}
	part("records", "What was decided", "Nothing yet.", r.Records)
	part("before", "Supplies of the last six months", "None is recorded.", r.Before)
	part("observations", "Observations", "None is recorded.", r.Observations)
	if len(r.Missing) > 0 {
		w.HTML("<p>Hidden by your role: ").Text(strings.Join(r.Missing, ", ")).HTML(".</p>\n")
	}
}

func (r *review) items(w *markup.Writer) {
	w.HTML("<table class=\"entries\">\n<caption>What was prescribed</caption>\n<thead><tr><th scope=\"col\">Item</th><th scope=\"col\">Quantity</th><th scope=\"col\">State</th></tr></thead>\n<tbody>\n")
	for _, i := range r.Items {
		w.HTML("<tr><th scope=\"row\">").Text(i.Place + " " + i.Medicine)
		if i.Schedule != "" {
			w.HTML(` <span class="tag">`).Text(i.Schedule).HTML("</span>")
		}
		if i.Dose != "" {
			w.HTML("<br><span class=\"soft\">").Text(i.Dose).HTML("</span>")
		}
		w.HTML(`</th><td data-label="Quantity">`).Text(i.Quantity)
		if i.InWords != "" {
			w.HTML("<br><span class=\"soft\">").Text(i.InWords).HTML("</span>")
		}
		w.HTML(`</td><td data-label="State">`).Text(i.Status)
		if i.Last != "" {
			w.HTML("<br><span class=\"soft\">until ").Text(i.Last).HTML("</span>")
		}
		w.HTML("</td></tr>\n")
	}
	w.HTML("</tbody>\n</table>\n")
}

func (r *review) findings(w *markup.Writer) {
	if len(r.Issues) == 0 {
		return
	}
	w.HTML("<ul class=\"issues\" aria-label=\"Clinical issues\">\n")
	for _, f := range r.Issues {
		w.HTML("<li").Attr("class", f.Severity).HTML("><strong>").Text(f.Text).HTML("</strong> ").Text(f.Detail)
		if f.Rule != "" {
			w.HTML(` <code>`).Text(f.Rule).HTML("</code>")
		}
		if f.Mitigated != "" {
			w.HTML("<br>Answered: ").Text(f.Mitigated)
		} else if f.Href != "" && !r.Past {
			w.HTML("<br><a").Attr("href", f.Href).HTML(">Say what was done about it</a>")
		}
		w.HTML("</li>\n")
	}
	w.HTML("</ul>\n")
}

// buttons are the acts. The first is done at once where there is nothing to answer.
func (r *review) buttons(w *markup.Writer) {
	if r.Past || len(r.Buttons) == 0 {
		return
	}
	w.HTML("<div class=\"acts\" id=\"acts\">\n")
	folded := false
	for _, b := range r.Buttons {
		if b.rank() == 2 && !folded {
			folded = true
			w.HTML("</div>\n<details><summary>More acts</summary>\n<div class=\"acts\">\n")
		}
		if b.At == "" {
			w.HTML("<a").Attr("href", b.Href).Attr("data-op", b.Op).HTML(">").Text(b.Words)
			if b.Key != "" {
				w.HTML(" <kbd>").Text(b.Key).HTML("</kbd>")
			}
			w.HTML("</a>\n")
			continue
		}
		w.HTML("<form method=\"post\"").Attr("action", b.At).Attr("data-op", b.Op).HTML(">\n")
		hidden(w, "version", r.Version)
		hidden(w, "back", r.Back)
		w.HTML("<button class=\"primary\">").Text(b.Words)
		if b.Key != "" {
			w.HTML(" <kbd>").Text(b.Key).HTML("</kbd>")
		}
		w.HTML("</button></form>\n")
	}
	w.HTML("</div>\n")
	if folded {
		w.HTML("</details>\n")
	}
}

func hidden(w *markup.Writer, name, value string) {
	w.HTML(`<input type="hidden"`).Attr("name", name).Attr("value", value).HTML(">\n")
}

func (v *visit) reviewPage() (view, error) {
	r, err := v.reviewOf(v.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	r.Done = doneWords(v.r.URL.Query().Get("done"))
	return r, nil
}

// reviewOf reads a prescription with what is known of its patient.
func (v *visit) reviewOf(id string) (*review, error) {
	first, err := v.read(v.one("Task", id))
	if err != nil {
		return nil, err
	}
	if !first[0].ok() {
		return nil, refusedBy(first[0])
	}
	task := first[0].resource
	n := task.Root()
	if codedIn(n.Get("code"), "message-event") != "prescription-order" {
		return nil, &problem{status: http.StatusNotFound, heading: "This is not the Task of a prescription", message: "Open the prescription from a queue, or find it by its number."}
	}
	v.json = fhirPath + "/Task/" + task.ID()
	number := n.Path("groupIdentifier", "value").Text()
	patient := n.Path("for", "reference").Text()
	answers, err := v.read(v.one("Patient", idIn(patient, "Patient")),
		v.searched("MedicationRequest", "group-identifier", literal(number), "_count", "50"),
		v.searched("DetectedIssue", "patient", patient, "_count", "50", "_sort", "-identified"),
		v.searched("MedicationDispense", "patient", patient, "whenhandedover", "ge"+ago(v.now(), 6), "_sort", "-whenhandedover", "_count", "20"),
		v.searched("Observation", "patient", patient, "_sort", "-date", "_count", "10"),
		v.searched("AllergyIntolerance", "patient", patient, "_count", "20"))
	if err != nil {
		return nil, err
	}
	r := &review{Task: task.ID(), Version: task.VersionID(), Number: number, Clinic: partyOf(n.Get("requester")), Past: v.at() != "", Back: address("task", task.ID())}
	if answers[0].ok() {
		r.Banner = v.bannerOf(answers[0].resource)
	}
	for i, kind := range []string{"prescribed items", "clinical issues", "supplies", "observations", "allergies"} {
		if answers[i+1].status >= 400 {
			r.Missing = append(r.Missing, kind)
		}
	}
	requests := answers[1].resources()
	r.Items = v.reviewedItems(n, requests)
	v.decided(r, n)
	v.findingsOf(r, answers[2].resources(), requests)
	var before, seen timeline
	v.happened(&before, answers[3].resources(), nil)
	r.Before = before.Events
	for _, o := range answers[4].resources() {
		seen.Events = append(seen.Events, event{When: momentOf(o.Get("effectiveDateTime").Text(), v.now()), Kind: v.conceptOf(o.Get("code")), Words: v.valueOf(o.Root())})
	}
	r.Observations = seen.Events
	for _, a := range answers[5].resources() {
		r.Allergies = append(r.Allergies, v.conceptOf(a.Get("code")))
	}
	told, err := v.lines([]*fhir.Resource{task})
	if err != nil {
		return nil, err
	}
	r.Answer = told[0].whole
	v.buttonsOf(r, n, &told[0])
	return r, nil
}

// valueOf is what was observed.
func (v *visit) valueOf(o fhir.Node) string {
	if q := o.Get("valueQuantity"); q.Exists() {
		return amountOf(q)
	}
	if s := o.Get("valueString").Text(); s != "" {
		return s
	}
	if c := v.conceptOf(o.Get("valueCodeableConcept")); c != "" {
		return c
	}
	var parts []string
	for c := range o.Get("component").Items() {
		parts = append(parts, strings.TrimSpace(v.conceptOf(c.Get("code"))+" "+amountOf(c.Get("valueQuantity"))))
	}
	return strings.Join(parts, ", ")
}

// extension is the first extension of a URL that ends as named.
func extension(n fhir.Node, end string) fhir.Node {
	for e := range n.Get("extension").Items() {
		if u := e.Get("url").Text(); u == end || strings.HasSuffix(u, "/"+end) {
			return e
		}
	}
	return fhir.Node{}
}

// reviewedItems are the items of a Task with what was ordered.
func (v *visit) reviewedItems(task fhir.Node, requests []*fhir.Resource) (list []reviewed) {
	byRef := map[string]*fhir.Resource{}
	for _, r := range requests {
		byRef["MedicationRequest/"+r.ID()] = r
	}
	for in := range task.Get("input").Items() {
		ref := in.Path("valueReference", "reference").Text()
		if !strings.HasPrefix(ref, "MedicationRequest/") {
			continue
		}
		i := reviewed{Place: strconv.Itoa(len(list)+1) + ".", Medicine: in.Path("valueReference", "display").Text(),
			Status: v.codingOf(extension(extension(in, "Extension-EPS-DispensingInformation"), "dispenseStatus").Get("valueCoding")),
			Last:   momentOf(extension(in, "last-day").Get("valueDate").Text(), v.now()).Words}
		if r := byRef[ref]; r != nil {
			i.Medicine = v.medicineOf(r.Root())
			i.Quantity = amountOf(r.Root().Path("dispenseRequest", "quantity"))
			i.Dose = r.Get("dosageInstruction").Item(0).Get("text").Text()
			drug := extension(r.Root(), "Extension-DM-ControlledDrug")
			i.InWords = extension(drug, "quantityWords").Get("valueString").Text()
			i.Schedule = v.codingOf(extension(drug, "schedule").Get("valueCoding"))
		}
		list = append(list, i)
	}
	return list
}

// itemNames are the numbers of the items of a Task with their names.
func itemNames(task fhir.Node) (list []fact) {
	for in := range task.Get("input").Items() {
		if ref := in.Get("valueReference"); strings.HasPrefix(ref.Get("reference").Text(), "MedicationRequest/") {
			list = append(list, fact{ref.Path("identifier", "value").Text(), ref.Get("display").Text()})
		}
	}
	return list
}

// decided reads the holds of a Task, and what was recorded on it.
func (v *visit) decided(r *review, task fhir.Node) {
	names := map[string]string{}
	for _, i := range itemNames(task) {
		names[strings.ToLower(i.Name)] = i.Value
	}
	for in := range task.Get("input").Items() {
		code, kind := coded(in.Get("type"), ownSystems+"CodeSystem/hold"), in.Path("type", "text").Text()
		a := in.Get("valueAnnotation")
		when, who, said := momentOf(a.Get("time").Text(), v.now()), a.Path("authorReference", "display").Text(), a.Get("text").Text()
		if code != "" {
			about := extension(in, "hold")
			item := extension(about, "item").Get("valueString").Text()
			if kind == "Held" {
				h := held{Item: names[strings.ToLower(item)], Code: code, Text: extension(about, "text").Get("valueString").Text()}
				if v.acts("Task/$release-hold") && code != "CLINICAL" {
					h.Release = actAddress("Task", r.Task, "release-hold") + "?" + values("hold", code, "item", item, "about", extension(about, "about").Get("valueString").Text(), "set", "hold,item,about")
				}
				if who != "" {
					h.Text += " (" + who + ", " + when.Words + ")"
				}
				r.Holds = append(r.Holds, h)
				continue
			}
			r.Records = append(r.Records, event{When: when, Kind: "Released: " + code, Words: strings.TrimSpace(who + ": " + said)})
			continue
		}
		if c := coded(in.Get("type"), ownSystems+"CodeSystem/dispensing-record"); c != "" {
			words := said
			if item := names[strings.ToLower(extension(extension(in, "dispensing-record"), "item").Get("valueString").Text())]; item != "" {
				words += " (" + item + ")"
			}
			if extension(extension(in, "dispensing-record"), "void").Get("valueBoolean").Bool() {
				words += " – has no effect any more"
			}
			r.Records = append(r.Records, event{When: when, Kind: v.conceptOf(in.Get("type")), Words: strings.TrimSpace(who + ": " + words)})
		}
	}
	r.Records = sorted(r.Records)
}

// findingsOf are the clinical issues of the items of a prescription.
func (v *visit) findingsOf(r *review, issues, requests []*fhir.Resource) {
	var refs []string
	for _, q := range requests {
		refs = append(refs, "MedicationRequest/"+q.ID())
	}
	for _, d := range issues {
		n, ours := d.Root(), false
		for i := range n.Get("implicated").Items() {
			ours = ours || slices.Contains(refs, i.Get("reference").Text())
		}
		if status := n.Get("status").Text(); !ours || status == "cancelled" || status == "entered-in-error" {
			continue
		}
		f := finding{Text: n.Path("code", "text").Text(), Detail: n.Get("detail").Text(), Rule: coded(n.Get("code"), ownSystems+"CodeSystem/clinical-rule")}
		f.Severity = map[string]string{"high": "error", "moderate": "warning", "low": "information"}[n.Get("severity").Text()]
		for m := range n.Get("mitigation").Items() {
			f.Mitigated = strings.Join(nonempty([]string{v.conceptOf(m.Get("action")), m.Path("action", "text").Text(), partyOf(m.Get("author"))}), ", ")
		}
		if f.Mitigated == "" && v.acts("DetectedIssue/$mitigate") {
			f.Href = actAddress("DetectedIssue", d.ID(), "mitigate") + "?" + values("back", r.Back)
		}
		r.Issues = append(r.Issues, f)
	}
}
