package fhirpath

func fnChildren(m *machine, c *call, base int) error {
	end := len(m.stack)
	for i := base; i < end; i++ {
		it := m.stack[i]
		before := len(m.stack)
		m.pushChildren(&it)
		if err := m.work(c, len(m.stack)-before); err != nil {
			return err
		}
	}
	m.replace(base, end)
	return nil
}

func fnDescendants(m *machine, c *call, base int) error { return m.pushDescendants(c, base) }
