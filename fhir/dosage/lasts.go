package dosage

import (
	"slices"

	"github.com/shopspring/decimal"
)

// farthest bounds the days that a supply is said to last.
const farthest = 3660

// Lasts is how many whole days a quantity lasts when the most is taken that the
// instructions allow, step after step; convert returns amounts in the unit of the
// quantity. A quantity that is more than the steps need lasts as long as they do.
// An error is [ErrUnknown], or that of convert.
func Lasts(list []Dosage, quantity decimal.Decimal, convert func(Amount) (Amount, error)) (int, error) {
	steps := slices.Clone(list)
	slices.SortStableFunc(steps, func(a, b Dosage) int { return a.Sequence - b.Sequence })
	days := decimal.Zero
	for len(steps) > 0 {
		n := 1
		for n < len(steps) && steps[n].Sequence == steps[0].Sequence {
			n++
		}
		daily, err := together(steps[:n], convert)
		if err != nil {
			return 0, err
		}
		long, bounded := steps[0].lastsDays()
		steps = steps[n:]
		if use := daily.Mul(long); bounded && len(steps) > 0 && use.LessThan(quantity) {
			quantity, days = quantity.Sub(use), days.Add(long)
			continue
		}
		days = days.Add(quantity.Div(daily))
		break
	}
	return int(decimal.Min(days, decimal.NewFromInt(farthest)).IntPart()), nil
}

// together is what the instructions of one step come to a day, at most.
func together(step []Dosage, convert func(Amount) (Amount, error)) (decimal.Decimal, error) {
	sum := decimal.Zero
	for i := range step {
		d := &step[i]
		if d.Timing.Unit == "" && d.Timing.Count > 0 && len(d.Timing.When) == 0 {
			d.Timing.Period, d.Timing.Frequency, d.Timing.Unit = one, d.Timing.Count, "d"
		}
		day, err := d.Day()
		if err != nil {
			return sum, err
		}
		if _, mean, ok := d.Timing.mean(); ok && mean.LessThan(one) {
			day = d.Dose.times(mean, mean)
		} else if n := int64(len(d.Timing.Days)); n > 0 {
			day = day.times(decimal.NewFromInt(n).Div(daysOf["wk"]), decimal.NewFromInt(n).Div(daysOf["wk"]))
		}
		if day, err = convert(day); err != nil {
			return sum, err
		}
		sum = sum.Add(day.High)
	}
	if !sum.IsPositive() {
		return sum, ErrUnknown
	}
	return sum, nil
}

// lastsDays is how many days an instruction holds at most, if that is stated.
func (d *Dosage) lastsDays() (decimal.Decimal, bool) {
	if d.Timing.Count > 0 && d.Timing.For.IsZero() {
		return one, true
	}
	long, unit := d.Timing.For.High, d.Timing.For.Unit
	days, ok := daysOf[unit]
	return long.Mul(days), ok && long.IsPositive()
}
