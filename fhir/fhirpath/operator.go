package fhirpath

// operator is a binary operator on collections. run finds the left operand
// from 'base' and the right one from 'mid' on the stack and leaves its result
// from 'base'.
type operator struct {
	symbol string
	run    func(m *machine, n *binary, base, mid int) error
}

// binaryOperators by their symbol; and, or, xor and implies are [logic].
var binaryOperators = map[string]*operator{
	"=":        {"=", runEqual},
	"!=":       {"!=", runEqual},
	"~":        {"~", runEquivalent},
	"!~":       {"!~", runEquivalent},
	"<":        {"<", runOrder},
	">":        {">", runOrder},
	"<=":       {"<=", runOrder},
	">=":       {">=", runOrder},
	"in":       {"in", runMembership},
	"contains": {"contains", runMembership},
	"|":        {"|", runUnion},
	"&":        {"&", runConcatenate},
	"+":        {"+", runArithmetic},
	"-":        {"-", runArithmetic},
	"*":        {"*", runArithmetic},
	"/":        {"/", runArithmetic},
	"div":      {"div", runArithmetic},
	"mod":      {"mod", runArithmetic},
}

func (n *binary) eval(m *machine) error {
	if err := m.step(n); err != nil {
		return err
	}
	base := len(m.stack)
	if err := m.inner(n.l); err != nil {
		return err
	}
	mid := len(m.stack)
	if err := m.inner(n.r); err != nil {
		return err
	}
	return n.op.run(m, n, base, mid)
}

// operands gives both sides as single items, nothing where a side is empty.
func (m *machine) operands(n *binary, base, mid int) (l, r Item, err error) {
	if r, err = m.only(n.r, mid); err != nil {
		return l, r, err
	}
	switch mid - base {
	case 0:
	case 1:
		l = m.stack[base]
	default:
		m.cut(mid)
		_, err = m.only(n.l, base)
	}
	return l, r, err
}

func runEqual(m *machine, n *binary, base, mid int) error {
	if base == mid || mid == len(m.stack) {
		return m.answerNothing(base)
	}
	if err := m.work(n, mid-base); err != nil {
		return err
	}
	t := equalCollections(m.stack[base:mid], m.stack[mid:])
	if n.op.symbol == "!=" {
		t = t.not()
	}
	m.cut(base)
	m.pushTruth(t)
	return nil
}

func runEquivalent(m *machine, n *binary, base, mid int) error {
	l, r := m.stack[base:mid], m.stack[mid:]
	if err := m.work(n, len(l)*len(r)); err != nil {
		return err
	}
	return m.answer(base, BooleanItem(equivalentCollections(l, r) == (n.op.symbol == "~")))
}

func runOrder(m *machine, n *binary, base, mid int) error {
	l, r, err := m.operands(n, base, mid)
	if err != nil {
		return err
	}
	m.cut(base)
	if l.kind == nothing || r.kind == nothing {
		return nil
	}
	c, known, err := order(n, &l, &r)
	if err != nil || !known {
		return err
	}
	holds := false
	switch n.op.symbol {
	case "<":
		holds = c < 0
	case "<=":
		holds = c <= 0
	case ">":
		holds = c > 0
	case ">=":
		holds = c >= 0
	}
	return m.answer(base, BooleanItem(holds))
}

// runMembership is in, and contains, which is in with its sides exchanged.
func runMembership(m *machine, n *binary, base, mid int) error {
	one, many := m.stack[base:mid], m.stack[mid:]
	if n.op.symbol == "contains" {
		one, many = many, one
	}
	switch {
	case len(one) == 0:
		return m.answerNothing(base)
	case len(one) > 1:
		if n.op.symbol == "in" {
			m.cut(mid)
			_, err := m.only(n.l, base)
			return err
		}
		_, err := m.only(n.r, mid)
		return err
	}
	if err := m.work(n, len(many)); err != nil {
		return err
	}
	return m.answer(base, BooleanItem(many.contains(&one[0])))
}

func runUnion(m *machine, n *binary, base, _ int) error { return m.distinct(n, base) }

// distinct leaves the first of every group of equal items from 'base'.
func (m *machine) distinct(n node, base int) error {
	if len(m.stack)-base <= fewItems {
		return m.distinctOfFew(n, base)
	}
	var s set
	kept := base
	for i := base; i < len(m.stack); i++ {
		added, compared := s.add(&m.stack[i])
		if err := m.work(n, compared); err != nil {
			return err
		}
		if added {
			m.stack[kept] = m.stack[i]
			kept++
		}
	}
	m.cut(kept)
	return nil
}

// distinctOfFew compares each item with those that are kept, without a set.
func (m *machine) distinctOfFew(n node, base int) error {
	kept := base
	for i := base; i < len(m.stack); i++ {
		if err := m.work(n, 1+kept-base); err != nil {
			return err
		}
		if !m.stack[base:kept].contains(&m.stack[i]) {
			m.stack[kept] = m.stack[i]
			kept++
		}
	}
	m.cut(kept)
	return nil
}

// runConcatenate is &, to which empty is the empty string.
func runConcatenate(m *machine, n *binary, base, mid int) error {
	l, r, err := m.operands(n, base, mid)
	if err != nil {
		return err
	}
	x, y := l.value(), r.value()
	for _, v := range []struct {
		n    node
		item *Item
	}{{n.l, &x}, {n.r, &y}} {
		if v.item.kind != nothing && !v.item.isText() {
			return expectType(v.n, "a String", *v.item)
		}
	}
	return m.answerText(n, base, x.str+y.str)
}

// answerText makes a string the result from 'base', within bounds.
func (m *machine) answerText(n node, base int, s string) error {
	if err := m.text(n, len(s)); err != nil {
		return err
	}
	return m.answer(base, StringItem(s))
}
