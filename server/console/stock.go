package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// stockScreen is what the pharmacy has, product by product, beside what is owed of it and
// what the controlled drugs register says.
type stockScreen struct {
	Tabs     []tab
	Show     string // which products are shown
	Name     string // a part of their names, "" for all
	Products []product
	More     int    // that are not shown
	Empty    string // what is said where there is none
	Orders   []listed
	Doors    []tab
	Done     string
}

// product is one of the stock with its batches.
type product struct {
	Name, Schedule string
	Balance        string
	Facts          []fact
	Warnings       []string
	Lots           []lot
	Doors          []tab

	owed, low, soon, held bool
}

// lot is what there is of a batch in a place.
type lot struct {
	Batch, Location, Holds, Balance string
	Expires                         moment
	State                           string // what is the matter with it, "" for nothing
	Acts                            []tab
}

// mostProducts is how many products are shown.
const mostProducts = 50

// soonDays is how many days before its expiry a batch is listed with those that expire.
const soonDays = 90

// stockList is a part of the stock.
type stockList struct {
	name, words, empty string
	fits               func(*product) bool
}

// stockLists are what can be shown of the stock.
var stockLists = []stockList{
	{"all", "All", "Nothing is in the stock ledger. Goods are entered when they are received.", func(*product) bool { return true }},
	{"owed", "Owed", "Every prescription has what it needs.", func(p *product) bool { return p.owed }},
	{"order", "To order", "Nothing is below its reorder level.", func(p *product) bool { return p.low }},
	{"expires", "Expires", "Nothing has expired, or does within " + strconv.Itoa(soonDays) + " days.", func(p *product) bool { return p.soon }},
	{"quarantine", "Quarantine", "Nothing is recalled or in quarantine.", func(p *product) bool { return p.held }},
}

func (s *stockScreen) title() string { return "Stock" }

func (s *stockScreen) write(w *markup.Writer) {
	w.HTML("<h1>Stock</h1>\n")
	tabs(w, "Lists of the stock", s.Tabs)
	if s.Done != "" {
		w.HTML(`<p class="note" role="status">`).Text(s.Done).HTML("</p>\n")
	}
	for i := range s.Orders {
		s.Orders[i].write(w, "waits-"+strconv.Itoa(i))
	}
	w.HTML(`<form class="consent" method="get" action="/console/stock"><p><label for="name">Name of the product, or a part of it</label> <input id="name" name="name" autocomplete="off"`).Attr("value", s.Name).HTML(`> `)
	hidden(w, "show", s.Show)
	w.HTML("<button>Show</button></p></form>\n")
	doors(w, s.Doors)
	if len(s.Products) == 0 {
		w.HTML("<p>").Text(s.Empty).HTML("</p>\n")
	}
	for i := range s.Products {
		s.Products[i].write(w, "product-"+strconv.Itoa(i))
	}
	if s.More > 0 {
		w.HTML("<p>").Text(strconv.Itoa(s.More)).HTML(" more are in the ledger: name a part of the product.</p>\n")
	}
}

func (p *product) write(w *markup.Writer, id string) {
	w.HTML("<section class=\"answer\"").Attr("aria-labelledby", id).HTML(">\n<h2").Attr("id", id).HTML(">").Text(p.Name)
	if p.Schedule != "" {
		w.HTML(` <span class="tag">`).Text(p.Schedule).HTML("</span>")
	}
	w.HTML("</h2>\n<p class=\"state\">Balance <strong>").Text(p.Balance).HTML("</strong></p>\n")
	for _, text := range p.Warnings {
		w.HTML(`<p class="wrong"><strong>`).Text(text).HTML("</strong></p>\n")
	}
	facts(w, p.Facts)
	doorsOf(w, "What can be done with "+p.Name, p.Doors)
	if len(p.Lots) > 0 {
		w.HTML("<div class=\"scroll\" role=\"region\" tabindex=\"0\"").Attr("aria-label", "Batches of "+p.Name).HTML(">\n<table class=\"entries\">\n<caption>Batches, what expires first at the top</caption>\n<thead><tr><th scope=\"col\">Batch</th><th scope=\"col\">Expires</th><th scope=\"col\">Location</th><th scope=\"col\">What there is</th><th scope=\"col\">Balance</th><th scope=\"col\">What can be done</th></tr></thead>\n<tbody>\n")
		for i := range p.Lots {
			p.Lots[i].write(w)
		}
		w.HTML("</tbody>\n</table>\n</div>\n")
	}
	w.HTML("</section>\n")
}

func (l *lot) write(w *markup.Writer) {
	w.HTML("<tr><th scope=\"row\">").Text(l.Batch)
	if l.State != "" {
		w.HTML(` <span class="tag">`).Text(l.State).HTML("</span>")
	}
	w.HTML(`</th><td data-label="Expires">`)
	l.Expires.write(w)
	w.HTML(`</td><td data-label="Location">`).Text(l.Location).HTML(`</td><td data-label="What there is">`).Text(l.Holds).HTML(`</td><td data-label="Balance">`).Text(l.Balance).HTML(`</td><td class="does">`)
	for i := range l.Acts {
		w.HTML(" ")
		l.Acts[i].write(w)
	}
	w.HTML("</td></tr>\n")
}

// worksStock reports whether the role sees the stock.
func (v *visit) worksStock() bool {
	return v.acts("Basic/$stock") && v.operation("Basic", "stock") != nil
}

func (v *visit) stock() (view, error) {
	if !v.worksStock() {
		return nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "The stock is for the people of the pharmacy, finance and auditors."}
	}
	if v.at() != "" {
		return nil, &problem{status: http.StatusBadRequest, heading: "The stock is shown as it is now", message: "How it was in the past cannot be looked at here: look at what is now."}
	}
	q := v.r.URL.Query()
	out := &stockScreen{Show: q.Get("show"), Name: strings.TrimSpace(q.Get("name")), Done: doneWords(q.Get("done"))}
	if !slices.ContainsFunc(stockLists, func(l stockList) bool { return l.name == out.Show }) {
		out.Show = stockLists[0].name
	}
	a, err := v.ask(http.MethodGet, "Basic/$stock?"+values("org", q.Get("org")), nil)
	if err != nil {
		return nil, err
	}
	if !a.ok() {
		return nil, refusedBy(a)
	}
	v.json = fhirPath + "/Basic/$stock"
	pages, err := v.balancesInRegister(q.Get("org"))
	if err != nil {
		return nil, err
	}
	var all []product
	for p := range a.resource.Get("parameter").Items() {
		if p.Get("name").Text() == "item" {
			all = append(all, v.productOf(p.Get("part"), pages))
		}
	}
	for _, l := range stockLists {
		n := 0
		for i := range all {
			if !l.fits(&all[i]) {
				continue
			}
			n++
			if l.name == out.Show && (out.Name == "" || strings.Contains(strings.ToLower(all[i].Name), strings.ToLower(out.Name))) {
				out.Products = append(out.Products, all[i])
			}
		}
		out.Tabs = append(out.Tabs, tab{Text: l.words, Href: address("stock") + "?" + values("show", l.name), Count: strconv.Itoa(n), Open: l.name == out.Show})
		if out.Empty == "" && l.name == out.Show {
			out.Empty = l.empty
		}
	}
	if out.Name != "" && len(out.Products) == 0 {
		out.Empty = "No product of this list has “" + out.Name + "” in its name."
	}
	if out.More = max(0, len(out.Products)-mostProducts); out.More > 0 {
		out.Products = out.Products[:mostProducts]
	}
	if out.Orders, err = v.ordersThatWait(); err != nil {
		return nil, err
	}
	ordered, err := v.purchases(q.Get("org"), pages)
	if err != nil {
		return nil, err
	}
	out.Orders = append(out.Orders, ordered...)
	out.Doors = v.stockDoors("", "receive-goods", "return-goods")
	for _, d := range v.registerDoors("", "receive-stock") {
		out.Doors = append(out.Doors, tab{Text: "Receive a controlled drug…", Href: d.Href})
	}
	out.Doors = append(out.Doors, v.stockDoors("", "warehouse-resume")...)
	return out, nil
}

// stockBack is where an act on the stock leads: to the list that is shown.
func (v *visit) stockBack() string {
	q := v.r.URL.Query()
	if shown := values("show", q.Get("show"), "name", q.Get("name")); shown != "" {
		return address("stock") + "?" + shown
	}
	return address("stock")
}

// stockDoors are acts on the stock: of a product, and of a batch of it where pairs name one.
func (v *visit) stockDoors(product string, ops ...string) (list []tab) {
	return v.lotDoors([]string{"product", product}, ops...)
}

func (v *visit) lotDoors(pairs []string, ops ...string) (list []tab) {
	q := append(slices.Clone(pairs), "set", namesOf(pairs), "back", v.stockBack())
	for _, op := range ops {
		if a := actOf("Basic", op); a != nil && v.acts("Basic/$"+op) && v.operation("Basic", op) != nil && v.at() == "" {
			list = append(list, tab{Text: a.words, Href: address("stock", "ledger", op) + "?" + values(q...)})
		}
	}
	return list
}

// namesOf are the names of pairs that have a value, as a form says what is set.
func namesOf(pairs []string) string {
	var set []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			set = append(set, pairs[i])
		}
	}
	return strings.Join(set, ",")
}

// productOf is a product of the answer of $stock. Where the register has a page for it, it is
// received, counted, destroyed and corrected by the register's acts.
func (v *visit) productOf(parts fhir.Node, pages registerBalances) product {
	amount := func(name string) string { return amountOf(parameter(parts, name).Get("valueQuantity")) }
	text := func(name string) string { return valueIn(parameter(parts, name)) }
	coding := parameter(parts, "product").Get("valueCoding")
	p := product{Name: coding.Get("display").Text(), Schedule: text("schedule"), Balance: amount("balance")}
	if p.Name == "" {
		p.Name = coding.Get("code").Text()
	}
	code := strings.Join([]string{coding.Get("system").Text(), coding.Get("code").Text(), coding.Get("display").Text()}, "|")
	if owed := amount("owed"); owed != "" {
		p.owed = true
		p.Facts = append(p.Facts, fact{"Owed to patients", owed}, fact{"The rest is expected", momentOf(text("expected"), v.now()).Words})
	}
	if level := amount("level"); level != "" {
		p.Facts = append(p.Facts, fact{"Reorder level", level}, fact{"Ordered at a time", amount("order")}, fact{"From", text("supplier")})
		if p.low = parameter(parts, "low").Get("valueBoolean").Bool(); p.low {
			p.Warnings = append(p.Warnings, "Less is available than the reorder level.")
		}
	}
	registered, kept := pages[productKey(coding.Get("code").Text(), p.Name)]
	if kept {
		balances, warning := v.beside(registered, parameter(parts, "balance").Get("valueQuantity"))
		p.Facts = append(p.Facts, balances...)
		if warning != "" {
			p.Warnings = append(p.Warnings, warning)
		}
		p.Doors = v.registerDoors(code, registerActs...)
	} else {
		p.Doors = v.stockDoors(code, "receive-goods")
	}
	p.Doors = append(p.Doors, v.stockDoors(code, "order-goods", "stock-level")...)
	if coming := amount("onOrder"); coming != "" {
		p.Facts = append(p.Facts, fact{"On order", coming})
	}
	for l := range parts.Items() {
		if l.Get("name").Text() == "lot" {
			p.Lots = append(p.Lots, v.lotOf(&p, l.Get("part"), code, kept))
		}
	}
	return p
}

// lotStates are the states of a lot, in words.
var lotStates = []fact{{"available", "available"}, {"allocated", "allocated to prescriptions"}, {"picked", "picked"}, {"packed", "in bags"}, {"in-transit", "with a courier"}, {"quarantine", "in quarantine"}, {"returned", "brought back by patients"}}

func (v *visit) lotOf(p *product, parts fhir.Node, code string, kept bool) lot {
	text := func(name string) string { return valueIn(parameter(parts, name)) }
	l := lot{Batch: text("batch"), Location: text("location"), Expires: momentOf(text("expiry"), v.now()), Balance: amountOf(parameter(parts, "balance").Get("valueQuantity"))}
	if l.Location == "" {
		l.Location = "not said"
	}
	var holds []string
	for _, s := range lotStates {
		if q := parameter(parts, s.Name).Get("valueQuantity"); q.Exists() {
			holds = append(holds, q.Get("value").Text()+" "+s.Value)
		}
	}
	l.Holds = strings.Join(holds, ", ")
	recalled, quarantine, returned := parameter(parts, "recalled").Get("valueBoolean").Bool(), parameter(parts, "quarantine").Exists(), parameter(parts, "returned").Exists()
	if t, ok := timeOf(text("expiry"), v.config.Zone); ok {
		left := days(v.now(), t)
		switch {
		case left < 0:
			l.State = "expired"
		case left <= soonDays:
			l.State = "expires in " + plural(left, "day")
		}
		p.soon = p.soon || left <= soonDays
		l.Expires.Words = t.Format("2 Jan 2006")
	}
	if recalled {
		l.State = "recalled"
	}
	p.held = p.held || recalled || quarantine
	if l.Batch == "" {
		l.Batch, l.State = "Not recorded", "supplied and never received"
		return l
	}
	pairs := []string{"product", code, "batch", text("batch"), "expiry", text("expiry"), "location", text("location")}
	ops := []string{"count-stock", "move-stock"}
	if !kept {
		ops = append(ops, "adjust-stock", "destroy-goods")
	}
	if quarantine && !recalled {
		ops = append(ops, "clear-quarantine")
	}
	if returned {
		ops = []string{"destroy-goods"}
	}
	l.Acts = v.lotDoors(pairs, ops...)
	if !returned {
		l.Acts = append(l.Acts, v.lotDoors(pairs[:4], "recall-batch")...)
	}
	return l
}

// ordersThatWait are orders of the warehouse that wait for a person, where the role sees them.
func (v *visit) ordersThatWait() ([]listed, error) {
	path := v.searched("SupplyRequest", "identifier", ownSystems+"Id/warehouse-trouble|pending", "_count", "50", "_sort", "date")
	if path == "" {
		return nil, nil
	}
	answers, err := v.read(path)
	if err != nil {
		return nil, err
	}
	l := listed{Section: Section{Title: "Orders that wait for a person", Head: []string{"Item", "How much", "Since", "Why"}}}
	for _, r := range ofType(answers[0].resources(), "SupplyRequest") {
		n := r.Root()
		about := extension(n, "warehouse-order")
		l.Rows = append(l.Rows, []string{n.Path("itemCodeableConcept", "text").Text(), amountOf(n.Get("quantity")), momentOf(n.Get("authoredOn").Text(), v.now()).Words, extension(about, "trouble").Get("valueString").Text()})
		l.Links = append(l.Links, address("task", idIn(extension(about, "task").Path("valueReference", "reference").Text(), "Task")))
		var acts []tab
		if a := actOf("SupplyRequest", "resume"); v.acts("SupplyRequest/$resume") && v.operation("SupplyRequest", "resume") != nil {
			acts = append(acts, tab{Text: a.words, Href: address("waiting", r.ID(), "resume") + "?" + url.Values{"back": {v.stockBack()}}.Encode()})
		}
		l.Acts = append(l.Acts, acts)
	}
	if len(l.Rows) == 0 {
		return nil, nil
	}
	return []listed{l}, nil
}
