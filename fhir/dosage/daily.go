package dosage

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"
)

// ErrUnknown says that the amount of a day does not follow from an instruction.
var ErrUnknown = errors.New("dosage: the amount of a day does not follow from the instruction")

// perDay is how many of a unit of time are in a day.
var perDay = map[string]decimal.Decimal{
	"s": decimal.NewFromInt(86400), "min": decimal.NewFromInt(1440), "h": decimal.NewFromInt(24), "d": one,
}

// daysOf is how many days a unit of time has; a month is taken as 28 days, as
// prescriptions count.
var daysOf = map[string]decimal.Decimal{"d": one, "wk": decimal.NewFromInt(7), "mo": decimal.NewFromInt(28), "a": decimal.NewFromInt(364)}

// Peak is the most that instructions come to on one day, in the unit of each
// convert returns: the sum of those with one sequence number, for the sequence
// with the most. An error is [ErrUnknown], or that of convert.
func Peak(list []Dosage, convert func(Amount) (Amount, error)) (Amount, error) {
	sums := map[int]Amount{}
	var most Amount
	for i := range list {
		day, err := list[i].Day()
		if err != nil {
			return Amount{}, err
		}
		if day, err = convert(day); err != nil {
			return Amount{}, err
		}
		sum, ok := sums[list[i].Sequence].plus(day)
		if !ok {
			return Amount{}, fmt.Errorf("dosage: %s and %s cannot be added", sum.Unit, day.Unit)
		}
		if sums[list[i].Sequence] = sum; sum.High.GreaterThan(most.High) {
			most = sum
		}
	}
	if most.IsZero() {
		return Amount{}, ErrUnknown
	}
	return most, nil
}

// Day is the least and the most of an instruction on a day on which it is taken.
func (d *Dosage) Day() (Amount, error) {
	if d.Dose.High.IsZero() {
		return Amount{}, ErrUnknown
	}
	low, high, ok := d.Timing.perDay()
	if !ok {
		return d.limited(Amount{}, false)
	}
	places := decimal.NewFromInt(int64(d.places()))
	if d.AsNeeded {
		low = decimal.Zero
	}
	return d.limited(d.Dose.times(low.Mul(places), high.Mul(places)), true)
}

// places is at how many places a dose is given: a drop in each eye is two.
func (d *Dosage) places() int {
	words := scan(plain(d.Site))
	for from := range words {
		if f, n := known.at(words[from:], func(kind string) bool { return kind == "site" }); n > 0 && f.value == "2" {
			return 2
		}
	}
	return 1
}

// limited is an amount of a day, and no more than the limit of a day; the limit
// itself where no amount follows.
func (d *Dosage) limited(day Amount, ok bool) (Amount, error) {
	for _, l := range d.MaxPerPeriod {
		days, isDay := l.Period, l.Unit == "d"
		if l.Unit == "h" {
			days, isDay = l.Period.Div(perDay["h"]), true
		}
		if !isDay || !days.Equal(one) {
			continue
		}
		switch in, same := l.Amount.In(day.Unit); {
		case !ok:
			day, ok = Amount{High: l.Amount.High, Unit: l.Amount.Unit}, true
		case same && in.High.LessThan(day.High):
			day.High = in.High
			day.Low = decimal.Min(day.Low, day.High)
		}
	}
	if !ok {
		return Amount{}, ErrUnknown
	}
	return day, nil
}

// perDay is how many doses there are on a day on which there are any, at least
// and at most.
func (t *Timing) perDay() (low, high decimal.Decimal, ok bool) {
	events := decimal.NewFromInt(int64(max(len(t.Times), t.moments())))
	switch {
	case t.Unit == "" && events.IsPositive():
		return events, events, true
	case t.Unit == "" && t.Count > 0:
		return one, decimal.NewFromInt(int64(max(t.Count, t.CountMax))), true
	case t.Unit == "" && len(t.Days) > 0:
		return one, one, true
	}
	low, high, ok = t.mean()
	return decimal.Max(low.Floor(), events), decimal.Max(high.Ceil(), events), ok
}

// Says reports whether a timing says anything of how often or when.
func (t *Timing) Says() bool {
	return t.Frequency > 0 || t.Period.IsPositive() || t.Count > 0 || t.Code != "" || len(t.When)+len(t.Days)+len(t.Times)+len(t.Events) > 0
}

// mean is how many doses there are a day over a long time, at least and at most.
func (t *Timing) mean() (low, high decimal.Decimal, ok bool) {
	if !t.Period.IsPositive() {
		return low, high, false
	}
	few, many := decimal.NewFromInt(int64(t.Frequency)), decimal.NewFromInt(int64(max(t.Frequency, t.FrequencyMax, 1)))
	if t.Frequency == 0 && t.FrequencyMax == 0 {
		few = one
	}
	long := decimal.Max(t.Period, t.PeriodMax)
	if days, ok := daysOf[t.Unit]; ok {
		return few.Div(days.Mul(long)), many.Div(days.Mul(t.Period)), true
	}
	per, ok := perDay[t.Unit]
	return few.Mul(per).Div(long), many.Mul(per).Div(t.Period), ok
}

// moment is the time of day of an event; events at one are one dose.
var moment = map[string]string{
	"MORN": "morning", "MORN.early": "morning", "MORN.late": "morning", "WAKE": "morning", "CM": "morning", "ACM": "morning", "PCM": "morning",
	"NOON": "noon", "CD": "noon", "ACD": "noon", "PCD": "noon", "AFT": "afternoon", "AFT.early": "afternoon", "AFT.late": "afternoon",
	"EVE": "evening", "EVE.early": "evening", "EVE.late": "evening", "CV": "evening", "ACV": "evening", "PCV": "evening",
	"NIGHT": "night", "HS": "night",
}

// moments is how many times of day the events are of. Before food says no time.
func (t *Timing) moments() int {
	seen := map[string]bool{}
	for _, w := range t.When {
		if m := moment[w]; m != "" {
			seen[m] = true
		}
	}
	return len(seen)
}
