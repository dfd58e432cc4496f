package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// orderScreen is a prescription: the answer first.
type orderScreen struct {
	Number, Clinic string
	Kind           string // NHS or private
	Answer         Line
	EPS            string // how far it is by the words of EPS
	Banner         banner
	Items          []item
	Money          []fact
	Doors          []tab
	Events         timeline
	Done           string // what was done just now
}

// item is one of a prescription.
type item struct {
	Place    string
	Medicine string // as the role is shown it
	Quantity string
	Dose     string
	Answer   Line
	App      string // what the NHS App shows
}

func (o *orderScreen) title() string { return "Prescription " + o.Number }

func (o *orderScreen) write(w *markup.Writer) {
	w.HTML("<h1>Prescription ").Text(o.Number).HTML("</h1>\n")
	if o.Done != "" {
		w.HTML(`<p class="note" role="status">`).Text(o.Done).HTML("</p>\n")
	}
	w.HTML("<section class=\"answer\" aria-label=\"Where it is\">\n")
	o.Answer.write(w)
	facts(w, []fact{{"EPS says", o.EPS}, {"From", o.Clinic}, {"Paid by", o.Kind}})
	w.HTML("</section>\n")
	o.Banner.write(w, true)
	doors(w, o.Doors)
	if len(o.Items) > 0 {
		w.HTML("<section aria-labelledby=\"items\">\n<h2 id=\"items\">Items</h2>\n<div class=\"scroll\" role=\"region\" aria-label=\"Table of the items\" tabindex=\"0\">\n<table class=\"entries\">\n<caption>The items, where each is, and what the NHS App shows</caption>\n<thead><tr><th scope=\"col\">Item</th>")
		quantities := slices.ContainsFunc(o.Items, func(i item) bool { return i.Quantity != "" }) // which a role may not be shown
		if quantities {
			w.HTML("<th scope=\"col\">Quantity</th>")
		}
		w.HTML("<th scope=\"col\">Where it is</th><th scope=\"col\">NHS App</th></tr></thead>\n<tbody>\n")
		for _, i := range o.Items {
			w.HTML("<tr><th scope=\"row\">").Text(strings.TrimSpace(i.Place + " " + i.Medicine))
			if i.Dose != "" {
				w.HTML("<br><span class=\"soft\">").Text(i.Dose).HTML("</span>")
			}
			w.HTML("</th>")
			if quantities {
				w.HTML(`<td data-label="Quantity">`).Text(i.Quantity).HTML("</td>")
			}
			w.HTML(`<td data-label="Where it is">`).Text(i.Answer.State)
			if i.Answer.Since.Words != "" {
				w.HTML(", since ")
				i.Answer.Since.write(w)
			}
			if i.Answer.By != "" {
				w.HTML("; ").Text(i.Answer.By)
			}
			w.HTML(`</td><td data-label="NHS App">`).Text(i.App).HTML("</td></tr>\n")
		}
		w.HTML("</tbody>\n</table>\n</div>\n</section>\n")
	}
	if len(o.Money) > 0 {
		w.HTML("<section aria-labelledby=\"money\">\n<h2 id=\"money\">Payments</h2>\n")
		facts(w, o.Money)
		w.HTML("</section>\n")
	}
	w.HTML("<section aria-labelledby=\"happened\">\n<h2 id=\"happened\">What happened</h2>\n")
	o.Events.write(w)
	w.HTML("</section>\n")
}

// ownSystems is how the code systems of this server begin.
const ownSystems = "https://pestle-fhir.github.io/"

func queryEscape(s string) string { return url.QueryEscape(s) }

func (v *visit) order() (view, error) {
	number := v.r.PathValue("rx")
	answers, err := v.read(v.searched("Task", "group-identifier", literal(number), "_sort", "-_lastUpdated", "_count", "100"),
		v.searched("MedicationRequest", "group-identifier", literal(number), "_count", "50"))
	if err != nil {
		return nil, err
	}
	if !answers[0].ok() {
		return nil, refusedBy(answers[0])
	}
	tasks := answers[0].resources()
	var task *fhir.Resource
	for _, t := range tasks {
		if codedIn(t.Get("code"), "message-event") == "prescription-order" {
			task = t
			break
		}
	}
	if task == nil {
		return nil, &problem{status: http.StatusNotFound, heading: "There is no such prescription", message: "It is not here, or belongs to another pharmacy. Find the patient by the NHS number, or by name and date of birth."}
	}
	v.json = fhirPath + "/Task/" + task.ID()
	out := &orderScreen{Number: number, Clinic: partyOf(task.Get("requester")), EPS: v.conceptOf(task.Get("businessStatus"))}
	requests := answers[1].resources()
	patient := idIn(task.Root().Path("for", "reference").Text(), "Patient")
	var refs []string
	for _, r := range requests {
		refs = append(refs, "MedicationRequest/"+r.ID())
	}
	since := task.Get("authoredOn").Text() // nothing of it is older
	rest, err := v.read(v.one("Patient", patient), v.timelineOf(patient, since), v.searched("PaymentNotice", "request", "Task/"+task.ID(), "_count", "50"))
	if err != nil {
		return nil, err
	}
	if rest[0].ok() {
		out.Banner = v.bannerOf(rest[0].resource)
	} else {
		out.Banner = banner{Missing: []string{"the patient"}}
	}
	lines, err := v.lines([]*fhir.Resource{task})
	if err != nil {
		return nil, err
	}
	out.Answer, out.Kind = lines[0].whole, lines[0].kind
	out.Items = v.itemsOf(requests, &lines[0])
	out.Money = v.moneyOf(rest[2].resources())
	if status := task.Get("status").Text(); lines[0].private && v.at() == "" {
		if a := actOf("Task", "request-payment"); slices.Contains(a.when, status) && v.acts("Task/$request-payment") && v.operation("Task", "request-payment") != nil {
			out.Doors = append(out.Doors, tab{Text: a.words, Href: actAddress("Task", task.ID(), a.op) + "?" + values("back", address("order", number))})
		}
	}
	if v.at() == "" && v.acts("Task/$note") && v.operation("Task", "note") != nil {
		out.Doors = append(out.Doors, tab{Text: actOf("Task", "note").words, Href: actAddress("Task", task.ID(), "note") + "?" + values("back", address("order", number))})
	}
	out.Done = doneWords(v.r.URL.Query().Get("done"))
	out.Events.Missing = v.untold()
	if rest[2].status == http.StatusForbidden {
		out.Events.Missing = append(out.Events.Missing, "payments")
	}
	v.tell(&out.Events, rest[1], func(r *fhir.Resource) bool {
		if r.Type() == "Task" {
			return r.Root().Path("groupIdentifier", "value").Text() == number
		}
		for _, name := range []string{"about", "basedOn", "authorizingPrescription"} {
			for ref := range r.Get(name).Items() {
				if text := ref.Get("reference").Text(); text == "Task/"+task.ID() || slices.Contains(refs, text) {
					return true
				}
			}
		}
		return false
	})
	v.happened(&out.Events, rest[2].resources(), nil)
	out.Events.Events = sorted(out.Events.Events)
	if v.reads("Task") {
		out.Doors = append(out.Doors, tab{Text: "Every version", Href: address("history", "Task", task.ID())})
	}
	if v.at() == "" && v.worksQueues() {
		out.Doors = append(out.Doors, tab{Text: "Review and decide", Href: address("task", task.ID())})
	}
	return out, nil
}

// progress is what Task/$progress tells of a prescription.
type progress struct {
	whole   Line
	kind    string
	private bool
	items   []told
}

// told is what it tells of an item.
type told struct {
	number, app string
	step        string // the milestone
	line        Line
	controlled  bool
}

// lines asks how far prescriptions are. In the past there is only what their Tasks said.
func (v *visit) lines(tasks []*fhir.Resource) ([]progress, error) {
	out := make([]progress, len(tasks))
	for i := range tasks {
		a := &answer{}
		if v.at() == "" && v.acts("Task/$progress") {
			var err error
			if a, err = v.ask(http.MethodGet, "Task/"+tasks[i].ID()+"/$progress", nil); err != nil {
				return nil, err
			}
		}
		if !a.ok() {
			t := tasks[i].Root()
			out[i].whole = Line{State: v.conceptOf(t.Get("businessStatus")), Since: momentOf(changedAt(t), v.now())}
			continue
		}
		parts := a.resource.Get("parameter")
		if out[i].kind = "the NHS"; parameter(parts, "private").Get("valueBoolean").Bool() {
			out[i].kind, out[i].private = "the patient or the clinic: a private prescription", true
		}
		payment := Payment{}
		if out[i].private && v.acts("Task/$balance") && v.operation("Task", "balance") != nil {
			a, err := v.ask(http.MethodGet, "Task/"+tasks[i].ID()+"/$balance", nil)
			if err != nil {
				return nil, err
			}
			if a.ok() {
				payment = paymentIn(a.resource.Get("parameter"))
			}
		}
		step, since := parameter(parts, "step").Get("valueCode").Text(), parameter(parts, "since").Get("valueDateTime").Text()
		var all []Facts
		whole := -1 // the item that the prescription is as far as
		for p := range parts.Items() {
			if p.Get("name").Text() != "item" {
				continue
			}
			f := factsIn(p.Get("part"))
			f.Payment = payment
			line := Answer(f, v.now())
			if whole < 0 && f.Milestone == step && parameter(p.Get("part"), "since").Get("valueDateTime").Text() == since {
				whole = len(all)
			}
			all = append(all, f)
			item := told{parameter(p.Get("part"), "number").Get("valueString").Text(), parameter(p.Get("part"), "app").Get("valueString").Text(), f.Milestone, line, f.Controlled}
			out[i].items = append(out[i].items, item)
		}
		if whole >= 0 {
			all[whole].Last = soonest(all)
			out[i].whole = Answer(all[whole], v.now())
		}
	}
	return out, nil
}

// changedAt is when a Task was changed last.
func changedAt(task fhir.Node) string {
	if at := task.Get("lastModified").Text(); at != "" {
		return at
	}
	return task.Get("authoredOn").Text()
}

// factsIn reads what $progress tells of an item.
func factsIn(parts fhir.Node) Facts {
	text := func(name, value string) string { return parameter(parts, name).Get(value).Text() }
	holds := func(name string) bool { return parameter(parts, name).Get("valueBoolean").Bool() }
	f := Facts{Milestone: text("step", "valueCode"), Last: text("lastDay", "valueDate"), Expected: text("expected", "valueDate"), Courier: text("courier", "valueString"),
		Answered: holds("answered"), Controlled: holds("controlled"), Supplied: holds("supplied"), Owed: amountOf(parameter(parts, "outstanding").Get("valueQuantity"))}
	f.Attempts, _ = strconv.Atoi(text("failedAttempts", "valuePositiveInt"))
	f.Since, _ = time.Parse(time.RFC3339, text("since", "valueDateTime"))
	return f
}

// paymentIn reads what Task/$balance tells.
func paymentIn(parts fhir.Node) (p Payment) {
	sum := func(parts fhir.Node, name string) string {
		m := parameter(parts, name).Get("valueMoney")
		if text := m.Get("value").Text(); strings.Trim(text, "-0.") == "" || strings.HasPrefix(text, "-") {
			return ""
		}
		return amountOf(m)
	}
	p.Payer, p.First = parameter(parts, "payer").Get("valueCode").Text(), parameter(parts, "first").Get("valueBoolean").Bool()
	p.Due, p.Paid, p.Refunded = sum(parts, "due"), sum(parts, "paid"), sum(parts, "refunded")
	p.Unpriced = p.Payer == "patient" && !parameter(parts, "due").Exists()
	p.Moved, _ = time.Parse(time.RFC3339, parameter(parts, "moved").Get("valueDateTime").Text())
	asked := parameter(parts, "asked").Get("part")
	p.Page = parameter(asked, "state").Get("valueCode").Text()
	p.Asked, _ = time.Parse(time.RFC3339, parameter(asked, "when").Get("valueDateTime").Text())
	return p
}

// itemsOf are the items of a prescription in their order, as the role is shown them.
func (v *visit) itemsOf(requests []*fhir.Resource, p *progress) (list []item) {
	byNumber := map[string]*fhir.Resource{}
	for _, r := range requests {
		for i := range r.Get("identifier").Items() {
			byNumber[strings.ToLower(i.Get("value").Text())] = r
		}
	}
	for n, told := range p.items {
		out := item{Place: strconv.Itoa(n+1) + ".", Answer: told.line, App: told.app}
		if r := byNumber[strings.ToLower(told.number)]; r != nil {
			out.Medicine = v.medicineOf(r.Root())
			out.Quantity = amountOf(r.Root().Path("dispenseRequest", "quantity"))
			out.Dose = r.Get("dosageInstruction").Item(0).Get("text").Text()
		}
		if out.Medicine == "" || out.Medicine == "Item" {
			out.Place, out.Medicine = "", "Item "+strconv.Itoa(n+1)
			if told.controlled {
				out.Medicine += " (controlled)"
			}
		}
		list = append(list, out)
	}
	if len(p.items) == 0 { // of the past, or not told: what was ordered
		for n, r := range requests {
			list = append(list, item{Place: strconv.Itoa(n+1) + ".", Medicine: v.medicineOf(r.Root()), Quantity: amountOf(r.Root().Path("dispenseRequest", "quantity"))})
		}
	}
	return list
}

// moneyOf is what was paid.
func (v *visit) moneyOf(notices []*fhir.Resource) (list []fact) {
	for _, n := range notices {
		list = append(list, fact{"Paid " + momentOf(n.Get("created").Text(), v.now()).Words, amountOf(n.Get("amount"))})
	}
	return list
}

// steps are the versions of the Task of a prescription, the newest first, by which its
// status changed.
func (v *visit) steps(t *timeline, list []*fhir.Resource) {
	step := func(r *fhir.Resource) string {
		return r.Get("status").Text() + codedIn(r.Get("businessStatus"), "EPS-task-business-status")
	}
	for i, r := range list {
		if i+1 < len(list) && step(r) == step(list[i+1]) {
			continue
		}
		t.Events = append(t.Events, event{When: momentOf(r.Root().Path("meta", "lastUpdated").Text(), v.now()), Kind: "Prescription", Words: v.conceptOf(r.Get("businessStatus"))})
	}
}

// happened adds what resources, as they are, tell of to a timeline: those that fit, or all.
func (v *visit) happened(t *timeline, list []*fhir.Resource, fits func(*fhir.Resource) bool) {
	now := v.now()
	for _, r := range list {
		if fits != nil && !fits(r) {
			continue
		}
		n := r.Root()
		switch r.Type() {
		case "Task":
			v.taskHappened(t, n, now)
		case "MedicationDispense":
			words := strings.TrimSpace(amountOf(n.Get("quantity")) + " " + v.medicineOf(n))
			when := n.Get("whenHandedOver").Text()
			if when == "" {
				when = n.Get("whenPrepared").Text()
			}
			kind := "Supply"
			if n.Get("status").Text() != "completed" {
				kind = "Supply, " + n.Get("status").Text()
			}
			t.Events = append(t.Events, event{When: momentOf(when, now), Kind: kind, Words: words})
		case "CommunicationRequest":
			e := event{When: momentOf(n.Get("authoredOn").Text(), now), Kind: "Question", Words: "The pharmacist asked the clinic a question"}
			if said := n.Get("payload").Item(0).Get("contentString").Text(); said != "" {
				e.More = []fact{{"Question", said}, {"About", v.conceptOf(n.Get("reasonCode").Item(0))}}
			}
			t.Events = append(t.Events, e)
		case "Communication":
			when := n.Get("sent").Text()
			if when == "" {
				when = n.Path("meta", "lastUpdated").Text()
			}
			e := event{When: momentOf(when, now), Kind: "Message", Words: strings.TrimSpace("From " + partyOf(n.Get("sender")))}
			if said := n.Get("payload").Item(0).Get("contentString").Text(); said != "" {
				e.More = []fact{{"Message", said}}
			}
			t.Events = append(t.Events, e)
		case "PaymentNotice":
			t.Events = append(t.Events, event{When: momentOf(n.Get("created").Text(), now), Kind: "Payment", Words: amountOf(n.Get("amount"))})
		}
	}
}

// taskHappened adds when a prescription, or a piece of work on it, came and went.
func (v *visit) taskHappened(t *timeline, n fhir.Node, now time.Time) {
	if queue := coded(n.Get("code"), ownSystems+"CodeSystem/queue"); queue != "" {
		words := v.config.Display(ownSystems+"CodeSystem/queue", queue)
		if words == "" {
			words = queue
		}
		if item := n.Get("basedOn").Item(0).Get("display").Text(); item != "" && item != "Item" {
			words += ": " + item
		}
		e := event{When: momentOf(n.Get("authoredOn").Text(), now), Kind: "Waits", Words: words}
		if why := n.Path("reasonCode", "text").Text(); why != "" {
			e.More = []fact{{"Why", why}}
		}
		t.Events = append(t.Events, e)
		if n.Get("status").Text() != "received" {
			t.Events = append(t.Events, event{When: momentOf(changedAt(n), now), Kind: "Settled", Words: words})
		}
		return
	}
	if codedIn(n.Get("code"), "message-event") == "prescription-order" {
		t.Events = append(t.Events, event{When: momentOf(n.Get("authoredOn").Text(), now), Kind: "Prescription", Words: "Signed: " + n.Path("groupIdentifier", "value").Text()})
	}
}
