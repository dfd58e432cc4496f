package fhirpath

import (
	"strings"
)

func (n *literal) eval(m *machine) error {
	m.stack = append(m.stack, n.items...)
	return nil
}

func (n *this) eval(m *machine) error {
	m.pushThis()
	return nil
}

func (n *position) eval(m *machine) error {
	i := m.scope().index
	if i < 0 {
		return &mistake{at: n.at(), what: "$index stands outside of an iteration.", expected: "$index in the parameter of where(), select(), all(), exists(), repeat() or aggregate()"}
	}
	m.push(IntegerItem(i))
	return nil
}

func (n *total) eval(m *machine) error {
	s := m.scope()
	if !s.hasT {
		return &mistake{at: n.at(), what: "$total stands outside of an aggregation.", expected: "$total in the first parameter of aggregate()"}
	}
	m.stack = append(m.stack, s.total...)
	return nil
}

// input evaluates what a call or step works on and gives where it begins.
func (m *machine) input(n node) (base int, err error) {
	base = len(m.stack)
	if n != nil {
		return base, n.eval(m)
	}
	m.pushThis()
	return base, nil
}

func (n *call) eval(m *machine) error {
	if err := m.step(n); err != nil {
		return err
	}
	base, err := m.input(n.input)
	if err != nil {
		return err
	}
	return n.fn.run(m, n, base)
}

func (n *indexer) eval(m *machine) error {
	if err := m.step(n); err != nil {
		return err
	}
	base := len(m.stack)
	if err := n.input.eval(m); err != nil {
		return err
	}
	at, err := m.single(n.index)
	if err != nil {
		return err
	}
	i, ok := at.Int()
	if !ok && at.kind != nothing {
		return expectType(n.index, "an Integer", at)
	}
	if !ok || i < 0 || i >= int64(len(m.stack)-base) {
		return m.answerNothing(base)
	}
	return m.answer(base, m.stack[base+int(i)])
}

func (n *typed) eval(m *machine) error {
	if err := m.step(n); err != nil {
		return err
	}
	base, err := m.input(n.input)
	if err != nil {
		return err
	}
	if n.cast {
		return m.filterType(&n.typ, base)
	}
	return m.isType(n, &n.typ, base)
}

// external gives the variables of the environment.
func (n *external) eval(m *machine) error {
	for i := len(m.named) - 1; i >= 0; i-- {
		if m.named[i].name == n.name {
			m.stack = append(m.stack, m.named[i].value...)
			return nil
		}
	}
	if c, ok := m.env.Vars[n.name]; ok {
		m.stack = append(m.stack, c...)
		return nil
	}
	switch n.name {
	case "context":
		return m.pushPresent(m.scopes[0].this)
	case "resource":
		return m.pushPresent(m.resource())
	case "rootResource":
		return m.pushPresent(m.root())
	}
	if url, ok := wellKnown(n.name); ok {
		m.push(StringItem(url))
		return nil
	}
	return &mistake{at: n.at(), what: "There is no such variable.", expected: "%context, %resource, %rootResource, %ucum, %sct, %loinc, %`vs-…`, %`ext-…` or one that the caller defines", found: "%" + n.name}
}

func (m *machine) pushPresent(it Item) error {
	if it.kind != nothing {
		m.push(it)
	}
	return nil
}

// wellKnown are the URLs that R4 gives names to.
func wellKnown(name string) (url string, ok bool) {
	switch name {
	case "ucum":
		return "http://unitsofmeasure.org", true
	case "sct":
		return "http://snomed.info/sct", true
	case "loinc":
		return "http://loinc.org", true
	}
	if id, ok := strings.CutPrefix(name, "vs-"); ok {
		return "http://hl7.org/fhir/ValueSet/" + id, true
	}
	if id, ok := strings.CutPrefix(name, "ext-"); ok {
		return "http://hl7.org/fhir/StructureDefinition/" + id, true
	}
	return "", false
}
