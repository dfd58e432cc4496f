package dosage

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
)

// Read reads the dosages of a resource: of dosageInstruction of a MedicationRequest
// or MedicationDispense, of dosage of a MedicationStatement. An element that is no
// number where one belongs is read as absent; profiles refuse it.
func Read(list fhir.Node) (out []Dosage) {
	for n := range list.Items() {
		d := Dosage{
			Sequence: whole(n.Get("sequence")), Text: n.Get("text").Text(), Patient: n.Get("patientInstruction").Text(),
			Method: concept(n.Get("method")), Route: concept(n.Get("route")), Site: concept(n.Get("site")),
			AsNeeded:    n.Get("asNeededBoolean").Bool() || n.Get("asNeededCodeableConcept").Exists(),
			AsNeededFor: concept(n.Get("asNeededCodeableConcept")),
			MaxPerDose:  quantity(n.Get("maxDosePerAdministration")), MaxPerLifetime: quantity(n.Get("maxDosePerLifetime")),
			Timing: readTiming(n.Get("timing")),
		}
		for a := range n.Get("additionalInstruction").Items() {
			if text := concept(a); text != "" {
				d.Notes = append(d.Notes, text)
			}
		}
		for m := range n.Get("maxDosePerPeriod").Items() {
			d.MaxPerPeriod = append(d.MaxPerPeriod, limit(m))
		}
		d.readRate(n.Get("doseAndRate").Item(0))
		out = append(out, d)
	}
	return out
}

func (d *Dosage) readRate(n fhir.Node) {
	if d.Dose = quantity(n.Get("doseQuantity")); d.Dose.IsZero() {
		d.Dose = between(n.Get("doseRange"))
	}
	if r := n.Get("rateRatio"); r.Exists() {
		l := limit(r)
		d.Rate = Rate(l)
	} else if d.Rate.Amount = quantity(n.Get("rateQuantity")); d.Rate.Amount.IsZero() {
		d.Rate.Amount = between(n.Get("rateRange"))
	}
}

func limit(ratio fhir.Node) Limit {
	low := ratio.Get("denominator")
	return Limit{Amount: quantity(ratio.Get("numerator")), Period: number(low.Get("value")), Unit: timeUnit(low)}
}

func readTiming(n fhir.Node) Timing {
	r := n.Get("repeat")
	t := Timing{
		Frequency: whole(r.Get("frequency")), FrequencyMax: whole(r.Get("frequencyMax")),
		Period: number(r.Get("period")), PeriodMax: number(r.Get("periodMax")), Unit: r.Get("periodUnit").Text(),
		When: texts(r.Get("when")), Offset: whole(r.Get("offset")), Days: texts(r.Get("dayOfWeek")), Times: texts(r.Get("timeOfDay")),
		Count: whole(r.Get("count")), CountMax: whole(r.Get("countMax")),
		Duration: number(r.Get("duration")), DurationMax: number(r.Get("durationMax")), DurationUnit: r.Get("durationUnit").Text(),
		Events: texts(n.Get("event")), Code: concept(n.Get("code")),
	}
	switch {
	case r.Get("boundsDuration").Exists():
		q := r.Get("boundsDuration")
		t.For = Bounds{Low: number(q.Get("value")), High: number(q.Get("value")), Unit: timeUnit(q)}
	case r.Get("boundsRange").Exists():
		low, high := r.Path("boundsRange", "low"), r.Path("boundsRange", "high")
		t.For = Bounds{Low: number(low.Get("value")), High: number(high.Get("value")), Unit: timeUnit(high)}
		if t.For.Unit == "" {
			t.For.Unit = timeUnit(low)
		}
	default:
		t.For = Bounds{Start: r.Path("boundsPeriod", "start").Text(), End: r.Path("boundsPeriod", "end").Text()}
	}
	if !r.Exists() && t.Code != "" {
		t.byCode()
	}
	return t
}

// byCode reads a timing that has nothing but a code: BID.
func (t *Timing) byCode() {
	words := scan(plain(t.Code))
	if f, n := known.at(words, func(kind string) bool { return kind == "often" }); n > 0 && n == len(words) {
		p := parser{}
		if p.often(f.meaning) == nil {
			p.now.Timing.Code = t.Code
			*t = p.now.Timing
		}
	}
}

func quantity(n fhir.Node) Amount {
	if !n.Exists() {
		return Amount{}
	}
	return exactly(number(n.Get("value")), unitOf(n))
}

func unitOf(q fhir.Node) string { return known.unitOf(q.Get("code").Text(), q.Get("unit").Text()) }

func between(n fhir.Node) Amount {
	low, high := n.Get("low"), n.Get("high")
	a := Amount{number(low.Get("value")), number(high.Get("value")), unitOf(high)}
	if !high.Exists() {
		a.Unit = unitOf(low)
	}
	return a
}

// timeUnit is a unit of time by its code or its words.
func timeUnit(q fhir.Node) string {
	for _, text := range []string{q.Get("code").Text(), q.Get("unit").Text()} {
		switch text {
		case "s", "min", "h", "d", "wk", "mo", "a":
			return text
		}
		words := scan(plain(text))
		if f, n := known.at(words, func(kind string) bool { return kind == "by" }); n > 0 && n == len(words) {
			return f.meaning
		}
	}
	return ""
}

func number(n fhir.Node) decimal.Decimal {
	text := n.Text()
	if n.Kind() != fhir.Number || len(text) > 30 || strings.ContainsAny(text, "eE") {
		return decimal.Decimal{}
	}
	d, _ := decimal.NewFromString(text)
	return d
}

func whole(n fhir.Node) int {
	i, _ := strconv.Atoi(n.Text())
	return i
}

func texts(list fhir.Node) (out []string) {
	for n := range list.Items() {
		out = append(out, n.Text())
	}
	return out
}

// concept is the text of a CodeableConcept: its own, else the name of its first
// code, without SNOMED's class of it.
func concept(n fhir.Node) string {
	if text := strings.TrimSpace(n.Get("text").Text()); text != "" {
		return text
	}
	text := strings.TrimSpace(n.Get("coding").Get("display").Text())
	if i := strings.LastIndex(text, " ("); i > 0 && strings.HasSuffix(text, ")") {
		text = text[:i]
	}
	return strings.TrimSuffix(text, " - dosing instruction imperative")
}
