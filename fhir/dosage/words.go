package dosage

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// Words writes instructions in the words of the NHS dose syntax, such as "30
// milligram - once a day - in the morning - Oral - for 28 days". Those with one
// sequence number are joined by ", and ", those that follow by ", then ". An error
// says what has no safe words: a range with no upper end, a period with no frequency,
// a dose with no unit ("1 - 3 times a day").
func Words(list []Dosage) (string, error) {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b Dosage) int { return a.Sequence - b.Sequence })
	var b strings.Builder
	for i, d := range sorted {
		text, err := d.text()
		if err != nil {
			return "", err
		}
		if !d.Dose.IsZero() && d.Dose.Unit == "" {
			return "", errors.New("dosage: a dose without its unit")
		}
		switch {
		case i > 0 && d.Sequence != sorted[i-1].Sequence:
			b.WriteString(", then ")
		case i > 0:
			b.WriteString(", and ")
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// text is one instruction in words.
func (d *Dosage) text() (string, error) {
	dose, err := d.Dose.text()
	if err != nil {
		return "", err
	}
	rate, err := d.Rate.text()
	if err != nil {
		return "", err
	}
	often, err := d.Timing.often()
	if err != nil {
		return "", err
	}
	t := d.Timing
	if dose != "" && d.Method != "" {
		dose = d.Method + " " + dose
	} else if dose == "" {
		dose = d.Method
	}
	return join(" - ", dose, rate, t.during(), often, t.events(), join(" ", t.weekdays(), t.clock()), d.Route, d.Site, d.need(), t.For.text(), t.count(), t.dates(), d.limits(),
		sentence(d.Notes), d.Patient), nil
}

func join(by string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), by)
}

// sentence joins a list: a, b and c.
func sentence(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

func (a Amount) text() (string, error) {
	if a.High.IsZero() && !a.Low.IsZero() {
		return "", errors.New("dosage: a dose range without its upper end")
	}
	return a.words(), nil
}

func (a Amount) words() string {
	switch {
	case a.IsZero():
		return ""
	case a.Low.Equal(a.High):
		return join(" ", number_(a.High, a.Unit), a.Unit)
	case a.Low.IsZero():
		return join(" ", "up to", a.High.String(), a.Unit)
	}
	return join(" ", a.Low.String(), "to", a.High.String(), a.Unit)
}

// parts are spoken of what is counted, such as tablets; of what is measured they are
// decimals.
var parts = map[string]string{"0.25": "quarter", "0.5": "half", "0.75": "three quarters"}

// number_ is a number before its unit: 2 x 5ml spoonful, half tablet.
func number_(n decimal.Decimal, unit string) string {
	if u, ok := known.units[unit]; ok && u.base == "" && !strings.Contains(unit, " per ") && parts[n.String()] != "" {
		return parts[n.String()]
	}
	if unit != "" && unit[0] >= '0' && unit[0] <= '9' {
		return n.String() + " x"
	}
	return n.String()
}

func (r Rate) text() (string, error) {
	amount, err := r.Amount.text()
	switch {
	case err != nil || amount == "":
		return "", err
	case r.Unit == "":
		return "at a rate of " + amount, nil
	case r.Period.IsZero() || r.Period.Equal(one):
		return "at a rate of " + amount + " per " + spelled[r.Unit], nil
	}
	return "at a rate of " + amount + " every " + lasting(r.Period, r.Unit), nil
}

// spelled are the units of time.
var spelled = map[string]string{"s": "second", "min": "minute", "h": "hour", "d": "day", "wk": "week", "mo": "month", "a": "year"}

func lasting(n decimal.Decimal, unit string) string { return n.String() + " " + plural(n, unit) }

func plural(n decimal.Decimal, unit string) string {
	if n.Equal(one) {
		return spelled[unit]
	}
	return spelled[unit] + "s"
}

func (t *Timing) during() string {
	if t.Duration.IsZero() {
		return ""
	}
	text := "over " + lasting(t.Duration, t.DurationUnit)
	if !t.DurationMax.IsZero() {
		text += " (maximum " + lasting(t.DurationMax, t.DurationUnit) + ")"
	}
	return text
}

var (
	adverbs = map[string]string{"d": "daily", "wk": "weekly", "mo": "monthly", "a": "annually"}
	often   = []string{1: "once", 2: "twice"}
)

func times(n int) string {
	if n < len(often) {
		return often[n]
	}
	return strconv.Itoa(n) + " times"
}

// often is frequency and period in words.
func (t *Timing) often() (string, error) {
	f, most, single := t.Frequency, t.FrequencyMax, t.Period.Equal(one) && t.PeriodMax.IsZero()
	every := "every " + lasting(t.Period, t.Unit)
	if !t.PeriodMax.IsZero() {
		every = "every " + t.Period.String() + " to " + lasting(t.PeriodMax, t.Unit)
	}
	if single {
		every = "a " + spelled[t.Unit]
	}
	switch {
	case f == 0 && most == 0 && t.Period.IsZero():
		return "", nil
	case t.Period.IsZero() && most == 0:
		return times(f), nil
	case t.Period.IsZero():
		return "", errors.New("dosage: a frequency without its period")
	case spelled[t.Unit] == "":
		return "", fmt.Errorf("dosage: %q is not a valid unit of time", t.Unit)
	case f == 0 && most == 0 && single && adverbs[t.Unit] != "":
		return adverbs[t.Unit], nil
	case f == 0 && most == 0:
		return "", errors.New("dosage: a period without its frequency")
	case f == 0:
		return join(" ", "up to", times(most), every), nil
	case most != 0:
		return fmt.Sprintf("%d to %d times %s", f, most, every), nil
	case f == 1 && !single:
		return every, nil
	}
	return times(f) + " " + every, nil
}

var spokenEvents = map[string]string{
	"MORN": "in the morning", "MORN.early": "in the early morning", "MORN.late": "in the late morning", "NOON": "at noon",
	"AFT": "in the afternoon", "AFT.early": "in the early afternoon", "AFT.late": "in the late afternoon",
	"EVE": "in the evening", "EVE.early": "in the early evening", "EVE.late": "in the late evening", "NIGHT": "at night", "PHS": "after sleep",
	"HS": "before sleep", "WAKE": "upon waking", "C": "at a meal", "CM": "at breakfast", "CD": "at lunch", "CV": "at dinner",
	"AC": "before a meal", "ACM": "before breakfast", "ACD": "before lunch", "ACV": "before dinner",
	"PC": "after a meal", "PCM": "after breakfast", "PCD": "after lunch", "PCV": "after dinner",
}

// events are the events of the day, with how long from them.
func (t *Timing) events() string {
	var list []string
	for _, w := range t.When {
		text := spokenEvents[w]
		if text == "" {
			text = w
		}
		list = append(list, text)
	}
	return join(" ", t.offset(), sentence(list))
}

func (t *Timing) offset() string {
	n, unit := t.Offset, "min"
	switch {
	case n == 0 || len(t.When) == 0:
		return ""
	case n%1440 == 0:
		n, unit = n/1440, "d"
	case n%60 == 0:
		n, unit = n/60, "h"
	}
	return lasting(decimal.NewFromInt(int64(n)), unit)
}

var weekdays = map[string]string{"mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday", "sun": "Sunday"}

func (t *Timing) weekdays() string {
	var list []string
	for _, d := range t.Days {
		list = append(list, weekdays[d])
	}
	if len(list) == 0 {
		return ""
	}
	return "on " + sentence(list)
}

func (t *Timing) clock() string {
	var list []string
	for _, at := range t.Times {
		if len(at) == len("09:00:00") {
			at = strings.TrimSuffix(at, ":00")
		}
		list = append(list, at)
	}
	if len(list) == 0 {
		return ""
	}
	return "at " + sentence(list)
}

func (d *Dosage) need() string {
	switch {
	case d.AsNeededFor != "":
		return "as required for " + d.AsNeededFor
	case d.AsNeeded:
		return "as required"
	}
	return ""
}

func (b Bounds) text() string {
	switch {
	case b.Start != "" && b.End != "":
		return "from " + b.Start + " until " + b.End
	case b.Start != "":
		return "from " + b.Start
	case b.End != "":
		return "until " + b.End
	case b.IsZero():
		return ""
	case b.High.IsZero():
		return "for at least " + lasting(b.Low, b.Unit)
	case b.Low.IsZero():
		return "for up to " + lasting(b.High, b.Unit)
	case !b.Low.Equal(b.High):
		return "for " + b.Low.String() + " to " + lasting(b.High, b.Unit)
	}
	return "for " + lasting(b.High, b.Unit)
}

func (t *Timing) count() string {
	switch {
	case t.Count == 0:
		return ""
	case t.CountMax > t.Count:
		return fmt.Sprintf("take %d to %d times", t.Count, t.CountMax)
	}
	return "take " + times(t.Count)
}

func (t *Timing) dates() string {
	if len(t.Events) == 0 {
		return ""
	}
	return "on " + sentence(t.Events)
}

func (d *Dosage) limits() string {
	var list []string
	for _, l := range d.MaxPerPeriod {
		if !l.Amount.IsZero() {
			list = append(list, "up to a maximum of "+l.Amount.words()+" in "+lasting(l.Period, l.Unit))
		}
	}
	if !d.MaxPerDose.IsZero() {
		list = append(list, "up to a maximum of "+d.MaxPerDose.words()+" per dose")
	}
	if !d.MaxPerLifetime.IsZero() {
		list = append(list, "up to a maximum of "+d.MaxPerLifetime.words()+" for the lifetime of patient")
	}
	return strings.Join(list, " - ")
}
