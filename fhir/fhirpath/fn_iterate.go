package fhirpath

import "slices"

func fnWhere(m *machine, c *call, base int) error {
	kept := base
	for i, end := base, len(m.stack); i < end; i++ {
		it := m.stack[i]
		t, err := m.test(c.args[0], it, i-base)
		if err != nil {
			return err
		}
		if t == isTrue {
			m.stack[kept] = it
			kept++
		}
	}
	m.cut(kept)
	return nil
}

func fnSelect(m *machine, c *call, base int) error {
	end := len(m.stack)
	for i := base; i < end; i++ {
		before := len(m.stack)
		if err := m.each(c.args[0], m.stack[i], i-base); err != nil {
			return err
		}
		if err := m.work(c, len(m.stack)-before); err != nil {
			return err
		}
	}
	m.replace(base, end)
	return nil
}

// fnRepeat selects again and again from what is new.
func fnRepeat(m *machine, c *call, base int) error {
	var s set
	end := len(m.stack)
	for i := base; i < len(m.stack); i++ {
		before := len(m.stack)
		if err := m.each(c.args[0], m.stack[i], i-base); err != nil {
			return err
		}
		kept := before
		for j := before; j < len(m.stack); j++ {
			added, compared := s.add(&m.stack[j])
			if err := m.work(c, compared+1); err != nil {
				return err
			}
			if added {
				m.stack[kept] = m.stack[j]
				kept++
			}
		}
		m.cut(kept)
	}
	m.replace(base, end)
	return nil
}

// fnRepeatAll is repeat() that keeps what is equal; what feeds on itself meets
// the limit on work.
func fnRepeatAll(m *machine, c *call, base int) error {
	end := len(m.stack)
	for i := base; i < len(m.stack); i++ {
		before := len(m.stack)
		if err := m.each(c.args[0], m.stack[i], i-base); err != nil {
			return err
		}
		if err := m.work(c, 1+len(m.stack)-before); err != nil {
			return err
		}
	}
	m.replace(base, end)
	return nil
}

// fnCoalesce gives the first of its parameters that is not empty.
func fnCoalesce(m *machine, c *call, base int) error {
	m.cut(base)
	for _, arg := range c.args {
		if err := m.inner(arg); err != nil || len(m.stack) > base {
			return err
		}
	}
	return nil
}

func fnAggregate(m *machine, c *call, base int) error {
	end := len(m.stack)
	var total Collection
	if len(c.args) > 1 {
		if err := m.inner(c.args[1]); err != nil {
			return err
		}
		total = slices.Clone(m.stack[end:])
		m.cut(end)
	}
	for i := base; i < end; i++ {
		m.scopes = append(m.scopes, scope{this: m.stack[i], index: i - base, total: total, hasT: true})
		err := m.inner(c.args[0])
		m.scopes = m.scopes[:len(m.scopes)-1]
		if err != nil {
			return err
		}
		total = append(total[:0:0], m.stack[end:]...)
		m.cut(end)
	}
	m.stack = append(m.stack[:base], total...)
	return nil
}

// fnIif evaluates only the branch that it takes. Its criterion and branches
// see the input as $this.
func fnIif(m *machine, c *call, base int) error {
	var input Item
	index := m.scope().index
	if c.input != nil {
		var err error
		if input, err = m.only(c, base); err != nil {
			return err
		}
	} else {
		input = m.scope().this
	}
	m.cut(base)
	t, err := m.criterion(c, input, index)
	if err != nil {
		return err
	}
	if t == isTrue {
		return m.each(c.args[1], input, index)
	}
	if len(c.args) > 2 {
		return m.each(c.args[2], input, index)
	}
	return nil
}

// criterion is the truth of iif's first parameter, which must be a boolean.
func (m *machine) criterion(c *call, input Item, index int) (truth, error) {
	if _, ok := c.args[0].(judge); ok {
		return m.test(c.args[0], input, index)
	}
	base := len(m.stack)
	if err := m.each(c.args[0], input, index); err != nil {
		return unknown, err
	}
	it, err := m.only(c.args[0], base)
	if err != nil {
		return unknown, err
	}
	m.cut(base)
	if v := it.value(); v.kind != boolean && v.kind != nothing {
		return unknown, expectType(c.args[0], "a Boolean", it)
	}
	return it.truth(), nil
}

func fnTrace(m *machine, c *call, base int) error {
	end := len(m.stack)
	name, err := m.single(c.args[0])
	if err != nil {
		return err
	}
	if m.env.Trace == nil {
		return nil
	}
	if len(c.args) > 1 {
		for i := base; i < end; i++ {
			if err := m.each(c.args[1], m.stack[i], i-base); err != nil {
				return err
			}
		}
		m.env.Trace(name.String(), slices.Clone(m.stack[end:]))
		m.cut(end)
		return nil
	}
	m.env.Trace(name.String(), slices.Clone(m.stack[base:end]))
	return nil
}

// fnDefineVariable gives its input, or what its second parameter makes of it,
// a name for the rest of the chain.
func fnDefineVariable(m *machine, c *call, base int) error {
	name, err := m.single(c.args[0])
	if err != nil {
		return err
	}
	text, ok := name.text()
	if !ok || text == "" {
		return expectType(c.args[0], "a name, as a String", name)
	}
	if m.defined(text) {
		return &mistake{at: c.args[0].at(), what: "There is a variable of that name already.", expected: "another name", found: text}
	}
	end := len(m.stack)
	value := slices.Clone(m.stack[base:end])
	if len(c.args) > 1 {
		outer := m.scope()
		m.scopes = append(m.scopes, scope{all: value, index: outer.index, total: outer.total, hasT: outer.hasT})
		err := m.inner(c.args[1])
		m.scopes = m.scopes[:len(m.scopes)-1]
		if err != nil {
			return err
		}
		value = slices.Clone(m.stack[end:])
		m.cut(end)
	}
	m.named = append(m.named, named{text, value})
	return nil
}

func (m *machine) defined(name string) bool {
	if slices.ContainsFunc(m.named, func(n named) bool { return n.name == name }) {
		return true
	}
	if _, ok := m.env.Vars[name]; ok {
		return true
	}
	_, known := wellKnown(name)
	return known || name == "context" || name == "resource" || name == "rootResource"
}

// text is the value of a string, computed or in the tree.
func (it *Item) text() (string, bool) {
	v := it.value()
	return v.str, v.kind == str
}
