package dosage

import "github.com/shopspring/decimal"

var (
	one  = decimal.NewFromInt(1)
	half = fractions["½"]
)

// span is a number, or from one to another.
type span struct{ low, high decimal.Decimal }

func (s span) in(unit string) Amount { return Amount{s.low, s.high, unit} }

func (s span) isOne() bool { return s.low.Equal(s.high) }

// number takes a number: 2, 2.5, 1/2, 1½, half a, ½ a, one and a half.
func (p *parser) single() (decimal.Decimal, bool) {
	t := p.peek(0)
	switch {
	case p.take("half", "a"), p.take("half", "of", "a"), p.take("a", "half"), p.take("one", "half"), p.take("half"):
		return half, true
	case p.take("a", "quarter"), p.take("quarter"):
		return fractions["¼"], true
	case p.take("three", "quarters", "of", "a"), p.take("three", "quarters"):
		return fractions["¾"], true
	case t.is != aNumber:
		return decimal.Decimal{}, false
	}
	p.i++
	n := t.number
	switch {
	case fractions[t.text].Equal(n) && (p.take("a") || p.take("of", "a")): // ½ a tablet
	case p.take("and", "a", "half"):
		return n.Add(half), true
	case p.peek(0).text == "½" && n.IsInteger():
		p.i++
		return n.Add(half), true
	case p.peek(0).is == aNumber && p.peek(1).text == "/" && p.isFraction(1): // 1 1/2
		p.i += 3
		return n.Add(p.tokens[p.i-3].number.Div(p.tokens[p.i-1].number)), true
	case p.peek(0).text == "/" && p.isFraction(0):
		p.i += 2
		return n.Div(p.tokens[p.i-1].number), true
	}
	return n, true
}

// isFraction reports whether the slash is of a half or a quarter; 5/7 is of days.
func (p *parser) isFraction(slash int) bool {
	low := p.peek(slash + 1)
	return low.is == aNumber && (low.text == "2" || low.text == "4")
}

// range_ takes a number or a range: 1-2, 1 to 2, one or two.
func (p *parser) range_() (span, bool) {
	low, ok := p.single()
	if !ok {
		return span{}, false
	}
	start := p.i
	if p.take("-") || p.take("to") || p.take("or") {
		if high, ok := p.single(); ok && high.GreaterThan(low) {
			return span{low, high}, true
		}
	}
	p.i = start
	return span{low, low}, true
}

// amount takes so much of something: 2 tablets, 5ml, two 5ml spoonfuls, 1-2.
func (p *parser) amount() (bool, error) {
	most := p.take("up", "to")
	number, ok := p.range_()
	if !ok {
		if p.take("a") || p.take("an") {
			if u, ok := p.phrase("unit"); ok {
				return true, p.dose(span{one, one}.in(u.meaning))
			}
		}
		return false, nil
	}
	if most {
		number.low = decimal.Zero
	}
	u, ok := p.phrase("unit")
	if !ok {
		if a, ok := p.spoonful(number); ok {
			return true, p.dose(a)
		}
	}
	start := p.i
	if p.take("/") && ok { // 3 mg/day
		if _, day := p.phrase("by"); day {
			p.i = start
		} else {
			return false, nil
		}
	}
	return true, p.dose(number.in(u.meaning))
}

// spoonful takes the measure of one 5ml spoonful, 2 x 5ml.
func (p *parser) spoonful(n span) (Amount, bool) {
	start := p.i
	times := p.take("x")
	each, ok := p.single()
	if !ok {
		p.i = start
		return Amount{}, false
	}
	u, ok := p.phrase("unit")
	spoon := p.take("spoonful") || p.take("spoonfuls") || p.take("spoon") || p.take("dose") || p.take("doses")
	start2 := p.i
	also, isUnit := p.phrase("unit") // 2 x 10mg tablets
	if !isUnit {
		p.i = start2
	}
	switch {
	case ok && isUnit && u.meaning != also.meaning:
		return n.in(also.meaning), true
	case ok && (times || spoon):
		return Amount{n.low.Mul(each), n.high.Mul(each), u.meaning}, true
	}
	p.i = start
	return Amount{}, false
}

// dose sets the amount of the instruction, or begins another one.
func (p *parser) dose(a Amount) error {
	switch {
	case p.now.Dose.IsZero():
	case !p.now.timed() && p.joint.text == "." && len(p.done) == 0:
		// A quantity before the instruction: 20 tablets. One to be taken …
		p.now.Notes, p.now.Dose = append(p.now.Notes, p.now.Dose.words()), Amount{}
	case !p.now.timed():
		return p.stop("two amounts of one dose")
	case p.last == "reason" && p.joint.text == "":
		return p.stop("an amount after a reason")
	default:
		p.finish()
		p.before = p.joint.text
		p.now = Dosage{Sequence: p.number, Method: p.now.Method, Route: p.now.Route, Site: p.now.Site, Timing: Timing{For: p.now.Timing.For}}
		if !p.titled {
			p.now.Timing.For = Bounds{}
		}
	}
	if a.Unit == "" && len(p.done) > 0 {
		a.Unit = p.done[len(p.done)-1].Dose.Unit
	}
	p.now.Dose, p.begun, p.last, p.joint = a, true, "amount", token{}
	return nil
}

// timed reports whether the instruction says how often or when.
func (d *Dosage) timed() bool {
	t := d.Timing
	return t.Unit != "" || len(t.When) > 0 || len(t.Days) > 0 || len(t.Times) > 0 || t.Count > 0
}
