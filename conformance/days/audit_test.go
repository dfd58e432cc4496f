package days

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// record is everything that a server has stored of some types: each version of each
// resource, in the order of the log. What follows is proved from it alone.
type record struct {
	orders   map[string]*ordered // by the item's number
	supplies []*made             // in the order of the log
	byID     map[string]*made
	tasks    map[string]*task // by the prescription's number
	claims   map[string][]object
	accepted map[string]map[string]bool // who took a prescription, by its number
	problems []error
	versions int
}

// ordered is an item as the clinic signed it.
type ordered struct {
	prescription, item string
	kind               string
	quantity           int
	unit, product      string
	appropriate        time.Time
	given              int // what remains of its supplies
}

// made is a supply, and what remains of it.
type made struct {
	id, number   string
	of           *ordered
	quantity     int // 0 where it was taken back, or nothing was handed over
	completed    bool
	product      string
	organization string
	person       string
}

// task is a prescription's state.
type task struct{ business, owner string }

func (r *record) problem(format string, args ...any) {
	if len(r.problems) < 50 {
		r.problems = append(r.problems, fmt.Errorf(format, args...))
	}
}

// history returns the versions of a type, the oldest first.
func (s *site) history(typ string) (versions []object, err error) {
	for path := "/" + typ + "/_history?_count=1000"; path != ""; {
		a, err := s.ask(request{"", http.MethodGet, path, ""}, "")
		if err != nil || a.status != http.StatusOK {
			return nil, fmt.Errorf("the history of %s: %d %.300s %w", typ, a.status, a.text, err)
		}
		for _, e := range a.body.list("entry") {
			versions = append(versions, e.get("resource"))
		}
		path = ""
		for _, l := range a.body.list("link") {
			if l.text("relation") == "next" {
				_, rest, _ := strings.Cut(l.text("url"), "/fhir/")
				path = "/" + rest
			}
		}
	}
	slices.Reverse(versions)
	return versions, nil
}

func newRecord() *record {
	return &record{orders: map[string]*ordered{}, byID: map[string]*made{}, tasks: map[string]*task{}, claims: map[string][]object{}, accepted: map[string]map[string]bool{}}
}

// readRecord reads it from a server.
func readRecord(s *site) (*record, error) {
	r := newRecord()
	for _, of := range []struct {
		typ  string
		take func(object)
	}{{"MedicationRequest", r.order}, {"Task", r.task}, {"MedicationDispense", r.supply}, {"Claim", r.claim}} {
		versions, err := s.history(of.typ)
		if err != nil {
			return nil, err
		}
		r.versions += len(versions)
		for _, v := range versions {
			of.take(v)
		}
	}
	return r, nil
}

func (r *record) order(v object) {
	item := v.identifier(itemNumber)
	o := r.orders[item]
	if o == nil {
		o = &ordered{item: item, prescription: v.text("groupIdentifier", "value"), kind: v.extension("Extension-DM-PrescriptionType").text("valueCoding", "code")}
		r.orders[item] = o
	} else if o.prescription != v.text("groupIdentifier", "value") {
		r.problem("item %s is of two prescriptions", item)
	}
	n, product := v.number("dispenseRequest", "quantity", "value"), v.code("medicationCodeableConcept")
	if o.quantity != 0 && (o.quantity != n || o.product != product) {
		r.problem("the order of item %s was altered", item)
	}
	o.quantity, o.product, o.unit = n, product, v.text("dispenseRequest", "quantity", "code")
	o.appropriate, _ = time.Parse(time.RFC3339, v.text("authoredOn"))
	if from := v.text("dispenseRequest", "validityPeriod", "start"); from != "" {
		if day, err := time.ParseInLocation(time.DateOnly, from, london); err == nil && day.After(o.appropriate) {
			o.appropriate = day
		}
	}
}

func (r *record) task(v object) {
	if v.code("code") != "prescription-order" {
		return // a queue's
	}
	number := v.text("groupIdentifier", "value")
	was := r.tasks[number]
	now := &task{business: v.code("businessStatus"), owner: v.text("owner", "identifier", "value")}
	r.tasks[number] = now
	if now.business == "0002" && (was == nil || was.business == "0001") {
		if r.accepted[number] == nil {
			r.accepted[number] = map[string]bool{}
		}
		r.accepted[number][v.extension("Extension-Provenance-agent").text("valueReference", "display")] = true
	}
}

// supply follows the supplies of each item through time: at no instant do they come
// to more than was ordered.
func (r *record) supply(v object) {
	id := v.text("id")
	m := r.byID[id]
	if m == nil {
		m = &made{id: id, number: v.identifier(supplyItem)}
		for _, c := range v.list("contained") {
			switch c.text("resourceType") {
			case "MedicationRequest":
				m.of = r.orders[c.identifier(itemNumber)]
			case "PractitionerRole":
				m.person = c.text("practitioner", "display")
			}
		}
		if m.of == nil {
			r.problem("supply %s is of no order", id)
			return
		}
		r.byID[id] = m
		r.supplies = append(r.supplies, m)
	}
	m.organization = v.performer()
	quantity := 0
	handsOver := v.code("type") == "0001" || v.code("type") == "0003"
	if v.text("status") == "completed" && handsOver {
		quantity = v.number("quantity", "value")
	}
	m.completed = v.text("status") != "entered-in-error"
	m.product = v.code("medicationCodeableConcept")
	m.of.given += quantity - m.quantity
	m.quantity = quantity
	if m.of.given > m.of.quantity {
		r.problem("of item %s of %s %d were supplied, and %d ordered", m.of.item, m.of.prescription, m.of.given, m.of.quantity)
	}
	if quantity == 0 {
		return
	}
	if v.text("quantity", "code") != m.of.unit {
		r.problem("supply %s is in the unit %s, and its order in %s", id, v.text("quantity", "code"), m.of.unit)
	}
	if m.product != m.of.product {
		r.problem("supply %s is of %s, and %s was ordered", id, m.product, m.of.product)
	}
	if e := v.extension("StructureDefinition/collection"); scheduleOf(m.product) == "CD2" {
		for _, part := range []string{"collector", "identityRequested", "identityProvided"} { // the headings of MDR 2001 reg. 19
			if e.extension(part) == nil {
				r.problem("supply %s of a drug of Schedule 2 does not tell its %s", id, part)
			}
		}
	}
	when, err := time.Parse(time.RFC3339, v.text("whenHandedOver"))
	day, fourWeeks := midnight(when), scheduleOf(m.of.product) == "CD2" || scheduleOf(m.of.product) == "CD4"
	switch {
	case err != nil:
		r.problem("supply %s has no day", id)
	case day.After(lastDay(m.of.appropriate, fourWeeks)):
		r.problem("supply %s is of %s, after its last day", id, when)
	case fourWeeks && day.Before(midnight(m.of.appropriate)):
		r.problem("supply %s is of %s, before its first day", id, when)
	}
}

// performer is the organisation that made a supply.
func (o object) performer() string {
	for _, p := range o.list("performer") {
		if code := p.text("actor", "identifier", "value"); p.text("actor", "identifier", "system") == ods {
			return code
		}
	}
	return ""
}

func (r *record) claim(v object) {
	for _, e := range v.get("prescription").list("extension") {
		for _, part := range e.list("extension") {
			if part.text("url") == "shortForm" {
				number := part.text("valueIdentifier", "value")
				r.claims[number] = append(r.claims[number], v)
			}
		}
	}
}

func scheduleOf(product string) string {
	for i := range medicines {
		if medicines[i].code == product {
			return medicines[i].schedule
		}
	}
	return ""
}

// claimed proves that each supply is claimed exactly once: by the newest version of
// the one Claim of its prescription, with its amount.
func (r *record) claimed() {
	want := map[string]map[string]int{} // by prescription: amounts by the number of the supply
	kinds := map[string]string{}
	for _, o := range r.orders {
		kinds[o.prescription] = o.kind
	}
	for _, m := range r.supplies {
		if m.quantity > 0 {
			if want[m.of.prescription] == nil {
				want[m.of.prescription] = map[string]int{}
			}
			want[m.of.prescription][m.number] += m.quantity
		}
	}
	for number, kind := range kinds {
		versions, t := r.claims[number], r.tasks[number]
		if t == nil {
			r.problem("%s has no Task", number)
			continue
		}
		finished := t.business == "0006" || t.business == "0007"
		if kind[:2] == "09" || !finished && len(versions) == 0 {
			if len(versions) > 0 {
				r.problem("%s, which the patient pays, is claimed", number)
			}
			continue
		}
		if len(versions) == 0 {
			r.problem("%s (%s) is not claimed", number, t.business)
			continue
		}
		ids, got := map[string]bool{}, map[string]int{}
		for _, v := range versions {
			ids[v.text("id")] = true
		}
		last := versions[len(versions)-1]
		if len(ids) != 1 || finished != (last.text("status") == "active") {
			r.problem("%s (%s) has %d claims, and the last is %s", number, t.business, len(ids), last.text("status"))
		}
		if !finished {
			continue
		}
		for _, i := range last.list("item") {
			for _, d := range i.list("detail") {
				for _, s := range d.list("subDetail") {
					supply := s.extension("Extension-ClaimMedicationDispenseReference").text("valueReference", "identifier", "value")
					if got[supply] != 0 {
						r.problem("%s claims supply %s twice", number, supply)
					}
					got[supply] += s.number("quantity", "value")
				}
			}
		}
		if !maps.Equal(got, want[number]) && len(got)+len(want[number]) > 0 {
			r.problem("%s claims %v, and %v were supplied", number, got, want[number])
		}
	}
}

// byWhom proves that each supply was made by a pharmacist of the pharmacy that has
// the prescription, and one of Schedule 2 not by who accepted it.
func (r *record) byWhom(nominated func(prescription string) string) {
	for _, m := range r.supplies {
		if !m.completed {
			continue
		}
		t := r.tasks[m.of.prescription]
		pharmacy := nominated(m.of.prescription)
		if t == nil || t.owner != pharmacy || !slices.Contains(staff[pharmacy], m.person) {
			r.problem("supply %s of %s is by %q, who is none of %s's", m.id, m.of.prescription, m.person, pharmacy)
		}
		if m.quantity > 0 && scheduleOf(m.product) == "CD2" && r.accepted[m.of.prescription][m.person] && len(r.accepted[m.of.prescription]) == 1 {
			r.problem("supply %s of a drug of Schedule 2 is by %q, who accepted %s", m.id, m.person, m.of.prescription)
		}
	}
}

// staff are the pharmacists of the pharmacies, as they are displayed.
var staff = map[string][]string{home: {"Sandbox pharmacist", "Second sandbox pharmacist"}, away: {"Another pharmacy's pharmacist"}}

// kept proves that nothing that was acknowledged is lost.
func (r *record) kept(c *count) {
	numbers := map[string]bool{}
	for _, m := range r.supplies {
		numbers[m.number] = true
	}
	for _, n := range c.acknowledged {
		if !numbers[n] {
			r.problem("the acknowledged supply %s is lost", n)
		}
	}
	for _, n := range c.orders {
		if r.tasks[n] == nil {
			r.problem("the acknowledged prescription %s is lost", n)
		}
	}
}

// agrees proves that the record is what the first model says.
func (r *record) agrees(lives []*life) {
	business := map[stage]string{waiting: "0001", held: "0002", started: "0003", cancelled: "0005", cancelling: "0002", expired: "0004"}
	for _, l := range lives {
		for _, p := range l.all {
			if l.err != nil {
				continue // told already
			}
			want := business[p.stage]
			any := false
			for _, it := range p.items {
				any = any || it.given > 0
				if o := r.orders[it.number]; o == nil || o.given != it.given {
					r.problem("of item %s of %s %+v were supplied, and the model has %d", it.number, p.number, o, it.given)
				}
			}
			if p.stage == finished {
				want = map[bool]string{true: "0006", false: "0007"}[any]
			}
			if t := r.tasks[p.number]; t == nil || t.business != want {
				r.problem("%s is %+v, and the model has %s", p.number, t, want)
			}
		}
	}
}

// balances proves that the register of the pharmacy has what was received, less what
// was supplied and destroyed.
func (r *record) balances(s *site, c *count) error {
	a, err := s.ask(request{"", http.MethodGet, "/Basic/$register?org=" + home, ""}, "")
	if err != nil || a.status != http.StatusOK {
		return fmt.Errorf("the register: %d %.300s %w", a.status, a.text, err)
	}
	want := map[string]int{}
	for i := range medicines {
		if medicines[i].counted() {
			want[medicines[i].page()] = c.received[medicines[i].page()] - c.burned[medicines[i].page()]
		}
	}
	for _, m := range r.supplies {
		for i := range medicines {
			if medicines[i].code == m.product && medicines[i].counted() {
				want[medicines[i].page()] -= m.quantity
			}
		}
	}
	for _, p := range a.body.list("parameter") {
		if p.text("name") == "outstanding" && p.number("valueUnsignedInt") != 0 {
			r.problem("%d supplies are not in the register", p.number("valueUnsignedInt"))
		}
		if p.text("name") != "page" {
			continue
		}
		name, balance := "", 0
		for _, part := range p.list("part") {
			switch part.text("name") {
			case "page":
				e := part.get("resource").extension("register-page")
				name = e.extension("class").text("valueString") + ", " + e.extension("form").text("valueString") + ", " + e.extension("strength").text("valueString")
			case "balance":
				balance = part.number("valueQuantity", "value")
			}
		}
		if n, known := want[name]; !known || n != balance {
			r.problem("the register has %d of %s, and receipts less supplies and destructions come to %d", balance, name, n)
		}
		delete(want, name)
	}
	for name, n := range want {
		if n != 0 {
			r.problem("the register has no page of %s, of which there are %d", name, n)
		}
	}
	return nil
}

// err joins the problems.
func (r *record) err() error { return errors.Join(r.problems...) }
