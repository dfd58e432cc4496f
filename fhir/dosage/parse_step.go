package dosage

import (
	"slices"

	"github.com/shopspring/decimal"
)

// then ends the step that was read and begins the next: then 2 daily.
func (p *parser) then(how string) error {
	if !p.begun || p.now.Dose.IsZero() && !p.now.timed() {
		if p.titled {
			return nil
		}
		return p.stop("a step after no step")
	}
	p.nextStep()
	p.change = how == "change"
	return nil
}

// nextStep begins the next step.
func (p *parser) nextStep() {
	before := p.now
	p.finish()
	if p.number == 0 {
		p.number = 1
		for i := range p.done {
			p.done[i].Sequence = 1
		}
	}
	p.number++
	p.now = Dosage{Sequence: p.number, Method: before.Method, Route: before.Route, Site: before.Site}
	p.begun, p.change, p.titled, p.last, p.joint = false, false, false, "", token{}
}

// title takes the time for which a step is, before what it says: week 2:, weeks
// 3-4 -, days 1-7, week 5 onwards.
func (p *parser) title() (bool, error) {
	unit := ""
	switch {
	case p.take("week"), p.take("weeks"):
		unit = "wk"
	case p.take("day"), p.take("days"):
		unit = "d"
	default:
		return false, nil
	}
	low, ok := p.single()
	n := span{low, low}
	if next := p.peek(0); ok && (next.text == "to" || next.text == "-" && !next.spaced) {
		p.i++
		if n.high, ok = p.single(); ok && !n.high.GreaterThan(low) {
			ok = false
		}
	}
	if !ok || !n.low.IsInteger() || !n.high.IsInteger() {
		return false, nil
	}
	if p.begun {
		p.nextStep()
	}
	open := p.take("onwards") || p.take("onward") || p.take("on") || p.take("+")
	long := n.high.Sub(n.low).Add(one)
	if !p.begins(n.low, unit) {
		return false, p.stop("does not follow the time before")
	}
	p.titled = true
	if !open {
		p.now.Timing.For = Bounds{Low: long, High: long, Unit: unit}
	}
	return true, nil
}

// begins reports whether a step that begins with a week or day follows the steps
// before, which have titles too.
func (p *parser) begins(first decimal.Decimal, unit string) bool {
	next, at := one, -1
	for _, d := range p.done {
		if d.Sequence == at {
			continue
		}
		if d.Timing.For.Unit != unit {
			return false
		}
		at, next = d.Sequence, next.Add(d.Timing.For.High)
	}
	return first.Equal(next)
}

// most takes a limit: maximum 8 tablets in 24 hours.
func (p *parser) most() (bool, error) {
	if _, ok := p.phrase("most"); !ok {
		return false, nil
	}
	n, ok := p.single()
	if !ok {
		return false, nil
	}
	u, _ := p.phrase("unit")
	a := exactly(n, u.meaning)
	if a.Unit == "" {
		a.Unit = p.now.Dose.Unit
	}
	if a.Unit == "dose" && p.now.Dose.Unit != "dose" {
		a = Amount{p.now.Dose.High.Mul(n), p.now.Dose.High.Mul(n), p.now.Dose.Unit}
	}
	l := Limit{Amount: a, Period: one}
	switch f, ok := p.phrase("per"); {
	case ok && f.meaning == "d":
		l.Unit = "d"
	case ok:
		l.Unit = f.meaning
	case p.take("per", "dose"):
		p.now.MaxPerDose, p.begun, p.last = a, true, ""
		return true, nil
	case p.take("in") || p.take("in", "any") || p.take("every") || p.take("per"):
		if l.Period, _, l.Unit, ok = p.period(); !ok {
			return false, nil
		}
	default:
		return false, p.stop("a limit without its time")
	}
	p.now.MaxPerPeriod, p.begun, p.last = append(p.now.MaxPerPeriod, l), true, ""
	return true, nil
}

// finish keeps the instruction that was read.
func (p *parser) finish() {
	p.done, p.joints = append(p.done, p.now), append(p.joints, p.before)
	p.before = ""
}

// end returns what was read, if it is whole.
func (p *parser) end() ([]Dosage, error) {
	if p.begun {
		p.finish()
	}
	p.merge()
	if len(p.done) == 0 {
		return nil, &Error{Reason: "nothing is said"}
	}
	for i := range p.done {
		d := &p.done[i]
		if len(p.done) > 1 && (d.Dose.IsZero() || !d.timed()) {
			return nil, &Error{Rest: p.text, Reason: "not clear which dose is when"}
		}
		if d.Dose.IsZero() && !d.timed() && d.Method == "" && len(d.Notes) > 0 {
			return nil, &Error{Rest: p.text, Reason: "names no dose"}
		}
		d.Text = p.text
	}
	return p.done, nil
}

// merge drops an instruction that repeats another of the same step in other words:
// 1 tablet - 3 times a day - One tablet three times daily. A step whose dose has
// no time of its own has that of the step before: 1 daily for a week then 2.
func (p *parser) merge() {
	var list []Dosage
	for i, d := range p.done {
		if i > 0 {
			before := list[len(list)-1]
			if d.Sequence == before.Sequence && (p.joints[i] == "-" || p.joints[i] == ".") && sameDose(before, d) {
				continue
			}
			if d.Sequence > before.Sequence && !d.Dose.IsZero() && !d.timed() {
				bounds := d.Timing.For
				d.Timing = before.Timing
				d.Timing.For = bounds
			}
			if d.Dose.Unit == "" {
				d.Dose.Unit = before.Dose.Unit
			}
		}
		list = append(list, d)
	}
	p.done = list
	p.share()
}

// share has all instructions of a step last as long as one of them says.
func (p *parser) share() {
	last := map[int]Bounds{}
	for _, d := range p.done {
		if !d.Timing.For.IsZero() {
			last[d.Sequence] = d.Timing.For
		}
	}
	for i := range p.done {
		if d := &p.done[i]; d.Timing.For.IsZero() {
			d.Timing.For = last[d.Sequence]
		}
	}
}

// sameDose reports whether two instructions are of one dose at the same times.
func sameDose(a, b Dosage) bool {
	x, y := a.Timing, b.Timing
	return a.Dose.Low.Equal(b.Dose.Low) && a.Dose.High.Equal(b.Dose.High) && (a.Dose.Unit == b.Dose.Unit || b.Dose.Unit == "") &&
		x.Frequency == y.Frequency && x.FrequencyMax == y.FrequencyMax && x.Period.Equal(y.Period) && x.PeriodMax.Equal(y.PeriodMax) && x.Unit == y.Unit &&
		slices.Equal(x.When, y.When) && slices.Equal(x.Days, y.Days) && slices.Equal(x.Times, y.Times) && x.Count == y.Count
}
