package fhirpath

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

var extensionType = r4.TypeOf("Extension")

// holder is the object that holds the id and extensions of an element.
func (it *Item) holder() fhir.Node {
	switch it.kind {
	case element, shadow:
		if it.node.Exists() && it.node.Kind() != fhir.Object {
			return sibling(it.node)
		}
		return it.node
	}
	return fhir.Node{}
}

func fnExtension(m *machine, c *call, base int) error {
	end := len(m.stack)
	url, ok, err := m.textArg(c, 0)
	if err != nil {
		return err
	}
	for i := base; i < end && ok; i++ {
		for x := range m.stack[i].holder().Get("extension").Items() {
			if x.Get("url").Text() == url {
				m.push(TypedItem(x, extensionType))
			}
		}
	}
	m.replace(base, end)
	return m.work(c, end-base)
}

func fnHasExtension(m *machine, c *call, base int) error {
	if err := fnExtension(m, c, base); err != nil {
		return err
	}
	return m.answer(base, BooleanItem(len(m.stack) > base))
}

func fnHasValue(m *machine, _ *call, base int) error {
	return m.answer(base, BooleanItem(len(m.stack) == base+1 && m.stack[base].HasValue()))
}

func fnGetValue(m *machine, _ *call, base int) error {
	if len(m.stack) != base+1 || !m.stack[base].HasValue() {
		return m.answerNothing(base)
	}
	return m.answer(base, m.stack[base].value())
}

func fnHTMLChecks(m *machine, c *call, base int) error {
	it, err := m.only(c, base)
	if err != nil {
		return err
	}
	m.cut(base)
	if it.kind != nothing && m.env.HTMLChecks != nil {
		m.push(BooleanItem(m.env.HTMLChecks(it.String())))
	}
	return nil
}

// fnCheckModifiers passes its input on unless an element of it has a modifier
// extension that the parameters do not name.
func fnCheckModifiers(m *machine, c *call, base int) error {
	end := len(m.stack)
	for i := range c.args {
		if err := m.inner(c.args[i]); err != nil {
			return err
		}
	}
	for i := base; i < end; i++ {
		for x := range m.stack[i].holder().Get("modifierExtension").Items() {
			url := StringItem(x.Get("url").Text())
			if !m.stack[end:].contains(&url) {
				return &mistake{at: c.at(), what: "There is a modifier extension that the expression does not know.", expected: "only the modifiers that checkModifiers() names", found: url.str}
			}
		}
	}
	m.cut(end)
	return nil
}

// fnElementDefinition gives nothing: what an element's definition says, the
// engine has as tables and not as a resource.
func fnElementDefinition(m *machine, _ *call, base int) error { return m.answerNothing(base) }
