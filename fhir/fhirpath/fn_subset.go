package fhirpath

func fnSingle(m *machine, c *call, base int) error {
	_, err := m.only(c, base)
	return err
}

func fnFirst(m *machine, _ *call, base int) error { return m.keep(base, base, base+1) }

func fnLast(m *machine, _ *call, base int) error { return m.keep(base, len(m.stack)-1, len(m.stack)) }

func fnTail(m *machine, _ *call, base int) error { return m.keep(base, base+1, len(m.stack)) }

// keep leaves what stands from one index to before another.
func (m *machine) keep(base, from, to int) error {
	to = min(to, len(m.stack))
	from = max(from, base)
	if from >= to {
		return m.answerNothing(base)
	}
	m.cut(to)
	m.replace(base, from)
	return nil
}

func fnSkip(m *machine, c *call, base int) error {
	n, ok, err := m.integerArg(c, 0)
	if err != nil || !ok {
		m.cut(base)
		return err
	}
	return m.keep(base, base+min(max(n, 0), len(m.stack)), len(m.stack))
}

func fnTake(m *machine, c *call, base int) error {
	n, ok, err := m.integerArg(c, 0)
	if err != nil || !ok {
		m.cut(base)
		return err
	}
	return m.keep(base, base, base+min(max(n, 0), len(m.stack)))
}

// integerArg is a parameter that must be one Integer; ok is false when it is
// empty or left out.
func (m *machine) integerArg(c *call, i int) (n int, ok bool, err error) {
	if i >= len(c.args) {
		return 0, false, nil
	}
	it, err := m.single(c.args[i])
	if err != nil || it.kind == nothing {
		return 0, false, err
	}
	v, ok := it.Int()
	if !ok {
		return 0, false, expectType(c.args[i], "an Integer", it)
	}
	return int(v), true, nil
}

func fnIntersect(m *machine, c *call, base int) error {
	if err := m.among(c, base, true); err != nil {
		return err
	}
	return m.distinct(c, base)
}

func fnExclude(m *machine, c *call, base int) error { return m.among(c, base, false) }

// among keeps the items that are, or are not, in the parameter.
func (m *machine) among(c *call, base int, wanted bool) error {
	mid := len(m.stack)
	if err := m.inner(c.args[0]); err != nil {
		return err
	}
	s, err := m.setOf(c, m.stack[mid:])
	if err != nil {
		return err
	}
	kept := base
	for i := base; i < mid; i++ {
		found, compared := s.has(&m.stack[i])
		if err := m.work(c, compared); err != nil {
			return err
		}
		if found == wanted {
			m.stack[kept] = m.stack[i]
			kept++
		}
	}
	m.cut(kept)
	return nil
}

func fnUnion(m *machine, c *call, base int) error {
	if err := m.inner(c.args[0]); err != nil {
		return err
	}
	return m.distinct(c, base)
}

func fnCombine(m *machine, c *call, base int) error {
	before := len(m.stack)
	if err := m.inner(c.args[0]); err != nil {
		return err
	}
	return m.work(c, len(m.stack)-before)
}
