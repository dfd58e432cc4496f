package dosage

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// times takes how often: 3 times a day, once weekly, 4 hourly.
func (p *parser) times() (bool, error) {
	most := p.take("up", "to")
	spaced := p.peek(1).text == "-" && p.peek(2).spaced
	n, ok := p.range_()
	if !ok {
		if !most {
			return false, nil
		}
		f, ok := p.phrase("count")
		if !ok {
			return false, nil
		}
		c, _ := decimal.NewFromString(f.meaning)
		return true, p.frequency(span{decimal.Zero, c})
	}
	switch {
	case p.take("times") || p.take("time"):
		if spaced && !n.isOne() && p.now.Dose.IsZero() {
			return false, p.stop("one amount so many times, or so many to so many times")
		}
		if most {
			n.low = decimal.Zero
		}
		return true, p.frequency(n)
	case p.take("hourly") || p.take("-", "hourly"):
		return true, p.frequent(span{one, one}, n.low, n.high, "h")
	}
	return false, nil
}

// frequency takes the period of so many times.
func (p *parser) frequency(n span) error {
	if f, ok := p.phrase("per"); ok {
		return p.frequent(n, one, one, f.meaning)
	}
	if p.take("every") || p.take("in") || p.take("each") {
		if low, high, unit, ok := p.period(); ok {
			return p.frequent(n, low, high, unit)
		}
		return p.stop("so many times without a period")
	}
	if len(p.now.Timing.When) > 0 || p.isEvent() {
		return p.frequent(n, one, one, "d") // once at night
	}
	return p.stop("so many times without a period")
}

func (p *parser) isEvent() bool {
	_, n := known.at(p.tokens[p.i:], func(kind string) bool { return kind == "when" })
	return n > 0
}

// every takes a period: every 4 to 6 hours, q6h.
func (p *parser) every() (bool, error) {
	if !p.take("every") && !p.take("each") && !p.take("q") {
		return false, nil
	}
	low, high, unit, ok := p.period()
	if !ok {
		return false, nil
	}
	return true, p.frequent(span{one, one}, low, high, unit)
}

func (p *parser) period() (low, high decimal.Decimal, unit string, ok bool) {
	n, ok := p.range_()
	if !ok {
		n = span{one, one}
	}
	f, ok := p.phrase("by")
	if !ok && p.take("h") {
		f.meaning, ok = "h", true
	}
	return n.low, n.high, f.meaning, ok && n.low.IsPositive()
}

// often sets a frequency of the vocabulary: times/period/unit.
func (p *parser) often(value string) error {
	parts := strings.Split(value, "/")
	n, period := decimal.RequireFromString(parts[0]), decimal.RequireFromString(parts[1])
	return p.frequent(span{n, n}, period, period, parts[2])
}

// frequent sets how often; saying it twice alike does not contradict.
func (p *parser) frequent(n span, low, high decimal.Decimal, unit string) error {
	if !n.high.IsInteger() || !n.low.IsInteger() || n.high.GreaterThan(decimal.NewFromInt(1000)) {
		return p.stop("so many times is a whole number")
	}
	t := Timing{Frequency: int(n.low.IntPart()), Period: low, Unit: unit}
	if !n.isOne() {
		t.FrequencyMax = int(n.high.IntPart())
	}
	if !high.Equal(low) {
		t.PeriodMax = high
	}
	now := &p.now.Timing
	if now.Unit != "" && !(now.Frequency == t.Frequency && now.FrequencyMax == t.FrequencyMax && now.Period.Equal(t.Period) && now.PeriodMax.Equal(t.PeriodMax) && now.Unit == t.Unit) {
		return p.stop("two frequencies of one dose")
	}
	now.Frequency, now.FrequencyMax, now.Period, now.PeriodMax, now.Unit = t.Frequency, t.FrequencyMax, t.Period, t.PeriodMax, t.Unit
	p.begun, p.last = true, ""
	return nil
}

// timeUnit takes a unit of time: 7 days, 5/7, 2/52.
func (p *parser) timeUnit() string {
	switch f, ok := p.phrase("by"); {
	case ok:
		return f.meaning
	case p.take("/", "7"):
		return "d"
	case p.take("/", "52"):
		return "wk"
	case p.take("/", "12"):
		return "mo"
	}
	return ""
}

// lasting takes for how long: for 7 days, x 3 days, for 5/7, for a week.
func (p *parser) lasting() (bool, error) {
	if p.peek(0).is == aNumber && p.peek(1).text == "/" && p.now.timed() { // 1 tds 7/7
		n, _ := p.single()
		if unit := p.timeUnit(); unit != "" {
			return true, p.limit(Bounds{Low: n, High: n, Unit: unit})
		}
		return false, nil
	}
	after := p.take("after")
	if !after && !p.take("for") && !p.take("x") {
		return false, nil
	}
	upTo := p.take("up", "to")
	_ = p.take("the") || p.take("a", "further") || p.take("another")
	_ = p.take("first") || p.take("next")
	n, ok := p.range_()
	if !ok {
		_ = p.take("a")
		n = span{one, one}
	}
	unit := p.timeUnit()
	if unit == "" && n.isOne() && n.low.IsInteger() && !after && !upTo && p.take("cycles") {
		p.now.Timing.Count, p.begun, p.last = int(n.low.IntPart()), true, ""
		return true, nil
	}
	if unit == "" {
		return false, nil
	}
	b := Bounds{Low: n.low, High: n.high, Unit: unit}
	if upTo {
		b.Low = decimal.Zero
	}
	if after {
		return p.after(b)
	}
	return true, p.limit(b)
}

// limit sets how long an instruction holds.
func (p *parser) limit(b Bounds) error {
	if p.titled || !p.now.Timing.For.IsZero() && !same(p.now.Timing.For, b) {
		return p.stop("two times for one dose")
	}
	p.now.Timing.For, p.begun, p.last = b, true, ""
	return nil
}

func same(a, b Bounds) bool {
	return a.Low.Equal(b.Low) && a.High.Equal(b.High) && a.Unit == b.Unit
}

// after takes when a change comes, which is how long the step before lasts.
func (p *parser) after(b Bounds) (bool, error) {
	switch {
	case p.change && len(p.done) > 0: // increase to 2 after a week
		p.bound(b)
	case p.begun && p.now.timed(): // 1 daily, after a week 2 daily
		if !p.now.Timing.For.IsZero() {
			return false, p.stop("two times for one dose")
		}
		p.now.Timing.For = b
		_, _ = p.phrase("then")
		return true, p.then("change")
	default:
		return false, p.stop("after what")
	}
	return true, nil
}

// bound sets how long the step before the one that is being read lasts.
func (p *parser) bound(b Bounds) {
	for i := range p.done {
		if p.done[i].Sequence == p.number-1 && p.done[i].Timing.For.IsZero() {
			p.done[i].Timing.For = b
		}
	}
}

// firstDay takes a dose of the first day: 2 on day 1, 2 on the first day.
func (p *parser) firstDay() (bool, error) {
	if !p.take("on", "day", "1") && !p.take("on", "the", "first", "day") && !p.take("on", "first", "day") {
		return false, nil
	}
	if p.titled || p.number > 1 || !p.now.Timing.For.IsZero() {
		return false, p.stop("two times for one dose")
	}
	p.now.Timing.For = Bounds{Low: one, High: one, Unit: "d"}
	if p.now.timed() {
		return true, nil
	}
	return true, p.frequent(span{one, one}, one, one, "d")
}

// over takes how long one dose is given: over 30 minutes.
func (p *parser) over() (bool, error) {
	if !p.take("over") {
		return false, nil
	}
	low, high, unit, ok := p.period()
	if !ok {
		return false, nil
	}
	t := &p.now.Timing
	if t.Duration, t.DurationUnit = low, unit; !high.Equal(low) {
		t.DurationMax = high
	}
	p.begun, p.last = true, ""
	return true, nil
}

// clock takes times of day: at 8am and 14:00.
func (p *parser) clock() (bool, error) {
	if !p.take("at") && (p.last != "clock" || p.joint.text == "") {
		return false, nil
	}
	t := p.peek(0)
	text := t.text
	switch {
	case t.is == aTimeOfDay:
		p.i++
	case t.is == aNumber && (p.peek(1).text == "am" || p.peek(1).text == "pm"):
		hour, err := strconv.Atoi(t.text)
		if err != nil || hour < 1 || hour > 12 {
			return false, nil
		}
		hour %= 12
		if p.peek(1).text == "pm" {
			hour += 12
		}
		text = strconv.Itoa(100 + hour)[1:] + ":00"
		p.i += 2
	default:
		return false, nil
	}
	if text[:2] > "23" || text[3:5] > "59" {
		return false, p.stop("not a time of day")
	}
	p.now.Timing.Times = append(p.now.Timing.Times, text)
	p.begun, p.last, p.joint = true, "clock", token{}
	return true, nil
}

// weekdays takes days of the week: on Monday, on Mondays and Thursdays.
func (p *parser) weekdays() (bool, error) {
	if !p.take("on") && !p.take("every") && !p.take("each") && p.last != "weekday" {
		return false, nil
	}
	f, ok := p.phrase("weekday")
	if !ok {
		return false, nil
	}
	p.now.Timing.Days = append(p.now.Timing.Days, f.meaning)
	p.begun, p.last = true, "weekday"
	return true, nil
}
