package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// registerScreen is the controlled drugs register: a page for each product, with the
// balance after each entry, which is what the stock should be.
type registerScreen struct {
	Day   string // until which it is shown, "" for today
	Wait  string // how many supplies are not entered yet, "" for none
	Pages []registerPage
	Doors []tab
	Done  string
}

// registerPage is the page of a product.
type registerPage struct {
	Name, Schedule, Balance string
	Entries                 []registerEntry
	More                    int // older entries, which are not shown
	Doors                   []tab
}

// registerEntry is a line of it.
type registerEntry struct {
	Number, What, Change, Balance string
	Party, By, Prescription       string
	When                          moment
}

// mostEntries is how many entries of a page are shown: the newest.
const mostEntries = 50

func (r *registerScreen) title() string { return "Controlled drugs register" }

func (r *registerScreen) write(w *markup.Writer) {
	w.HTML("<h1>Controlled drugs register</h1>\n")
	if r.Done != "" {
		w.HTML(`<p class="note" role="status">`).Text(r.Done).HTML("</p>\n")
	}
	if r.Wait != "" {
		w.HTML("<p>").Text(r.Wait).HTML(" supplies are not entered yet; reload in a moment.</p>\n")
	}
	w.HTML(`<form class="consent" method="get" action="/console/register"><p><label for="until">As it was at the end of the day</label> <input type="date" id="until" name="until"`).Attr("value", r.Day).HTML("> <button>Show</button></p></form>\n")
	doors(w, r.Doors)
	if len(r.Pages) == 0 {
		w.HTML("<p>Nothing is entered. Supplies of Schedules 1 and 2 are entered by themselves, stock when it is received.</p>\n")
	}
	for i := range r.Pages {
		r.Pages[i].write(w, "page-"+strconv.Itoa(i))
	}
}

func (p *registerPage) write(w *markup.Writer, id string) {
	w.HTML("<section").Attr("aria-labelledby", id).HTML(">\n<h2").Attr("id", id).HTML(">").Text(p.Name).HTML(` <span class="tag">`).Text(p.Schedule).HTML("</span></h2>\n<p class=\"state\">Balance <strong>").Text(p.Balance).HTML("</strong></p>\n")
	doorsOf(w, "What can be done with "+p.Name, p.Doors)
	w.HTML("<div class=\"scroll\" role=\"region\" tabindex=\"0\"").Attr("aria-label", "Entries of "+p.Name).HTML(">\n<table>\n<caption>The newest first</caption>\n<thead><tr><th scope=\"col\">No.</th><th scope=\"col\">When</th><th scope=\"col\">What</th><th scope=\"col\">From or to</th><th scope=\"col\">Change</th><th scope=\"col\">Balance</th><th scope=\"col\">Prescription</th><th scope=\"col\">By</th></tr></thead>\n<tbody>\n")
	for _, e := range p.Entries {
		w.HTML("<tr><th scope=\"row\">").Text(e.Number).HTML("</th><td class=\"time\">")
		e.When.write(w)
		w.HTML("</td><td>").Text(e.What).HTML("</td><td>").Text(e.Party).HTML("</td><td class=\"money\">").Text(e.Change).HTML("</td><td class=\"money\">").Text(e.Balance).HTML("</td><td class=\"meaning\">")
		if e.Prescription != "" {
			w.HTML("<a").Attr("href", address("order", e.Prescription)).HTML(">").Text(e.Prescription).HTML("</a>")
		}
		w.HTML("</td><td>").Text(e.By).HTML("</td></tr>\n")
	}
	w.HTML("</tbody>\n</table>\n</div>\n")
	if p.More > 0 {
		w.HTML("<p>").Text(strconv.Itoa(p.More)).HTML(" older entries are in the register.</p>\n")
	}
	w.HTML("</section>\n")
}

// registerActs are what is offered with a page of the register.
var registerActs = []string{"receive-stock", "stock-check", "destroy", "correct-register"}

func (v *visit) register() (view, error) {
	if !v.acts("Basic/$register") {
		return nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "The register is for the people of the pharmacy and its auditors."}
	}
	out := &registerScreen{Day: v.r.URL.Query().Get("until"), Done: doneWords(v.r.URL.Query().Get("done"))}
	a, err := v.ask(http.MethodGet, "Basic/$register?"+values("to", out.Day, "org", v.r.URL.Query().Get("org")), nil)
	if err != nil {
		return nil, err
	}
	if !a.ok() {
		return nil, refusedBy(a)
	}
	if n := parameter(a.resource.Get("parameter"), "outstanding").Get("valueUnsignedInt").Text(); n != "" && n != "0" {
		out.Wait = n
	}
	for p := range a.resource.Get("parameter").Items() {
		if p.Get("name").Text() == "page" {
			out.Pages = append(out.Pages, v.registerPage(p.Get("part")))
		}
	}
	out.Doors = v.registerDoors("", "receive-stock")
	return out, nil
}

// registerDoors are the acts of a product, "" for one that is to be named.
func (v *visit) registerDoors(product string, ops ...string) (list []tab) {
	return v.registerDoorsOf([]string{"product", product}, nil, ops...)
}

// registerDoorsOf are acts on the register with fields that are set, and others that are
// filled in and can be changed.
func (v *visit) registerDoorsOf(set, filled []string, ops ...string) (list []tab) {
	for _, op := range ops {
		if a := actOf("Basic", op); v.acts("Basic/$"+op) && v.operation("Basic", op) != nil && v.at() == "" {
			back := address("register")
			if strings.HasPrefix(v.r.URL.Path, address("stock")) {
				back = v.stockBack()
			}
			list = append(list, tab{Text: a.words, Href: actAddress("Basic", "stock", op) + "?" + values(slices.Concat(set, filled, []string{"set", namesOf(set), "back", back})...)})
		}
	}
	return list
}

func (v *visit) registerPage(parts fhir.Node) (p registerPage) {
	about := extension(parameter(parts, "page").Get("resource"), "register-page")
	product := extension(about, "product").Get("valueCoding")
	p.Name, p.Schedule, p.Balance = extension(about, "name").Get("valueString").Text(), extension(about, "schedule").Get("valueCode").Text(), amountOf(parameter(parts, "balance").Get("valueQuantity"))
	for e := range parts.Items() {
		if e.Get("name").Text() != "entry" {
			continue
		}
		part := e.Get("part")
		entry := parameter(part, "entry").Get("resource")
		x := extension(entry, "register-entry")
		row := registerEntry{Number: parameter(part, "number").Get("valuePositiveInt").Text(), When: momentOf(extension(x, "date").Get("valueDateTime").Text(), v.now()), What: v.conceptOf(entry.Get("code")),
			Change: signed(amountOf(extension(x, "change").Get("valueQuantity"))), Balance: amountOf(parameter(part, "balance").Get("valueQuantity")),
			By: extension(extension(x, "by"), "name").Get("valueString").Text(), Prescription: extension(x, "prescription").Get("valueString").Text()}
		var party []string
		for _, name := range []string{"name", "address"} {
			party = append(party, extension(extension(x, "party"), name).Get("valueString").Text())
		}
		row.Party = strings.Join(nonempty(party), ", ")
		p.Entries = append([]registerEntry{row}, p.Entries...)
	}
	if p.More = len(p.Entries) - mostEntries; p.More > 0 {
		p.Entries = p.Entries[:mostEntries]
	}
	p.More = max(0, p.More)
	p.Doors = v.registerDoors(strings.Join([]string{product.Get("system").Text(), product.Get("code").Text(), product.Get("display").Text()}, "|"), registerActs...)
	return p
}

// signed is a change with its sign.
func signed(amount string) string {
	if amount != "" && !strings.HasPrefix(amount, "-") {
		return "+" + amount
	}
	return amount
}
