package fhirpath

// truth is three-valued: FHIRPath's empty is neither true nor false.
type truth uint8

const (
	unknown truth = iota
	isFalse
	isTrue
)

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

func (t truth) not() truth {
	switch t {
	case isTrue:
		return isFalse
	case isFalse:
		return isTrue
	}
	return unknown
}

// judge is a node that can tell its truth without putting an item on the stack.
type judge interface {
	truth(m *machine) (truth, error)
}

// truth evaluates a node as a boolean: a single item that is no boolean counts
// as true (N1, singleton evaluation of collections).
func (m *machine) truth(n node) (truth, error) {
	if j, ok := n.(judge); ok {
		return j.truth(m)
	}
	base := len(m.stack)
	if err := m.inner(n); err != nil {
		return unknown, err
	}
	t, err := m.truthFrom(n, base)
	m.cut(base)
	return t, err
}

// truthFrom is the truth of what stands from 'base'.
func (m *machine) truthFrom(n node, base int) (truth, error) {
	it, err := m.only(n, base)
	if err != nil {
		return unknown, err
	}
	return it.truth(), nil
}

func (it *Item) truth() truth {
	switch it.kind {
	case nothing:
		return unknown
	case boolean:
		return truthOf(it.num == 1)
	case element, shadow:
		if it.typ == booleanType {
			v := it.value()
			if v.kind != boolean {
				return unknown
			}
			return truthOf(v.num == 1)
		}
	}
	return isTrue
}

// pushTruth appends a truth as a collection.
func (m *machine) pushTruth(t truth) {
	if t != unknown {
		m.push(BooleanItem(t == isTrue))
	}
}

func (n *logic) eval(m *machine) error {
	t, err := n.truth(m)
	if err != nil {
		return err
	}
	m.pushTruth(t)
	return nil
}

// truth does not look at the right side when the left one decides.
func (n *logic) truth(m *machine) (truth, error) {
	if err := m.step(n); err != nil {
		return unknown, err
	}
	l, err := m.truth(n.l)
	if err != nil {
		return unknown, err
	}
	switch {
	case n.op == "and" && l == isFalse:
		return isFalse, nil
	case n.op == "or" && l == isTrue, n.op == "implies" && l == isFalse:
		return isTrue, nil
	}
	r, err := m.truth(n.r)
	if err != nil {
		return unknown, err
	}
	return combine(n.op, l, r), nil
}

func combine(op string, l, r truth) truth {
	switch op {
	case "and":
		if l == isTrue && r == isTrue {
			return isTrue
		}
		if l == isFalse || r == isFalse {
			return isFalse
		}
		return unknown
	case "or":
		return combine("and", l.not(), r.not()).not()
	case "implies":
		return combine("or", l.not(), r)
	}
	if l == unknown || r == unknown {
		return unknown
	}
	return truthOf(l != r)
}
