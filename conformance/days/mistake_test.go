package days

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// mistake is an act that is never allowed where it fits.
type mistake struct {
	name string
	fits func(l *life) bool
	try  func(l *life) (request, []string) // and the rules one of which forbids it
}

// mistakes tries so many of those that fit.
func (l *life) mistakes(n int) {
	var fit []*mistake
	for i := range allMistakes {
		if allMistakes[i].fits(l) {
			fit = append(fit, &allMistakes[i])
		}
	}
	for ; n > 0 && len(fit) > 0; n-- {
		m := fit[l.rnd.IntN(len(fit))]
		r, rules := m.try(l)
		if early := l.p.notBefore.After(time.Now()); early && (r.who == l.first || r.who == l.second) && strings.HasSuffix(r.path, "/$dispense") {
			rules = append(rules, "MDR-16") // its day has not come, whatever else is wrong
		}
		l.wrong(m.name, r, rules...)
	}
}

func always(*life) bool { return true }

func in(stages ...stage) func(*life) bool {
	return func(l *life) bool {
		for _, s := range stages {
			if l.p.stage == s {
				return true
			}
		}
		return false
	}
}

// some reports whether a pharmacy has the prescription and an item fits.
func some(fits func(l *life, it *item) bool) func(*life) bool {
	return func(l *life) bool { return l.one(fits) != nil }
}

func (l *life) one(fits func(l *life, it *item) bool) *item {
	if !in(held, started)(l) {
		return nil
	}
	return l.p.any(func(it *item) bool { return fits(l, it) })
}

// What an item lacks, or has.
func unapproved(_ *life, it *item) bool {
	return it.what.controlled() && !it.approved && it.onHold == ""
}
func uncounted(l *life, it *item) bool {
	return it.what.counted() && l.p.ready(it, it.counted) && it.counted == 0
}
func counted(l *life, it *item) bool { return it.counted > 0 && l.p.ready(it, it.counted) }
func paperless(l *life, it *item) bool {
	return l.p.private() && it.what.onPaper() && !l.p.original
}

// easy is an item of which nothing is wanted but the right supply.
func easy(l *life, it *item) bool { return l.p.ready(it, it.ordered-it.given) }
func easyBrand(l *life, it *item) bool {
	return easy(l, it) && xaggitin[it.what.code][0] != ""
}
func easyCD(l *life, it *item) bool { return easy(l, it) && it.what.controlled() }
func easyAndOld(l *life, it *item) bool {
	return easy(l, it) && l.p.signed.Before(time.Now().AddDate(0, 0, -2))
}
func several(l *life, it *item) bool { return easy(l, it) && it.ordered-it.given > 1 }

// easyCD2 is one of Schedule 2 that is counted, in the amount that was.
func easyCD2(l *life, it *item) bool  { return easy(l, it) && it.what.counted() }
func inBag(_ *life, it *item) bool    { return it.bagged }
func cd2InBag(_ *life, it *item) bool { return it.bagged && it.what.counted() }

// supplies is a $dispense of an item, which is wrong in one way.
func supplies(fits func(*life, *item) bool, rule string, parts func(l *life, it *item) list) func(l *life) (request, []string) {
	return func(l *life) (request, []string) {
		it := l.one(fits)
		return l.on(l.second, "dispense", part(it.number, parts(l, it)...)), []string{rule}
	}
}

// by is an operation by somebody, refused for a rule.
func by(who, operation, rule string, list ...any) func(l *life) (request, []string) {
	return func(l *life) (request, []string) { return l.on(who, operation, list...), []string{rule} }
}

// ours is an operation by the prescription's pharmacist.
func ours(operation string, rules []string, list ...any) func(l *life) (request, []string) {
	return func(l *life) (request, []string) { return l.on(l.first, operation, list...), rules }
}

var (
	everything = parameter("all", "valueBoolean", true)
	back       = parameter("reason", "valueCode", "0002")
	wrongly    = parameter("reason", "valueCode", "QU")
	died       = parameter("reason", "valueCode", "0001")
)

func handed(t time.Time) string {
	return t.Format("2006-01-02T15:04:05+00:00")
}

var allMistakes = slices.Concat(actMistakes, owingMistakes, responsibleMistakes)

var actMistakes = []mistake{
	// Who may not, at any time.
	{"a supply by another pharmacy", always, func(l *life) (request, []string) { return l.on(l.stranger(), "dispense", everything), []string{absent} }},
	{"a return by another pharmacy", always, func(l *life) (request, []string) { return l.on(l.stranger(), "return", back), []string{absent} }},
	{"a withdrawal by another pharmacy", always, func(l *life) (request, []string) { return l.on(l.stranger(), "withdraw", wrongly), []string{absent} }},
	{"an acceptance by another pharmacy", always, func(l *life) (request, []string) { return l.on(l.stranger(), "accept"), []string{absent} }},
	{"a supply by the prescriber", always, by("clinic", "dispense", "auth", everything)},
	{"an acceptance by the prescriber", always, by("clinic", "accept", "auth")},
	{"an approval by the prescriber", always, by("clinic", "approve", "auth")},
	{"a supply by customer service", always, by("support", "dispense", "role", everything)},
	{"an acceptance by customer service", always, by("support", "accept", "role")},
	{"an approval by customer service", always, by("support", "approve", "role")},
	{"a supply by finance", always, by("finance", "dispense", "auth", everything)},
	{"a supply by an auditor", always, by("auditor", "dispense", "auth", everything)},
	{"a cancellation by another clinic", always, by("clinic-2", "cancel", absent, died)},
	{"a cancellation by a pharmacist", always, ours("cancel", []string{"auth"}, died)},

	// What is not understood does nothing.
	{"a parameter that there is not", always, ours("dispense", []string{"OP-1"}, object{"name": "items", "part": list{status("0002")}})},
	{"a supply of what is not named", in(held, started), ours("dispense", []string{"DN-13"}, parameter("whenHandedOver", "valueDateTime", "2026-11-01T10:00:00Z"))},

	// What is written by hand.
	{"a supply as a resource", always, func(l *life) (request, []string) {
		it := l.p.items[0]
		return request{l.first, http.MethodPost, "/MedicationDispense", object{"resourceType": "MedicationDispense", "status": "completed",
			"medicationCodeableConcept": object{"coding": list{coding([2]string{it.what.code, it.what.name})}}, "quantity": amount(it.ordered, it.what.unit),
			"authorizingPrescription": list{object{"identifier": identified(itemNumber, it.number)}}, "whenHandedOver": handed(time.Now().UTC())}.json()}, []string{"DN-19"}
	}},
	{"the prescription once more", always, func(l *life) (request, []string) {
		return request{"clinic", http.MethodPost, "/$process-message", again(l.rnd, l.p.text)}, []string{"0002"}
	}},
	{"another prescription with an item's number", always, func(l *life) (request, []string) {
		text := renamed(renamed(again(l.rnd, l.p.text), l.p.number, newNumber(l.rnd)), l.p.long, newID(l.rnd))
		return request{"clinic", http.MethodPost, "/$process-message", text}, []string{"P5"}
	}},

	// Before a pharmacy has it.
	{"a supply before it is accepted", in(waiting), ours("dispense", []string{"0012"}, everything)},
	{"an approval before it is accepted", in(waiting), ours("approve", []string{"0012", "HOLD-3"})},
	{"a return before it is accepted", in(waiting), ours("return", []string{"0012"}, back)},
	{"a withdrawal before it is accepted", in(waiting), ours("withdraw", []string{"0012"}, wrongly)},

	// While a pharmacy has it.
	{"a second acceptance", in(held, started), ours("accept", []string{"0012"})},
	{"a withdrawal of nothing", in(held), ours("withdraw", []string{"0012"}, wrongly)},
	{"a return after a supply", in(started), ours("return", []string{"0012"}, back)},
	{"an item that there is not", in(held, started), ours("dispense", []string{"0014"}, part("6e3c7b52-3a1e-4c39-9c51-0d7a37e4f7aa"))},
	{"a supply that nobody approved", some(unapproved), supplies(unapproved, "APPROVE-2", func(*life, *item) list { return nil })},
	{"a supply that nobody counted", some(uncounted), supplies(uncounted, "CHECK-4", func(*life, *item) list { return nil })},
	{"a count by who approved", some(uncounted), func(l *life) (request, []string) {
		it := l.one(uncounted)
		return l.on(l.first, "check", part(it.number, quantity(it.ordered-it.given, it.what.unit))), []string{"CHECK-3"}
	}},
	{"a count of too much", some(uncounted), func(l *life) (request, []string) {
		it := l.one(uncounted)
		return l.on(l.second, "check", part(it.number, quantity(it.ordered-it.given+1, it.what.unit))), []string{"CHECK-1"}
	}},
	{"another amount than was counted", some(func(l *life, it *item) bool { return counted(l, it) && it.counted > 1 }), supplies(counted, "CHECK-4", func(_ *life, it *item) list {
		return list{status("0003"), quantity(it.counted-1, it.what.unit)}
	})},
	{"a supply by who accepted", some(counted), func(l *life) (request, []string) {
		it := l.one(counted)
		code := "0003"
		if it.counted == it.ordered-it.given {
			code = "0001"
		}
		return l.on(l.first, "dispense", part(it.number, status(code), quantity(it.counted, it.what.unit))), []string{"second-person"}
	}},
	{"an approval without the original", some(paperless), func(l *life) (request, []string) {
		return l.on(l.first, "approve", named(l.one(paperless))), []string{"MDR-15"}
	}},
	{"a supply without the original", some(paperless), supplies(paperless, "MDR-15", func(*life, *item) list { return nil })},
	{"an original without the prescriber's number", some(paperless), ours("record-original", []string{"MDR-15"}, original("FP10PCD", 0, true, "12")...)},
	{"an original on another form", some(paperless), ours("record-original", []string{"MDR-15"}, original("FP10", 0, true, "612345")...)},
	{"an original that is to come", some(paperless), ours("record-original", []string{"MDR-15"}, original("FP10PCD", 3, true, "612345")...)},
	{"an original whose signature nobody checked", some(paperless), ours("record-original", []string{"MDR-15"}, original("FP10PCD", 0, false, "612345")...)},
	{"an original by the prescriber", some(paperless), by("clinic", "record-original", "auth", original("FP10PCD", 0, true, "612345")...)},
	{"an original of an electronic prescription", func(l *life) bool { return in(held)(l) && !l.p.private() }, ours("record-original", []string{"MDR-15"}, original("FP10PCD", 0, true, "612345")...)},

	{"too much", some(easy), supplies(easy, "DN-2", func(_ *life, it *item) list { return list{quantity(it.ordered-it.given+1, it.what.unit)} })},
	{"ten times too much", some(easy), supplies(easy, "DN-2", func(_ *life, it *item) list { return list{quantity(10*it.ordered, it.what.unit)} })},
	{"the whole in two parts and one more", some(easy), func(l *life) (request, []string) {
		it := l.one(easy)
		left := it.ordered - it.given
		return l.on(l.second, "dispense", part(it.number, status("0003"), quantity(left, it.what.unit)), part(it.number, status("0003"), quantity(1, it.what.unit))), []string{"DN-2"}
	}},
	{"another unit", some(easy), supplies(easy, "DN-10", func(_ *life, it *item) list { return list{quantity(it.ordered-it.given, "ml")} })},
	{"another solid unit", some(easy), supplies(easy, "DN-10", func(_ *life, it *item) list {
		return list{quantity(it.ordered-it.given, map[string]string{"tablet": "capsule", "capsule": "tablet"}[it.what.unit])}
	})},
	{"another medicine", some(easy), supplies(easy, "HMR-214", func(_ *life, it *item) list {
		other := [2]string{"374372000", "Betamethasone valerate 0.1% cream"}
		return list{parameter("product", "valueCoding", coding(other))}
	})},
	{"another strength", some(easy), supplies(easy, "HMR-214", func(_ *life, it *item) list { return list{parameter("product", "valueCoding", coding(it.what.other))} })},
	{"another brand of modified-release methylphenidate", some(easyBrand), supplies(easyBrand, "HOLD-PRODUCT", func(_ *life, it *item) list {
		return list{parameter("product", "valueCoding", coding(xaggitin[it.what.code]))}
	})},
	{"nothing", some(easy), supplies(easy, "DN-1", func(_ *life, it *item) list { return list{quantity(0, it.what.unit)} })},
	{"less as all of it", some(several), supplies(several, "DN-9", func(_ *life, it *item) list {
		return list{status("0001"), quantity(it.ordered-it.given-1, it.what.unit)}
	})},
	{"all of it as a part", some(easy), supplies(easy, "DN-3", func(_ *life, it *item) list {
		return list{status("0003"), quantity(it.ordered-it.given, it.what.unit)}
	})},
	{"not dispensed without a reason", some(easy), supplies(easy, "DN-4", func(*life, *item) list { return list{status("0002")} })},
	{"a status that a pharmacy does not give", some(easy), supplies(easy, "DN-5", func(*life, *item) list { return list{status("0005")} })},
	{"a pack that has expired", some(easy), supplies(easy, "PACK-2", func(*life, *item) list { return list{parameter("expiry", "valueDate", "2025-12-31")} })},
	{"a pack whose code cannot be read", some(easy), supplies(easy, "PACK-1", func(*life, *item) list { return list{parameter("scan", "valueString", "05012345678901")} })},
	{"an original pack of a controlled drug", some(easyCD), supplies(easyCD, "HMR-217B", func(_ *life, it *item) list {
		return list{quantity(it.ordered-it.given+1, it.what.unit), parameter("difference", "valueCode", "original-pack")}
	})},
	{"a supply that is to come", some(easy), func(l *life) (request, []string) {
		it := l.one(easy)
		return l.on(l.second, "dispense", part(it.number), parameter("whenHandedOver", "valueDateTime", handed(time.Now().UTC().AddDate(0, 0, 21)))), []string{"DN-8"}
	}},
	{"a supply before the signature", some(easy), func(l *life) (request, []string) {
		it := l.one(easy)
		return l.on(l.second, "dispense", part(it.number), parameter("whenHandedOver", "valueDateTime", handed(l.p.signed.AddDate(0, 0, -2)))), []string{"HMR-214"}
	}},
	{"a supply before the pharmacy had it", some(easyAndOld), func(l *life) (request, []string) {
		it := l.one(easyAndOld)
		return l.on(l.second, "dispense", part(it.number), parameter("whenHandedOver", "valueDateTime", handed(time.Now().UTC().AddDate(0, 0, -1)))), []string{"DN-12"}
	}},
	{"a supply of what is to be cancelled", func(l *life) bool {
		return in(held, started, cancelling)(l) && l.p.any(func(it *item) bool { return it.cancelling }) != nil
	},
		func(l *life) (request, []string) {
			it := l.p.any(func(it *item) bool { return it.cancelling })
			return l.on(l.second, "dispense", part(it.number)), []string{"R-0003"}
		}},
	{"a supply of an item that was cancelled", func(l *life) bool { return in(held, started)(l) && l.item(itemCancelled) != nil }, func(l *life) (request, []string) {
		return l.on(l.second, "dispense", part(l.item(itemCancelled).number)), []string{"0013"}
	}},
	{"a supply of an item that has expired", func(l *life) bool { return in(held, started)(l) && l.item(lapsed) != nil }, func(l *life) (request, []string) {
		return l.on(l.second, "dispense", part(l.item(lapsed).number)), []string{"MDR-16", "0013"}
	}},
	{"a supply of an item that was supplied", func(l *life) bool { return in(started)(l) && l.item(supplied) != nil }, func(l *life) (request, []string) {
		return l.on(l.second, "dispense", part(l.item(supplied).number)), []string{"DN-6"}
	}},
	{"an amount of an item that was supplied", func(l *life) bool { return in(started)(l) && l.item(supplied) != nil }, func(l *life) (request, []string) {
		it := l.item(supplied)
		return l.on(l.second, "dispense", part(it.number, quantity(1, it.what.unit))), []string{"0013"}
	}},
	{"an item owed that was supplied", func(l *life) bool { return in(started)(l) && l.item(supplied) != nil }, func(l *life) (request, []string) {
		return l.on(l.second, "dispense", part(l.item(supplied).number, status("0004"))), []string{"DN-6"}
	}},

	// Who collects, and what waits for them.
	{"a supply of Schedule 2 to nobody knows whom", some(easyCD2), func(l *life) (request, []string) {
		return l.bare(l.second, "dispense", part(l.one(easyCD2).number)), []string{"MDR-19"}
	}},
	{"a supply of Schedule 2 to a professional without a name", some(easyCD2), func(l *life) (request, []string) {
		return l.bare(l.second, "dispense", append(collecting("healthcare-professional", true, true), part(l.one(easyCD2).number))...), []string{"MDR-19"}
	}},
	{"a proof of identity that nobody asked for", some(easy), func(l *life) (request, []string) {
		return l.bare(l.second, "dispense", append(collecting("patient", false, true), part(l.one(easy).number))...), []string{"COLLECT-1"}
	}},
	{"a supply of Schedule 2 that nobody signs for", some(easyCD2), func(l *life) (request, []string) {
		return l.bare(l.second, "dispense", append(collecting("patient", true, true), parameter("method", "valueCode", "delivered"), part(l.one(easyCD2).number))...), []string{"COLLECT-2"}
	}},
	{"into the bag and handed over", some(easy), func(l *life) (request, []string) {
		return l.on(l.second, "dispense", part(l.one(easy).number), parameter("bag", "valueCode", "collection")), []string{"HAND-1"}
	}},
	{"a hand-over of what is not in the bag", some(easy), func(l *life) (request, []string) {
		return l.on(l.second, "hand-over", named(l.one(easy))), []string{"HAND-2"}
	}},
	{"a supply of what waits in the bag", some(inBag), func(l *life) (request, []string) {
		return l.on(l.second, "dispense", part(l.one(inBag).number)), []string{"HAND-3"}
	}},
	{"a return of what waits in the bag", func(l *life) bool { return in(held)(l) && l.one(inBag) != nil }, ours("return", []string{"HAND-5"}, back)},
	{"a hand-over by another pharmacy", some(inBag), func(l *life) (request, []string) { return l.on(l.stranger(), "hand-over"), []string{absent} }},
	{"a hand-over by the prescriber", some(inBag), by("clinic", "hand-over", "auth")},
	{"a hand-over by customer service", some(inBag), by("support", "hand-over", "role")},
	{"a hand-over of Schedule 2 to nobody knows whom", some(cd2InBag), func(l *life) (request, []string) {
		return l.bare(l.second, "hand-over", named(l.one(cd2InBag))), []string{"MDR-19"}
	}},
	{"a hand-over of Schedule 2 by who accepted", some(cd2InBag), func(l *life) (request, []string) {
		return l.on(l.first, "hand-over", named(l.one(cd2InBag))), []string{"second-person"}
	}},
	{"put back without a reason", some(inBag), func(l *life) (request, []string) {
		return l.bare(l.first, "put-back", named(l.one(inBag))), []string{"OP-4"}
	}},

	// When it is over.
	{"a second supply", in(finished), func(l *life) (request, []string) {
		return l.on(l.second, "dispense", part(l.p.items[0].number)), []string{"0012"}
	}},
	{"a second supply of everything", in(finished), ours("dispense", []string{"0012"}, everything)},
	{"an acceptance when it is over", in(finished, cancelled), ours("accept", []string{"0012"})},
	{"a return when it is over", in(finished, cancelled), ours("return", []string{"0012"}, back)},
	{"a cancellation when it is over", in(finished), func(l *life) (request, []string) {
		return l.on("clinic", "cancel", died), []string{"R-0004", "R-0010", "R-0006", "R-0009"}
	}},
	{"a second cancellation", in(cancelled), func(l *life) (request, []string) { return l.on("clinic", "cancel", died), []string{"R-0006"} }},
	{"a supply of what was cancelled", in(cancelled), ours("dispense", []string{"0012"}, everything)},
	{"a supply after it has expired", in(expired), func(l *life) (request, []string) {
		return l.on(l.second, "dispense", part(l.p.items[0].number)), []string{"0002", "MDR-16"}
	}},
	{"an acceptance after it has expired", in(expired), ours("accept", []string{"0002"})},
}

// stranger is a pharmacist of another pharmacy.
func (l *life) stranger() string {
	if l.p.pharmacy() == away {
		return "pharmacist"
	}
	return "pharmacy-2"
}

// item is the first with a fate.
func (l *life) item(f fate) *item {
	for _, it := range l.p.items {
		if it.fate == f {
			return it
		}
	}
	return nil
}
