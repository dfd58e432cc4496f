package fhirpath

import "github.com/pestle-fhir/pestle/fhir"

// codings are the codes that an item means: one for a code or Coding, several
// for a CodeableConcept.
func (it *Item) codings() []fhir.Coding {
	if s, ok := it.text(); ok {
		return []fhir.Coding{{Code: s}}
	}
	switch it.Type() {
	case "Coding":
		return []fhir.Coding{coding(it.node)}
	case "CodeableConcept":
		var out []fhir.Coding
		for c := range it.node.Get("coding").Items() {
			out = append(out, coding(c))
		}
		return out
	}
	return nil
}

func coding(n fhir.Node) fhir.Coding {
	return fhir.Coding{System: n.Get("system").Text(), Code: n.Get("code").Text(), Display: n.Get("display").Text()}
}

// fnMemberOf gives nothing where the value set cannot be decided.
func fnMemberOf(m *machine, c *call, base int) error {
	it, err := m.only(c, base)
	if err != nil {
		return err
	}
	valueSet, ok, err := m.textArg(c, 0)
	if err != nil {
		return err
	}
	m.cut(base)
	codings := it.codings()
	if !ok || len(codings) == 0 || m.env.Terminology == nil {
		return nil
	}
	member, known, err := m.env.Terminology.MemberOf(m.ctx, valueSet, codings)
	if err == nil && known {
		m.push(BooleanItem(member))
	}
	return err
}

func fnSubsumes(m *machine, c *call, base int) error   { return m.subsumption(c, base, false) }
func fnSubsumedBy(m *machine, c *call, base int) error { return m.subsumption(c, base, true) }

// subsumption asks about every pair of codes of the same system; one that
// holds is enough.
func (m *machine) subsumption(c *call, base int, reverse bool) error {
	it, err := m.only(c, base)
	if err != nil {
		return err
	}
	other, err := m.single(c.args[0])
	if err != nil {
		return err
	}
	m.cut(base)
	if m.env.Terminology == nil {
		return nil
	}
	a, b := it.codings(), other.codings()
	if reverse {
		a, b = b, a
	}
	t := unknown
	for _, x := range a {
		for _, y := range b {
			if x.System != y.System {
				continue
			}
			holds, known, err := m.env.Terminology.Subsumes(m.ctx, x.System, x.Code, y.Code)
			switch {
			case err != nil:
				return err
			case known && holds:
				m.push(BooleanItem(true))
				return nil
			case known:
				t = isFalse
			}
		}
	}
	m.pushTruth(t)
	return nil
}
