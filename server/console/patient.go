package console

import (
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// mostOrders is how many prescriptions of a patient are shown: the newest.
const mostOrders = 10

// patientScreen is a patient with where each of their prescriptions is.
type patientScreen struct {
	Banner banner
	Orders []brief
	More   int // how many prescriptions there are besides, 0 for none
	Events timeline
	Doors  []tab // what can be done
	Done   string
}

// brief is a prescription with the answer line.
type brief struct {
	Number, Href string
	Clinic       string
	Answer       Line
}

func (p *patientScreen) title() string { return "Patient" }

func (p *patientScreen) write(w *markup.Writer) {
	w.HTML("<h1>Patient</h1>\n")
	if p.Done != "" {
		w.HTML(`<p class="note" role="status">`).Text(p.Done).HTML("</p>\n")
	}
	p.Banner.write(w, false)
	w.HTML("<section aria-labelledby=\"orders\">\n<h2 id=\"orders\">Where their prescriptions are</h2>\n")
	if len(p.Orders) == 0 {
		w.HTML("<p>No prescription of this patient is here. Ask the clinic whether it was sent, and to which pharmacy.</p>\n")
	}
	for _, o := range p.Orders {
		w.HTML("<article class=\"answer\">\n<h3><a").Attr("href", o.Href).HTML(">Prescription ").Text(o.Number).HTML("</a></h3>\n")
		o.Answer.write(w)
		if o.Clinic != "" {
			w.HTML("<p>From ").Text(o.Clinic).HTML("</p>\n")
		}
		w.HTML("</article>\n")
	}
	if p.More > 0 {
		w.HTML("<p>These are the newest; there are ").Text(strconv.Itoa(p.More)).HTML(" more. Find one by its number.</p>\n")
	}
	w.HTML("</section>\n")
	doors(w, p.Doors)
	w.HTML("<section aria-labelledby=\"happened\">\n<h2 id=\"happened\">What happened</h2>\n")
	p.Events.write(w)
	w.HTML("</section>\n")
}

// doors are links to what can be done.
func doors(w *markup.Writer, list []tab) { doorsOf(w, "What can be done", list) }

// doorsOf are links under a name.
func doorsOf(w *markup.Writer, name string, list []tab) {
	if len(list) == 0 {
		return
	}
	w.HTML("<nav").Attr("aria-label", name).HTML(">\n<ul class=\"doors\">\n")
	for _, t := range list {
		w.HTML("<li>")
		t.write(w)
		w.HTML("</li>\n")
	}
	w.HTML("</ul>\n</nav>\n")
}

func (v *visit) patient() (view, error) {
	id := v.r.PathValue("id")
	who := "Patient/" + id
	answers, err := v.read(v.one("Patient", id),
		v.searched("Task", "patient", who, "code", "prescription-order", "_sort", "-authored-on", "_count", strconv.Itoa(mostOrders), "_total", "accurate"),
		v.timelineOf(id, ""))
	if err != nil {
		return nil, err
	}
	if !answers[0].ok() {
		return nil, refusedBy(answers[0])
	}
	v.json = fhirPath + "/" + who
	out := &patientScreen{Banner: v.bannerOf(answers[0].resource)}
	tasks := answers[1].resources()
	if out.More = answers[1].total() - len(tasks); out.More < 0 {
		out.More = 0
	}
	lines, err := v.lines(tasks)
	if err != nil {
		return nil, err
	}
	for i, task := range tasks {
		number := task.Root().Path("groupIdentifier", "value").Text()
		out.Orders = append(out.Orders, brief{Number: number, Href: v.pinned(address("order", number)), Clinic: partyOf(task.Get("requester")), Answer: lines[i].whole})
	}
	out.Events.Missing = v.untold()
	v.tell(&out.Events, answers[2], nil)
	out.Events.Events = sorted(out.Events.Events)
	out.Done = doneWords(v.r.URL.Query().Get("done"))
	if v.at() == "" && v.acts("Patient/$note") && v.operation("Patient", "note") != nil {
		out.Doors = append(out.Doors, tab{Text: actOf("Patient", "note").words, Href: actAddress("Patient", id, "note")})
	}
	if v.audits() {
		out.Doors = append(out.Doors, tab{Text: "Who was shown this record", Href: address("patient", id, "access")}, tab{Text: "Every version", Href: address("history", "Patient", id)})
	}
	if v.at() == "" && v.acts("Patient/$break-glass") && v.operation("Patient", "break-glass") != nil && v.hidden {
		out.Doors = append(out.Doors, tab{Text: "Open in an emergency…", Href: actAddress("Patient", id, "break-glass")})
	}
	return out, nil
}

// pinned is an address of the same instant that is looked at.
func (v *visit) pinned(to string) string {
	if at := v.at(); at != "" {
		return to + "?at=" + queryEscape(at)
	}
	return to
}

// partyOf is an organisation or a person that a reference names.
func partyOf(ref fhir.Node) string {
	if d := ref.Get("display").Text(); d != "" {
		return d
	}
	return ref.Path("identifier", "value").Text()
}
