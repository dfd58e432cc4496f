package days

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// life is the life of a prescription, or of two of one patient.
type life struct {
	site   *site
	rnd    *rand.Rand
	n      int
	count  *count
	p      *prescription
	all    []*prescription
	first  string // who takes and approves at the pharmacy
	second string // who counts and hands over
	err    error  // the first miss; nothing is done after it
}

// count is what all lives did.
type count struct {
	mu               sync.Mutex
	lawful, wrong    map[string]int // acts that went as the model said
	rules            map[string]int // refusals by the rule that the model expected
	acknowledged     []string       // item numbers of supplies that were answered with success
	orders           []string       // numbers of prescriptions that were
	received, burned map[string]int // of controlled drugs, by the page of the register
}

func newCount() *count {
	return &count{lawful: map[string]int{}, wrong: map[string]int{}, rules: map[string]int{}, received: map[string]int{}, burned: map[string]int{}}
}

func (c *count) note(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

func sum(m map[string]int) (n int) {
	for v := range maps.Values(m) {
		n += v
	}
	return n
}

// missed ends a life at its first miss.
type missed struct{}

// fail keeps the miss.
func (l *life) fail(format string, args ...any) {
	l.err = fmt.Errorf(format, args...)
	panic(missed{})
}

// lawful does what is allowed.
func (l *life) lawful(what string, r request) answer {
	a, err := l.site.ask(r, newID(l.rnd))
	if err != nil || a.status >= 300 {
		l.fail("%s by %q is allowed, and was answered %d: %.1500s %w", what, r.who, a.status, a.text, err)
	}
	l.count.note(func() { l.count.lawful[what]++ })
	return a
}

// absent is the answer that there is no such thing: what another
// organisation has is not told of by a rule.
const absent = "404"

// wrong tries what is not allowed; the refusal has one of the rules.
func (l *life) wrong(what string, r request, rules ...string) {
	a, err := l.site.ask(r, newID(l.rnd))
	if err != nil || a.status < 400 || a.status >= 500 || a.body.text("resourceType") != "OperationOutcome" {
		l.fail("%s by %q is not allowed, and was answered %d: %.1500s %w", what, r.who, a.status, a.text, err)
	}
	found := a.rules()
	if a.status == http.StatusNotFound && len(found) == 0 {
		found = []string{absent}
	}
	if slices.Contains(rules, "auth") { // by the scopes of the token, or by the role
		rules = append(rules, "role")
	}
	for _, rule := range rules {
		if slices.Contains(found, rule) {
			l.count.note(func() { l.count.wrong[what]++; l.count.rules[rule]++ })
			return
		}
	}
	l.fail("%s by %q was refused for %v, not for %v: %d %.1500s", what, r.who, found, rules, a.status, a.text)
}

// read is a request that changes nothing, repeated until it shows what is awaited.
func (l *life) read(what, path string, shows func(object) bool) object {
	var a answer
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		a, err = l.site.ask(request{"", http.MethodGet, path, ""}, newID(l.rnd))
		if err == nil && a.status == http.StatusOK && shows(a.body) {
			return a.body
		}
	}
	l.fail("%s does not come: %d %.600s %w", what, a.status, a.text, err)
	return nil
}

// order makes and sends a prescription.
func (l *life) order(change func(*prescription), what ...*medicine) {
	p := &prescription{number: newNumber(l.rnd), long: newID(l.rnd), kind: "1001", nominated: home, signed: time.Now().UTC().Truncate(time.Second)}
	if l.rnd.IntN(10) < 3 {
		p.kind = "0901"
	}
	if l.rnd.IntN(12) == 0 {
		p.nominated = ""
	}
	for _, m := range what {
		p.items = append(p.items, &item{number: newID(l.rnd), what: m, ordered: m.quantity, words: m.words, dose: m.dose})
	}
	p.patient = newPerson(l.rnd, l.n*2)
	if l.p != nil {
		p.patient = l.p.patient
	}
	if change != nil {
		change(p)
	}
	l.p, l.all = p, append(l.all, p)
	p.text = p.message(l.rnd)
	if l.rnd.IntN(20) == 0 {
		l.wrong("a prescription in another clinic's name", request{"clinic-2", http.MethodPost, "/$process-message", p.text}, "actor")
		l.wrong("a prescription by a pharmacist", request{"pharmacist", http.MethodPost, "/$process-message", p.text}, "role")
	}
	l.lawful("order", request{"clinic", http.MethodPost, "/$process-message", p.text})
	l.count.note(func() { l.count.orders = append(l.count.orders, p.number) })
	p.lapse()
	found := l.read("the Task of "+p.number, "/Task?focus:identifier="+url.QueryEscape(orderNumber+"|"+p.number), func(o object) bool { return len(o.list("entry")) > 0 })
	p.task = "/Task/" + found.list("entry")[0].text("resource", "id")
	if p.stage == expired { // by itself, in a moment
		l.read("the end of "+p.number, p.task, func(o object) bool { return o.code("businessStatus") == "0004" })
	}
}

// parameters is the body of an operation.
func parameters(list ...any) string {
	if len(list) == 0 {
		return ""
	}
	return object{"resourceType": "Parameters", "parameter": list}.json()
}

func parameter(name, kind string, value any) object { return object{"name": name, kind: value} }

// on is an operation on the prescription. A supply tells who collects it.
func (l *life) on(who, operation string, list ...any) request {
	if operation == "dispense" || operation == "hand-over" {
		list = append(list, collecting("patient", true, true)...)
	}
	return l.bare(who, operation, list...)
}

// bare is an operation with what it is given alone.
func (l *life) bare(who, operation string, list ...any) request {
	return request{who, http.MethodPost, l.p.task + "/$" + operation, parameters(list...)}
}

// collecting tells who collects: MDR 2001 reg. 19 asks for it of Schedule 2.
func collecting(who string, requested, provided bool) list {
	return list{parameter("collector", "valueCode", who), parameter("identityRequested", "valueBoolean", requested), parameter("identityProvided", "valueBoolean", provided)}
}

// part is what becomes of an item in a $dispense or a $check.
func part(number string, parts ...any) object {
	return object{"name": "item", "part": append(list{parameter("number", "valueString", number)}, parts...)}
}

func quantity(n int, unit string) object {
	return parameter("quantity", "valueQuantity", amount(n, unit))
}
func status(code string) object { return parameter("status", "valueCode", code) }
func named(it *item) object     { return parameter("item", "valueString", it.number) }

// Steps that are allowed.

func (l *life) accept() {
	if l.rnd.IntN(5) == 0 && l.p.nominated == home {
		l.releaseByNumber()
		return
	}
	l.lawful("accept", request{l.first, http.MethodPost, l.p.task + "/$accept", ""})
	l.p.stage, l.p.holder = held, l.first
	l.mistakes(1)
}

// recordOriginal is the paper that came later than the message.
func (l *life) recordOriginal() {
	l.lawful("record original", l.on(l.first, "record-original", original("FP10PCD", 0, true, "612345")...))
	l.p.original = true
}

func original(form string, days int, signed bool, number string) list {
	return list{parameter("form", "valueCode", form), parameter("received", "valueDate", time.Now().In(london).AddDate(0, 0, days).Format(time.DateOnly)),
		parameter("signatureChecked", "valueBoolean", signed), parameter("prescriberNumber", "valueString", number)}
}

// prepare does what comes before a supply of so much.
func (l *life) prepare(it *item, n int) {
	if l.p.private() && it.what.onPaper() && !l.p.original {
		l.mistakes(1)
		l.recordOriginal()
	}
	if it.what.controlled() && !it.approved {
		l.mistakes(1)
		l.approve(it)
	}
	if it.what.counted() {
		l.mistakes(1)
		l.lawful("check", l.on(l.second, "check", part(it.number, quantity(n, it.what.unit))))
		it.counted = n
	}
	l.mistakes(1)
}

// approve approves an item by its number, or all that are outstanding.
func (l *life) approve(it *item) {
	if l.rnd.IntN(3) > 0 {
		l.lawful("approve", l.on(l.first, "approve", named(it)))
		it.approved = true
		return
	}
	l.lawful("approve everything", l.on(l.first, "approve"))
	for _, it := range l.p.outstanding() {
		it.approved = it.approved || !it.cancelling
	}
}

// handOver supplies so much of items: all that is left where n is 0.
func (l *life) handOver(items []*item, n int) {
	var parts list
	var s supply
	for _, it := range items {
		left := it.ordered - it.given
		hand, code := left, "0001"
		if n > 0 && n < left {
			hand, code = n, "0003"
		}
		l.prepare(it, hand)
		parts = append(parts, part(it.number, status(code), quantity(hand, it.what.unit)))
		s.items = append(s.items, given{it, hand, it.fate})
	}
	s.stage = l.p.stage
	if l.rnd.IntN(4) == 0 && l.bag(items, parts) {
		l.supplied(s, l.lawful("hand over", l.on(l.second, "hand-over")))
	} else {
		l.supplied(s, l.lawful("supply", l.on(l.second, "dispense", parts...)))
	}
	for _, g := range s.items {
		g.it.given += g.n
		g.it.counted, g.it.bagged = 0, false
		if g.it.given == g.it.ordered {
			g.it.fate = supplied
		}
	}
	l.p.settle()
	l.mistakes(1)
}

// bag puts items into the bag, where they wait to be collected; now and then they are
// put back, and false is returned.
func (l *life) bag(items []*item, parts list) bool {
	l.lawful("put into the bag", l.bare(l.second, "dispense", append(parts, parameter("bag", "valueCode", []string{"collection", "delivery"}[l.rnd.IntN(2)]))...))
	for _, it := range items {
		it.bagged = true
	}
	l.mistakes(2)
	if l.rnd.IntN(4) > 0 {
		return true
	}
	l.lawful("put back", l.bare(l.first, "put-back", parameter("reason", "valueString", "Nobody came for two weeks.")))
	for _, it := range items {
		it.bagged = false
	}
	l.mistakes(1)
	return false
}

// supplied notes a supply that was acknowledged.
func (l *life) supplied(s supply, a answer) {
	for _, p := range a.body.list("parameter") {
		if p.text("name") == "notification" {
			s.text = p.get("resource")
		}
	}
	s.id = s.text.text("identifier", "value")
	numbers := supplyNumbers(s.text)
	if len(numbers) < len(s.items) {
		l.fail("the notification tells of %d supplies, and %d were made: %.600s", len(numbers), len(s.items), a.text)
	}
	l.p.standing = append(l.p.standing, s)
	l.count.note(func() { l.count.acknowledged = append(l.count.acknowledged, numbers...) })
}

// supplyNumbers are those of the supplies in a notification.
func supplyNumbers(message object) (numbers []string) {
	for _, e := range message.list("entry") {
		if r := e.get("resource"); r.text("resourceType") == "MedicationDispense" {
			numbers = append(numbers, r.identifier(supplyItem))
		}
	}
	return numbers
}

// leave records what the patient does not want, or what is owed.
func (l *life) leave(what string, it *item, code, reason string) {
	parts := []any{status(code)}
	if reason != "" {
		parts = append(parts, parameter("reason", "valueCode", reason))
	}
	s := supply{stage: l.p.stage, items: []given{{it, 0, it.fate}}}
	l.supplied(s, l.lawful(what, l.on(l.second, "dispense", part(it.number, parts...))))
	if code == "0002" {
		it.fate = notSupplied
	}
	l.p.settle()
}

func (l *life) giveBack() {
	l.lawful("return", l.on(l.first, "return", parameter("reason", "valueCode", "0002")))
	for _, it := range l.p.items {
		if it.cancelling {
			it.fate, it.cancelling = itemCancelled, false
		}
		it.approved, it.counted = false, 0 // the next pharmacy decides by itself
	}
	l.p.original, l.p.holder, l.p.stage = false, "", waiting
	if l.p.outstanding() == nil {
		l.p.stage = cancelled
	}
	l.mistakes(1)
}

// takeBack withdraws the last notification.
func (l *life) takeBack() {
	last := l.p.standing[len(l.p.standing)-1]
	l.lawful("withdraw", l.on(l.first, "withdraw", parameter("reason", "valueCode", "QU")))
	l.p.standing = l.p.standing[:len(l.p.standing)-1]
	for _, g := range last.items {
		g.it.given -= g.n
		g.it.fate = g.before
	}
	l.p.stage = last.stage
	l.mistakes(1)
}

// cancel cancels one item or, without it, all.
func (l *life) cancel(it *item) {
	list := list{parameter("reason", "valueCode", "0001")}
	if it != nil {
		list = append(list, named(it))
	}
	l.lawful("cancel", l.on("clinic", "cancel", list...))
	for _, other := range l.p.outstanding() {
		if it != nil && other != it {
			continue
		}
		if l.p.stage == waiting {
			other.fate = itemCancelled
		} else {
			other.cancelling = true
		}
	}
	switch wanted := l.p.any(func(it *item) bool { return !it.cancelling }); {
	case l.p.stage == waiting && l.p.outstanding() == nil:
		l.p.stage = cancelled
	case l.p.stage != waiting && wanted == nil:
		l.p.stage = cancelling
	}
	l.mistakes(1)
}

// miss is the error of a life, with what it was.
func (l *life) miss(kind string) error {
	if l.err == nil {
		return nil
	}
	var names []string
	for _, p := range l.all {
		names = append(names, p.number)
	}
	return errors.Join(fmt.Errorf("%s %s:", kind, strings.Join(names, " ")), l.err)
}
