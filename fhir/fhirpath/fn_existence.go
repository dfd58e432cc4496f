package fhirpath

// test evaluates a criterion with an item as $this.
func (m *machine) test(n node, it Item, index int) (truth, error) {
	outer := m.scope()
	m.scopes = append(m.scopes, scope{this: it, index: index, total: outer.total, hasT: outer.hasT})
	t, err := m.truth(n)
	m.scopes = m.scopes[:len(m.scopes)-1]
	return t, err
}

func fnEmpty(m *machine, _ *call, base int) error {
	return m.answer(base, BooleanItem(len(m.stack) == base))
}

func fnExists(m *machine, c *call, base int) error {
	if len(c.args) == 0 {
		return m.answer(base, BooleanItem(len(m.stack) > base))
	}
	for i, end := base, len(m.stack); i < end; i++ {
		t, err := m.test(c.args[0], m.stack[i], i-base)
		if err != nil {
			return err
		}
		if t == isTrue {
			return m.answer(base, BooleanItem(true))
		}
	}
	return m.answer(base, BooleanItem(false))
}

func fnAll(m *machine, c *call, base int) error {
	for i, end := base, len(m.stack); i < end; i++ {
		t, err := m.test(c.args[0], m.stack[i], i-base)
		if err != nil {
			return err
		}
		if t != isTrue {
			return m.answer(base, BooleanItem(false))
		}
	}
	return m.answer(base, BooleanItem(true))
}

// anyBoolean answers 'found' when a boolean of the input has that value, else
// the opposite.
func (m *machine) anyBoolean(c *call, base int, wanted, found bool) error {
	answer := !found
	for i := base; i < len(m.stack); i++ {
		b, ok := m.stack[i].Bool()
		if !ok {
			return expectType(c, "Booleans only", m.stack[i])
		}
		if b == wanted {
			answer = found
		}
	}
	return m.answer(base, BooleanItem(answer))
}

func fnAllTrue(m *machine, c *call, base int) error  { return m.anyBoolean(c, base, false, false) }
func fnAnyTrue(m *machine, c *call, base int) error  { return m.anyBoolean(c, base, true, true) }
func fnAllFalse(m *machine, c *call, base int) error { return m.anyBoolean(c, base, true, false) }
func fnAnyFalse(m *machine, c *call, base int) error { return m.anyBoolean(c, base, false, true) }

func fnCount(m *machine, _ *call, base int) error {
	return m.answer(base, IntegerItem(len(m.stack)-base))
}

func fnNot(m *machine, c *call, base int) error {
	t, err := m.truthFrom(c, base)
	if err != nil {
		return err
	}
	m.cut(base)
	m.pushTruth(t.not())
	return nil
}

func fnDistinct(m *machine, c *call, base int) error { return m.distinct(c, base) }

func fnIsDistinct(m *machine, c *call, base int) error {
	before := len(m.stack)
	if err := m.distinct(c, base); err != nil {
		return err
	}
	return m.answer(base, BooleanItem(len(m.stack) == before))
}

func fnSubsetOf(m *machine, c *call, base int) error {
	mid := len(m.stack)
	if err := m.inner(c.args[0]); err != nil {
		return err
	}
	return m.answerSubset(c, base, m.stack[base:mid], m.stack[mid:])
}

func fnSupersetOf(m *machine, c *call, base int) error {
	mid := len(m.stack)
	if err := m.inner(c.args[0]); err != nil {
		return err
	}
	return m.answerSubset(c, base, m.stack[mid:], m.stack[base:mid])
}

// answerSubset answers whether every item of one collection is in the other.
func (m *machine) answerSubset(c *call, base int, part, whole Collection) error {
	s, err := m.setOf(c, whole)
	if err != nil {
		return err
	}
	for i := range part {
		found, compared := s.has(&part[i])
		if err := m.work(c, compared); err != nil {
			return err
		}
		if !found {
			return m.answer(base, BooleanItem(false))
		}
	}
	return m.answer(base, BooleanItem(true))
}

func (m *machine) setOf(n node, items Collection) (*set, error) {
	s := new(set)
	for i := range items {
		_, compared := s.add(&items[i])
		if err := m.work(n, compared); err != nil {
			return nil, err
		}
	}
	return s, nil
}
