package days

import (
	"net/http"
	"time"
)

// owing tells of an item that it is owed, why, and when it is expected.
func owing(number string, day time.Time, more ...any) object {
	return part(number, append(list{parameter("expected", "valueDate", day.In(london).Format(time.DateOnly)), parameter("reason", "valueString", "The wholesaler has none.")}, more...)...)
}

// owe is $owe: of an item of which nothing was supplied or owed, the notification says
// that it is owed; of any other the day alone is recorded.
func (l *life) owe(it *item) {
	l.mistakes(1)
	first := it.given == 0 && !it.owing
	s := supply{stage: l.p.stage, items: []given{{it, 0, it.fate}}}
	a := l.lawful("owe with a day", l.on(l.second, "owe", owing(it.number, time.Now())))
	if first {
		l.supplied(s, a)
		l.p.settle()
	}
	it.owing = true
	l.mistakes(1)
}

// releaseByNumber takes a prescription as EPS software does, by its number.
func (l *life) releaseByNumber() {
	l.lawful("release", request{l.first, http.MethodPost, "/Task/$release", parameters(releasing(l.p.number)...)})
	l.p.stage, l.p.holder = held, l.first
	l.mistakes(1)
}

// releasing are the parameters of a $release by number.
func releasing(number string) list {
	return list{
		object{"name": "owner", "resource": object{"resourceType": "Organization", "identifier": list{identified(ods, home)}, "name": "Sandbox Online Pharmacy", "active": true, "telecom": list{object{"system": "phone", "use": "work", "value": "0113 4960003"}}}},
		object{"name": "agent", "resource": object{"resourceType": "PractitionerRole", "practitioner": object{"identifier": identified("https://fhir.nhs.uk/Id/sds-user-id", "555000000002"), "display": "A pharmacist"},
			"telecom": list{object{"system": "phone", "use": "work", "value": "0113 4960003"}}}},
		parameter("status", "valueCode", "accepted"),
		parameter("group-identifier", "valueIdentifier", identified(orderNumber, number)),
	}
}

// acting is Basic/$responsible-pharmacist.
func acting(who, act string) request {
	return request{who, http.MethodPost, "/Basic/$responsible-pharmacist", parameters(parameter("act", "valueCode", act))}
}

// unattended is the life of a prescription while the responsible pharmacist is absent, and
// while there is none: nothing is supplied of it then. Nobody else may be at work.
func (l *life) unattended() {
	l.first, l.second = "pharmacist", "pharmacist-2"
	l.order(func(p *prescription) { p.kind, p.nominated = "1001", home }, anyMedicine(l.rnd, uncontrolled))
	l.accept()
	refused := func(while string) {
		l.wrong("a supply "+while, l.on(l.second, "dispense", everything), "RP-supply")
		l.wrong("a part "+while, l.on(l.second, "dispense", part(l.p.items[0].number, status("0003"), quantity(1, l.p.items[0].what.unit))), "RP-supply")
	}
	l.lawful("absence", acting("pharmacist", "absence"))
	refused("in an absence")
	l.wrong("a second absence", acting("pharmacist", "absence"), "RP-one")
	l.lawful("return to the pharmacy", acting("pharmacist", "return"))
	l.lawful("sign out", acting("pharmacist", "end"))
	refused("while nobody is responsible")
	l.wrong("an end of nobody", acting("pharmacist", "end"), "RP-none")
	l.lawful("sign in", acting("pharmacist", "start"))
	l.handOver(l.p.outstanding(), 0)
}

// responsibleMistakes are acts on the record of the responsible pharmacist, who is
// "pharmacist" and is there.
var responsibleMistakes = []mistake{
	{"a second responsible pharmacist", always, func(*life) (request, []string) { return acting("pharmacist-2", "start"), []string{"RP-one"} }},
	{"a return of who is not absent", always, func(*life) (request, []string) { return acting("pharmacist", "return"), []string{"RP-one"} }},
	{"the end by another", always, func(*life) (request, []string) { return acting("pharmacist-2", "end"), []string{"RP-own"} }},
	{"an absence by another", always, func(*life) (request, []string) { return acting("pharmacist-2", "absence"), []string{"RP-own"} }},
	{"a responsible pharmacist of a clinic", always, func(*life) (request, []string) { return acting("clinic", "start"), []string{"auth"} }},
	{"a responsible customer service", always, func(*life) (request, []string) { return acting("support", "start"), []string{"role", "auth"} }},
}

// owingMistakes are wrong acts of $owe and of $release.
var owingMistakes = []mistake{
	{"owed from another pharmacy", always, func(l *life) (request, []string) {
		return l.on(l.stranger(), "owe", owing(l.p.items[0].number, time.Now())), []string{absent}
	}},
	{"owed by the prescriber", always, func(l *life) (request, []string) {
		return l.on("clinic", "owe", owing(l.p.items[0].number, time.Now())), []string{"auth"}
	}},
	{"owed before it is accepted", in(waiting), func(l *life) (request, []string) {
		return l.on(l.first, "owe", owing(l.p.items[0].number, time.Now())), []string{"0012", "HOLD-3"}
	}},
	{"owed until yesterday", some(easy), func(l *life) (request, []string) {
		return l.on(l.second, "owe", owing(l.one(easy).number, time.Now().AddDate(0, 0, -1))), []string{"OWE-1"}
	}},
	{"owed for longer than it may be supplied", some(easy), func(l *life) (request, []string) {
		return l.on(l.second, "owe", owing(l.one(easy).number, time.Now().AddDate(1, 0, 0))), []string{"OWE-1"}
	}},
	{"owed, and all of it handed over", some(easy), func(l *life) (request, []string) {
		it := l.one(easy)
		return l.on(l.second, "owe", append(collecting("patient", true, true), owing(it.number, time.Now(), quantity(it.ordered-it.given, it.what.unit)))...), []string{"DN-3"}
	}},
	{"released by the prescriber", always, func(l *life) (request, []string) {
		return request{"clinic", http.MethodPost, "/Task/$release", parameters(releasing(l.p.number)...)}, []string{"auth"}
	}},
	{"released by finance", always, func(l *life) (request, []string) {
		return request{"finance", http.MethodPost, "/Task/$release", parameters(releasing(l.p.number)...)}, []string{"auth"}
	}},
	{"released for another pharmacy", always, func(l *life) (request, []string) {
		return request{"pharmacy-2", http.MethodPost, "/Task/$release", parameters(releasing(l.p.number)...)}, []string{"actor", "auth"}
	}},
}
