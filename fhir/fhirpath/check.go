package fhirpath

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Check looks for mistakes that need no data: elements that the types do not
// have, functions and operators on types that they do not take, and, as
// warnings, order where there is none. The type is that of the focus, "" when
// it is not known. An expression without issues can still fail on data.
func (e *Expr) Check(typ string) []fhir.Issue {
	focus := shape{any: true, single: true}
	if t := r4.TypeOf(typ); t != nil {
		focus = shape{types: []*r4.Type{t}, single: true}
	}
	c := checker{src: e.src, context: focus, this: focus}
	c.of(e.root)
	return fhir.SortIssues(c.issues)
}

// shape is what is known of a collection without data: the types that its
// items may have, and whether it has at most one and keeps an order.
type shape struct {
	any       bool // nothing is known of the types
	types     []*r4.Type
	system    []itemKind
	single    bool
	unordered bool
}

// of System type, at most one.
func one(kind itemKind) shape { return shape{system: []itemKind{kind}, single: true} }

var anything = shape{any: true}

// or is the shape of items of either shape.
func (s shape) or(t shape) shape {
	return shape{any: s.any || t.any, types: append(slices.Clone(s.types), t.types...), system: append(slices.Clone(s.system), t.system...),
		single: s.isEmpty() && t.single || t.isEmpty() && s.single, unordered: s.unordered || t.unordered}
}

// isEmpty reports whether there can be no item.
func (s shape) isEmpty() bool { return !s.any && len(s.types) == 0 && len(s.system) == 0 }

// only is the shape with at most one item.
func (s shape) only() shape {
	s.single = true
	return s
}

// several is the shape with any number of items.
func (s shape) several() shape {
	s.single = false
	return s
}

// may reports whether an item may convert to one of the System types.
func (s shape) may(kinds ...itemKind) bool {
	if s.any || s.isEmpty() {
		return true
	}
	if slices.ContainsFunc(s.system, func(k itemKind) bool { return slices.Contains(kinds, k) }) {
		return true
	}
	return slices.ContainsFunc(s.types, func(t *r4.Type) bool {
		kind, ok := systemKinds[t]
		switch {
		case ok:
			return slices.Contains(kinds, kind)
		case t.Kind == r4.Primitive:
			return slices.Contains(kinds, str)
		}
		return t.Name == "Element"
	})
}

// String names the types for a message.
func (s shape) String() string {
	var names []string
	for _, t := range s.types {
		names = append(names, t.Name)
	}
	for _, k := range s.system {
		names = append(names, "System."+systemTypes[k])
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " or ")
}

// checker walks an expression and gathers issues.
type checker struct {
	src     string
	context shape
	this    shape
	issues  []fhir.Issue
}

func (c *checker) fault(n interface{ at() int }, severity fhir.Severity, e mistake) {
	e.at = n.at()
	issue := e.issue(c.src, fhir.Processing)
	issue.Severity = severity
	c.issues = append(c.issues, issue)
}

// within is the shape of a node with another $this.
func (c *checker) within(n node, this shape) shape {
	outer := c.this
	c.this = this.only()
	s := c.of(n)
	c.this = outer
	return s
}

func (c *checker) of(n node) shape {
	switch n := n.(type) {
	case *literal:
		if len(n.items) == 0 {
			return shape{single: true}
		}
		return one(n.items[0].kind)
	case *this:
		return c.this
	case *position:
		return one(integer)
	case *external:
		return c.external(n)
	case *member:
		return c.member(n)
	case *call:
		return c.call(n)
	case *indexer:
		s := c.of(n.input)
		c.ordered(n, s, "[…]")
		c.of(n.index)
		return s.only()
	case *sign:
		return c.of(n.x)
	case *logic:
		c.of(n.l)
		c.of(n.r)
		return one(boolean)
	case *typed:
		s := c.of(n.input)
		if n.cast {
			return c.cast(s, &n.typ)
		}
		c.typeExists(&n.typ)
		return one(boolean)
	case *binary:
		return c.binary(n)
	}
	return anything
}

func (c *checker) external(n *external) shape {
	switch n.name {
	case "context":
		return c.context
	case "resource", "rootResource":
		return anything.only()
	}
	if _, ok := wellKnown(n.name); ok {
		return one(str)
	}
	return anything
}

// typeExists reports a name that is no type.
func (c *checker) typeExists(t *typeName) bool {
	if err := t.unknown(); err != nil {
		c.fault(place(t.start), fhir.Err, *err)
		return false
	}
	return true
}

// cast is the shape after as or ofType.
func (c *checker) cast(s shape, t *typeName) shape {
	if !c.typeExists(t) {
		return anything
	}
	out := shape{single: s.single, unordered: s.unordered}
	if t.of != nil {
		out.types = []*r4.Type{t.of}
	}
	if t.system != nothing {
		out.system = []itemKind{t.system}
	}
	return out
}

// ordered warns where a function picks by order from what has none.
func (c *checker) ordered(n node, s shape, name string) {
	if s.unordered && !s.single {
		c.fault(n, fhir.Warning, mistake{what: name + " picks by order, but this collection has none.", expected: "a collection with an order, not children() or descendants()"})
	}
}

func (c *checker) binary(n *binary) shape {
	l, r := c.of(n.l), c.of(n.r)
	switch n.op.symbol {
	case "|":
		return l.or(r).several()
	case "&":
		return one(str)
	case "+", "-", "*", "/", "div", "mod":
		return c.arithmetic(n, l, r)
	case "<", ">", "<=", ">=":
		if !comparable(l, r) {
			c.fault(n, fhir.Err, mistake{what: "These two have no order.", expected: "two numbers, strings, dates, times or quantities", found: fmt.Sprintf("%s and %s", l, r)})
		}
	}
	return one(boolean)
}

// classes of System types between which operators work.
var (
	numbers  = []itemKind{integer, number}
	amounts  = []itemKind{integer, number, quantity}
	points   = []itemKind{date, dateTime}
	moments  = []itemKind{date, dateTime, timeOfDay}
	anyClass = [][]itemKind{amounts, points, {timeOfDay}, {str}}
)

func comparable(l, r shape) bool {
	return slices.ContainsFunc(anyClass, func(class []itemKind) bool { return l.may(class...) && r.may(class...) })
}

func (c *checker) arithmetic(n *binary, l, r shape) shape {
	op := n.op.symbol
	additive := op == "+" || op == "-"
	switch {
	case l.any || r.any || l.isEmpty() || r.isEmpty():
		return anything.only()
	case additive && l.may(moments...) && r.may(quantity):
		return l.only()
	case op == "+" && l.may(str) && r.may(str):
		return one(str)
	case l.may(numbers...) && r.may(numbers...):
		return shape{system: numbers, single: true}
	case l.may(amounts...) && r.may(amounts...) && op != "div" && op != "mod":
		return one(quantity)
	}
	c.fault(n, fhir.Err, mistake{what: "The operator " + op + " does not take these two.", expected: "two numbers, two quantities, two strings with +, or a date or time and a quantity of time with + or -", found: fmt.Sprintf("%s and %s", l, r)})
	return anything
}
