package days

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// kind is a way in which prescriptions go, and how often of a hundred.
type kind struct {
	name  string
	share int
	live  func(l *life)
}

var kinds = []kind{
	{"supplied at once", 20, (*life).atOnce},
	{"two items", 14, (*life).twoItems},
	{"a part, and the rest owed", 14, (*life).owed},
	{"the patient declines", 4, (*life).declined},
	{"returned, and accepted again", 5, (*life).returned},
	{"cancelled before anybody had it", 4, (*life).cancelledEarly},
	{"cancelled while a pharmacy had it", 4, (*life).cancelledLate},
	{"one item cancelled", 4, (*life).oneCancelled},
	{"a supply withdrawn", 6, (*life).withdrawn},
	{"a notification amended", 5, (*life).amended},
	{"the pharmacy claims itself", 5, (*life).claimsItself},
	{"expired", 3, (*life).tooOld},
	{"one item expired", 3, (*life).halfTooOld},
	{"on its last day", 3, (*life).lastDay},
	{"not yet", 2, (*life).notYet},
	{"a titration", 5, (*life).titrated},
	{"a dose above the maximum", 2, (*life).overdosed},
	{"words that are not the figures", 2, (*life).misspelt},
	{"held by a pharmacist", 3, (*life).onHold},
	{"another pharmacy's", 4, (*life).elsewhere},
	{"stock", 4, (*life).stock},
}

func (l *life) atOnce() {
	l.order(nil, anyMedicine(l.rnd, anything))
	l.mistakes(1)
	l.accept()
	l.handOver(l.p.outstanding(), 0)
}

// pair is a medicine that fits and an uncontrolled one of another substance: the doses
// of one substance add up.
func (l *life) pair(fits func(*medicine) bool) []*medicine {
	a := anyMedicine(l.rnd, fits)
	return []*medicine{a, anyMedicine(l.rnd, func(m *medicine) bool { return uncontrolled(m) && m.substance() != a.substance() })}
}

func (l *life) twoItems() {
	l.order(nil, l.pair(stimulant)...)
	l.mistakes(1)
	l.accept()
	if l.rnd.IntN(2) == 0 {
		l.handOver(l.p.items[:1], 0)
	}
	l.handOver(l.p.outstanding(), 0)
	l.mistakes(1)
}

func (l *life) owed() {
	l.order(nil, anyMedicine(l.rnd, anything))
	l.accept()
	it := l.p.items[0]
	switch l.rnd.IntN(6) {
	case 0:
		l.leave("owe", it, "0004", "")
		l.mistakes(1)
	case 1:
		l.owe(it)
	}
	l.handOver(l.p.items, 1+l.rnd.IntN(it.ordered/2))
	if l.rnd.IntN(3) == 0 {
		l.owe(it)
	}
	if l.rnd.IntN(3) == 0 {
		l.handOver(l.p.items, 1)
	}
	l.mistakes(2)
	l.handOver(l.p.items, 0)
	l.mistakes(1)
}

func (l *life) declined() {
	l.order(nil, l.pair(anything)...)
	l.accept()
	l.leave("not dispensed", l.p.items[1], "0002", "0001")
	l.mistakes(1)
	if l.rnd.IntN(3) == 0 {
		l.leave("not dispensed", l.p.items[0], "0002", "0001")
	} else {
		l.handOver(l.p.outstanding(), 0)
	}
	l.mistakes(1)
}

func (l *life) returned() {
	l.order(nil, anyMedicine(l.rnd, anything))
	l.accept()
	if l.rnd.IntN(2) == 0 {
		it := l.p.items[0]
		l.prepare(it, it.ordered)
	}
	l.giveBack()
	l.mistakes(1)
	l.first, l.second = l.second, l.first
	l.accept()
	l.handOver(l.p.outstanding(), 0)
}

func (l *life) cancelledEarly() {
	l.order(nil, anyMedicine(l.rnd, anything))
	l.cancel(nil)
	l.mistakes(2)
}

func (l *life) cancelledLate() {
	l.order(nil, anyMedicine(l.rnd, anything))
	l.accept()
	l.cancel(nil)
	l.mistakes(1)
	l.giveBack()
	l.mistakes(1)
}

func (l *life) oneCancelled() {
	l.order(nil, l.pair(anything)...)
	late := l.rnd.IntN(2) == 0
	if late {
		l.accept()
	}
	gone := l.p.items[1]
	l.cancel(gone)
	if !late {
		l.accept()
	}
	l.mistakes(2)
	l.handOver(l.p.items[:1], 0)
	if late { // it was told that the prescriber does not want it
		l.leave("not dispensed", gone, "0002", "0004")
	}
	l.mistakes(1)
}

func (l *life) withdrawn() {
	l.order(nil, anyMedicine(l.rnd, anything))
	l.accept()
	it := l.p.items[0]
	parts := l.rnd.IntN(2) == 0
	if parts {
		l.handOver(l.p.items, 1+l.rnd.IntN(it.ordered/2))
	}
	l.handOver(l.p.items, 0)
	l.takeBack()
	if parts && l.rnd.IntN(2) == 0 {
		l.takeBack()
	}
	l.mistakes(1)
	l.handOver(l.p.items, 0)
}

// amended corrects the last notification as dispensing software does: by a message
// that replaces it.
func (l *life) amended() {
	l.order(nil, anyMedicine(l.rnd, anything))
	l.accept()
	it := l.p.items[0]
	l.handOver(l.p.items, 1+l.rnd.IntN(it.ordered/2))
	n := 1 + l.rnd.IntN(it.ordered-1)
	last := &l.p.standing[len(l.p.standing)-1]
	change := l.amendment(last, last.id, n)
	l.wrong("an amendment by another pharmacy", request{l.stranger(), http.MethodPost, "/$process-message", change}, "actor", absent)
	l.wrong("an amendment by the prescriber", request{"clinic", http.MethodPost, "/$process-message", change}, "role", "auth", "actor")
	l.wrong("an amendment that is too much", request{l.second, http.MethodPost, "/$process-message", l.amendment(last, last.id, it.ordered+1)}, "DN-2")
	l.lawful("amend", request{l.second, http.MethodPost, "/$process-message", change})
	old := last.id
	var message object
	if err := json.Unmarshal([]byte(change), &message); err != nil {
		l.fail("%w", err)
	}
	last.text, last.id = message, message.text("identifier", "value")
	it.given += n - last.items[0].n
	last.items[0].n = n
	l.wrong("an amendment of one that was replaced", request{l.second, http.MethodPost, "/$process-message", l.amendment(last, old, 1)}, "0021")
	l.mistakes(1)
	l.handOver(l.p.items, 0)
}

// amendment is a notification that replaces another, of one item of which so much was
// handed over.
func (l *life) amendment(s *supply, replaces string, n int) string {
	var message object
	if err := json.Unmarshal([]byte(s.text.json()), &message); err != nil {
		l.fail("%w", err)
	}
	delete(message, "id")
	message["identifier"] = identified("https://tools.ietf.org/html/rfc4122", newID(l.rnd))
	for i, e := range message.list("entry") {
		switch r := e.get("resource"); r.text("resourceType") {
		case "MessageHeader":
			id := newID(l.rnd)
			e["fullUrl"], r["id"] = "urn:uuid:"+id, id
			r["extension"] = list{object{"url": nhs + "StructureDefinition/Extension-replacementOf", "valueIdentifier": identified("https://tools.ietf.org/html/rfc4122", replaces)}}
		case "MedicationDispense":
			r.get("quantity")["value"] = n
		}
		message["entry"].([]any)[i] = e
	}
	return message.json()
}

// claimsItself claims with the pharmacy's own system, and amends that.
func (l *life) claimsItself() {
	l.order(func(p *prescription) { p.kind = "1001" }, anyMedicine(l.rnd, anything))
	l.accept()
	l.handOver(l.p.items, 0)
	found := l.read("the claim of "+l.p.number, "/Claim?patient:identifier="+url.QueryEscape(nhs+"Id/nhs-number|"+l.p.patient.nhs), func(o object) bool { return len(o.list("entry")) == 1 })
	theirs := found.list("entry")[0].get("resource")
	send := func(who, text string) request { return request{who, http.MethodPost, "/Claim", text} }
	l.wrong("a claim by the prescriber", send("clinic", l.claim(theirs, "", 1)), "actor", "role", "auth")
	l.wrong("a claim by another pharmacy", send("pharmacy-2", l.claim(theirs, "", 1)), "actor")
	l.wrong("a claim of more than was supplied", send(l.second, l.claim(theirs, "", 2)), "0013")
	l.wrong("an amendment of a claim that is not there", send(l.second, l.claim(theirs, newID(l.rnd), 1)), "0021")
	own := l.claim(theirs, "", 1)
	l.lawful("claim", send(l.second, own))
	l.p.claim = claimID(own)
	l.wrong("a second claim", send(l.second, l.claim(theirs, "", 1)), "0012")
	for range 1 + l.rnd.IntN(2) {
		old := l.p.claim
		l.wrong("an amendment of more than was supplied", send(l.second, l.claim(theirs, old, 2)), "0013")
		own = l.claim(theirs, old, 1)
		l.lawful("amend the claim", send(l.second, own))
		l.p.claim = claimID(own)
		l.wrong("an amendment of a claim that was replaced", send(l.second, l.claim(theirs, old, 1)), "0021")
	}
	l.mistakes(1)
}

// claim is a claim like one that counts, with another identifier, which replaces
// another one unless "" and claims so many times what was supplied.
func (l *life) claim(standing object, replaces string, times int) string {
	var claim object
	if err := json.Unmarshal([]byte(standing.json()), &claim); err != nil {
		l.fail("%w", err)
	}
	delete(claim, "id")
	delete(claim, "meta")
	claim["identifier"] = list{identified("https://tools.ietf.org/html/rfc4122", newID(l.rnd))}
	if replaces != "" {
		extension, _ := claim["extension"].([]any)
		claim["extension"] = append(extension, object{"url": nhs + "StructureDefinition/Extension-replacementOf", "valueIdentifier": identified("https://tools.ietf.org/html/rfc4122", replaces)})
	}
	for _, i := range claim.list("item") {
		for _, d := range i.list("detail") {
			for _, s := range d.list("subDetail") {
				s.get("quantity")["value"] = times * s.number("quantity", "value")
			}
		}
	}
	return claim.json()
}

func claimID(text string) string {
	var claim object
	_ = json.Unmarshal([]byte(text), &claim)
	return claim.identifier("https://tools.ietf.org/html/rfc4122")
}

// ago is a prescription that was signed so many days ago.
func ago(days int) func(*prescription) {
	return func(p *prescription) { p.signed = p.signed.AddDate(0, 0, -days) }
}

func (l *life) tooOld() {
	l.order(ago(29+l.rnd.IntN(100)), anyMedicine(l.rnd, stimulant))
	l.mistakes(3)
}

func (l *life) halfTooOld() {
	l.order(ago(29+l.rnd.IntN(100)), l.pair(stimulant)...)
	l.mistakes(1)
	l.accept()
	l.mistakes(2)
	l.handOver(l.p.outstanding(), 0)
}

// lastDay is on the last day, unless that ends before the life does.
func (l *life) lastDay() {
	days := 28
	if midnight(time.Now().Add(time.Hour)) != midnight(time.Now()) {
		days = 26
	}
	l.order(ago(days), anyMedicine(l.rnd, stimulant))
	l.accept()
	l.handOver(l.p.outstanding(), 0)
}

func (l *life) notYet() {
	early := l.rnd.IntN(2) == 0
	l.order(func(p *prescription) {
		p.notBefore = time.Now().AddDate(0, 0, 4)
		if !early { // signed long ago, for a day of which the 28 days count
			p.signed, p.notBefore = p.signed.AddDate(0, 0, -50), time.Now().AddDate(0, 0, -20)
		}
	}, anyMedicine(l.rnd, stimulant))
	l.accept()
	it := l.p.items[0]
	if !early {
		l.handOver(l.p.items, 0)
		return
	}
	l.prepare(it, it.ordered)
	l.wrong("a supply before its day", l.on(l.second, "dispense", part(it.number)), "MDR-16")
}

// titrated is one medicine in one strength, and then in another.
func (l *life) titrated() {
	for _, step := range titration {
		l.order(nil, &medicines[step])
		l.accept()
		l.handOver(l.p.items, 0)
	}
}

// overdosed is stopped until a pharmacist has said what was done about it.
func (l *life) overdosed() {
	m := &medicines[5]
	l.order(func(p *prescription) {
		p.items[0].dose, p.items[0].onHold = "Two capsules in the morning", "HOLD-CLINICAL"
	}, m)
	l.accept()
	it := l.p.items[0]
	found := l.read("the issue of "+l.p.number, l.p.task, func(o object) bool { return heldBy(o) != "" })
	issue := heldBy(found)
	l.wrong("a supply that may harm", l.on(l.second, "dispense", part(it.number)), "HOLD-CLINICAL", "MDR-15")
	if !paperless(l, it) {
		l.wrong("an approval of what may harm", l.on(l.first, "approve", named(it)), "HOLD-CLINICAL")
	}
	body := parameters(parameter("action", "valueCode", "13"), parameter("reason", "valueString", "The specialist wants it; the pulse is watched."))
	path := "/" + issue + "/$mitigate"
	l.wrong("a mitigation by the prescriber", request{"clinic", http.MethodPost, path, body}, "auth")
	l.wrong("a mitigation by customer service", request{"support", http.MethodPost, path, body}, "auth", "role")
	l.lawful("mitigate", request{"", http.MethodPost, path, body})
	it.onHold = ""
	l.handOver(l.p.items, 0)
}

// heldBy is the clinical issue that the Task says holds an item.
func heldBy(task object) string {
	for _, in := range task.list("input") {
		if ref := in.extension("StructureDefinition/hold").extension("about").text("valueString"); strings.HasPrefix(ref, "DetectedIssue/") {
			return ref
		}
	}
	return ""
}

// misspelt is a quantity in words that is not the one in figures.
func (l *life) misspelt() {
	l.order(func(p *prescription) { p.items[0].words, p.items[0].onHold = "twenty seven", "HOLD-WORDS" }, anyMedicine(l.rnd, stimulant))
	l.accept()
	it := l.p.items[0]
	l.wrong("a supply of an amount that is in doubt", l.on(l.second, "dispense", part(it.number)), "HOLD-WORDS")
	l.release("WORDS")
	it.onHold = ""
	l.handOver(l.p.items, 0)
}

func (l *life) release(code string) {
	why := list{parameter("hold", "valueCode", code), parameter("reason", "valueString", "The clinic was asked.")}
	l.wrong("a release by the prescriber", l.on("clinic", "release-hold", why...), "auth")
	l.wrong("a release by another pharmacy", l.on(l.stranger(), "release-hold", why...), absent)
	l.lawful("release a hold", l.on(l.first, "release-hold", why...))
}

func (l *life) onHold() {
	l.order(nil, anyMedicine(l.rnd, anything))
	l.accept()
	it := l.p.items[0]
	if l.rnd.IntN(2) == 0 {
		l.prepare(it, it.ordered)
	}
	l.lawful("hold", l.on(l.first, "hold", parameter("hold", "valueCode", "DOSE"), parameter("reason", "valueString", "Higher than last month."), named(it)))
	it.onHold, it.approved, it.counted = "HOLD-DOSE", false, 0
	l.wrong("a supply of what is held", l.on(l.second, "dispense", part(it.number)), "HOLD-DOSE")
	l.release("DOSE")
	it.onHold = ""
	l.handOver(l.p.items, 0)
}

// elsewhere is a prescription that another pharmacy supplies, on the same server.
func (l *life) elsewhere() {
	l.first, l.second = "pharmacy-2", "pharmacy-2"
	l.order(func(p *prescription) { p.nominated = away }, anyMedicine(l.rnd, uncontrolled))
	l.mistakes(2)
	l.accept()
	l.handOver(l.p.items, 0)
	l.mistakes(1)
}

// stock is what happens to controlled drugs beside prescriptions.
func (l *life) stock() {
	m := anyMedicine(l.rnd, stimulant)
	received, burned := 100*(1+l.rnd.IntN(9)), 1+l.rnd.IntN(28)
	on := func(who, operation string, list ...any) request {
		return request{who, http.MethodPost, "/Basic/$" + operation, parameters(append([]any{parameter("product", "valueCoding", coding([2]string{m.code, m.name}))}, list...)...)}
	}
	amountOf := func(n int) object { return quantity(n, m.unit) }
	receive := func(who string) request {
		return request{who, http.MethodPost, "/Basic/$receive-stock", m.receipt(received)}
	}
	witness := object{"name": "witness", "part": list{parameter("name", "valueString", "Wanda Witness"), parameter("role", "valueString", "CD liaison officer, authorised witness")}}
	reason := parameter("reason", "valueString", "expired")
	l.lawful("receive stock", receive(""))
	l.count.note(func() { l.count.received[m.page()] += received })
	l.wrong("a receipt by a clinic", receive("clinic"), "auth")
	l.wrong("a destruction without a witness", on("", "destroy", amountOf(burned), reason), "OP-4")
	l.wrong("a destruction of more than there is", on("", "destroy", amountOf(1_000_000_000), reason, witness), "MDR-27")
	l.wrong("a destruction by customer service", on("support", "destroy", amountOf(burned), reason, witness), "auth", "role")
	l.lawful("destroy", on("", "destroy", amountOf(burned), reason, witness))
	l.count.note(func() { l.count.burned[m.page()] += burned })
}

// receipt is the body of $receive-stock.
func (m *medicine) receipt(n int) string {
	from := object{"name": "from", "part": list{parameter("name", "valueString", "Example Wholesale Ltd"), parameter("address", "valueString", "2 Dock Road, Leeds LS9 8AA")}}
	return parameters(parameter("product", "valueCoding", coding([2]string{m.code, m.name})), quantity(n, m.unit), from)
}

// page is the page of the register.
func (m *medicine) page() string { return m.class + ", " + m.form + ", " + m.strength }
