package profiles

import (
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// sibling checks an underscore member, which holds the id and the extensions
// of a primitive, and gives the bit of its element.
func (w *walk) sibling(m fhir.Node, s *shape) uint64 {
	i := s.typ.Place(m.Name()[1:])
	if i < 0 || s.slots[i].format == nil || s.slots[i].Element.Attribute {
		w.unknown(m, s.typ)
		return 0
	}
	p := &s.slots[i]
	if p.repeats != (m.Kind() == fhir.Array) {
		w.siblingKind(m, p)
		return 1 << p.element
	}
	values := m.Parent().Get(m.Name()[1:])
	if p.Element.Choice && !values.Exists() && s.another(m.Parent(), m, i, true) {
		w.twoVariants(m.Parent(), m, p)
	}
	if !p.repeats {
		w.siblingValue(m, p)
		if !values.Exists() {
			w.valueless(m, p)
		}
		return 1 << p.element
	}
	count := 0
	for item := m.First(); item.Exists(); item = item.Next() {
		switch {
		case item.Kind() != fhir.Null:
			w.siblingValue(item, p)
			if !values.Exists() {
				w.valueless(item, p)
			}
		case !values.Exists():
			w.add(item, fhir.Issue{Code: fhir.Invalid, Rule: "null", Message: "There is neither a value nor an extension.",
				Fix: "Leave the null out."})
		}
		count++
	}
	if values.Kind() == fhir.Array && values.Len() != count {
		w.add(m, fhir.Issue{Code: fhir.Structure, Rule: "null", Message: "The arrays " + values.Name() + " and " + m.Name() + " are of different length.",
			Expected: fmt.Sprintf("%d items in both", max(count, values.Len())), Found: fmt.Sprintf("%d and %d", values.Len(), count),
			Fix: "Fill the shorter one up with null."})
	}
	return 1 << p.element
}

// another reports whether an object has another type of the choice than the member
// at a place of the shape: before the member, or, where it holds extensions alone,
// a value anywhere.
func (s *shape) another(n, m fhir.Node, place int, alone bool) bool {
	for o := n.First(); o.Exists(); o = o.Next() {
		name, sibling := strings.CutPrefix(o.Name(), "_")
		before := o.Index() < m.Index()
		if i := s.typ.Place(name); i >= 0 && i != place && s.slots[i].element == s.slots[place].element && (alone && !sibling || before && alone == sibling) {
			return true
		}
	}
	return false
}

func (w *walk) siblingKind(m fhir.Node, p *slot) {
	expected := "an object with id or extension"
	if p.repeats {
		expected = "an array of such objects and null, one for each " + p.Element.Name
	}
	w.add(m, fhir.Issue{Code: fhir.Invalid, Rule: "json-type", Message: m.Name() + " is of the wrong kind.",
		Expected: expected, Found: foundKind(m)})
}

// valueless asks of a primitive without a value that it has an extension: an id
// alone says nothing. A code with a required binding has to be one of its codes,
// which no extension is (R4, Terminologies, required).
func (w *walk) valueless(n fhir.Node, p *slot) {
	first := n.First()
	b := p.Element.Binding
	switch {
	case !first.Exists(): // said
	case first.Name() == "id" && !first.Next().Exists():
		w.broken(n, n, "ele-1")
	case p.Type == "id" && p.Element.Name == "id":
		w.add(n, fhir.Issue{Code: fhir.ValueCode, Rule: "format", Message: "The id of a resource is a value: an extension does not replace it.",
			Expected: "id", Found: "an extension without a value", Fix: "Leave _id out."})
	case p.Type == "code" && b != nil && b.Strength == "required" && !ofAnotherVersion(n):
		w.add(n, fhir.Issue{Code: fhir.CodeInvalid, Rule: "code", Message: "A code of the value set " + b.ValueSet + " has to be given: an extension does not replace it.",
			Expected: "a code", Found: "an extension without a value", Fix: "Give the code, or leave " + p.Element.Name + " out where it is optional."})
	}
}

// ofAnotherVersion reports whether an element carries what another version of FHIR
// has in its place: a code that R4 does not have.
func ofAnotherVersion(n fhir.Node) bool {
	for e := range n.Get("extension").Items() {
		if crossVersion.MatchString(e.Get("url").Text()) {
			return true
		}
	}
	return false
}

func (w *walk) siblingValue(n fhir.Node, p *slot) {
	switch {
	case n.Kind() != fhir.Object:
		w.wrongKind(n, "an object with id or extension")
	case !n.First().Exists():
		w.emptyObject(n, n)
	default:
		w.object(n, p.shape.ready(w.v))
	}
}

// nullItem checks a null among the values of a primitive: its extension has
// to stand at the same place of the underscore array.
func (w *walk) nullItem(array, item, beside fhir.Node, p *slot) {
	if beside.Kind() == fhir.Object {
		w.valueless(beside, p)
	} else {
		w.add(item, fhir.Issue{Code: fhir.Invalid, Rule: "null", Message: "A null stands where there is no extension either.",
			Expected: "a value, or an object at the same place of _" + array.Name(), Found: "null", Fix: "Leave the null out."})
	}
}

// companion walks the underscore array beside an array of primitives, as far
// as anyone asks.
type companion struct {
	item    fhir.Node
	place   int // of the item
	started bool
}

// at gives the item at a place, absent when there is none; places must rise.
func (c *companion) at(array fhir.Node, i int) fhir.Node {
	if !c.started {
		c.started = true
		c.item = array.Parent().Get("_" + array.Name()).First()
	}
	for ; c.place < i && c.item.Exists(); c.place++ {
		c.item = c.item.Next()
	}
	return c.item
}
