package profiles

import (
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// relativeBound is the bound that a duration sets to a date or time: so long before
// now for the least, so long after now for the most (R4, ElementDefinition.minValue[x]
// and maxValue[x]). False for another bound, and where the unit is none of time.
func relativeBound(o occurrence, v *definition.Value, least bool, now time.Time) (text string, ok bool) {
	layout := ""
	switch o.typ.Name {
	case "date":
		layout = "2006-01-02"
	case "dateTime", "instant":
		layout = time.RFC3339
	}
	if layout == "" || v.Type != "Duration" && v.Type != "Quantity" {
		return "", false
	}
	amount, err := strconv.ParseFloat(v.Node.Get("value").Text(), 64)
	if err != nil {
		return "", false
	}
	if least {
		amount = -amount
	}
	unit := v.Node.Get("code").Text()
	if unit == "" {
		unit = v.Node.Get("unit").Text()
	}
	at, ok := later(now, amount, unit)
	return at.Format(layout), ok
}

// later is the moment an amount of time after another, by the calendar for years and
// months in whole numbers.
func later(t time.Time, amount float64, unit string) (time.Time, bool) {
	n := int(amount)
	if float64(n) == amount {
		switch unit {
		case "a", "year", "years":
			return t.AddDate(n, 0, 0), true
		case "mo", "month", "months":
			return t.AddDate(0, n, 0), true
		}
	}
	hours := map[string]float64{"a": 8766, "mo": 730.5, "wk": 168, "d": 24, "h": 1, "min": 1. / 60, "s": 1. / 3600,
		"week": 168, "weeks": 168, "day": 24, "days": 24, "hour": 1, "hours": 1, "minute": 1. / 60, "minutes": 1. / 60, "second": 1. / 3600, "seconds": 1. / 3600}[unit]
	return t.Add(time.Duration(amount * hours * float64(time.Hour))), hours > 0
}

// asNode is a text as the value of a primitive.
func asNode(text string) fhir.Node {
	r, err := fhir.Parse([]byte(`{"resourceType":"Basic","created":` + strconv.Quote(text) + `}`))
	if err != nil {
		return fhir.Node{}
	}
	return r.Get("created")
}
