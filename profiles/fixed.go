package profiles

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// holdValue holds a value to what is fixed of it and to its bounds.
func (w *walk) holdValue(o occurrence, p *position) {
	if v := p.el.Fixed; v != nil && !equal(v.Node, o.node) {
		w.say(p, o.place(), otherValue("fixed", v.Node, o.node, p))
	}
	if v := p.el.Pattern; v != nil && !includes(v.Node, o.node) {
		w.say(p, o.place(), otherValue("pattern", v.Node, o.node, p))
	}
	if limit := p.el.MaxLength; limit > 0 {
		if n := utf8.RuneCountInString(o.node.Text()); n > limit {
			w.say(p, o.place(), fhir.Issue{Code: fhir.TooLong, Rule: "max-length", Message: p.title() + " is too long.",
				Expected: fmt.Sprintf("at most %d characters", limit), Found: fmt.Sprintf("%d", n)})
		}
	}
	if d := p.el.Demands; d != nil {
		w.holdDemands(o, p, d)
	}
	if v := p.el.MinValue; v != nil {
		w.bound(o, p, v, notLess, "at least ")
	}
	if v := p.el.MaxValue; v != nil {
		w.bound(o, p, v, notMore, "at most ")
	}
}

// otherValue says what a value should have been, of an object the parts that
// differ.
func otherValue(rule string, want, got fhir.Node, p *position) fhir.Issue {
	i := fhir.Issue{Code: fhir.ValueCode, Rule: rule, Message: "The profile fixes the value of " + p.title() + "."}
	if rule == "pattern" && want.Kind() == fhir.Object {
		i.Message = "The profile asks for certain content of " + p.title() + "."
	}
	lacking, there := differences("", want, got)
	switch {
	case want.Kind() != fhir.Object || got.Kind() != fhir.Object:
		i.Expected, i.Found = inWords(leaves(nil, "", want)), foundValue(got)
	case len(lacking) == 0:
		i.Expected, i.Found = "no more than "+inWords(leaves(nil, "", want)), foundValue(got)
	default:
		i.Expected, i.Found = inWords(lacking), firstOf(inWords(there), "no such part")
	}
	return i
}

func foundValue(n fhir.Node) string {
	if !n.Exists() {
		return "no value"
	}
	return n.Brief()
}

var (
	notLess = fhirpath.MustCompile("$this >= %bound")
	notMore = fhirpath.MustCompile("$this <= %bound")
)

// bound holds a value to a bound. What has no order with it, such as a date
// of less precision or another unit, is let pass.
func (w *walk) bound(o occurrence, p *position, v *definition.Value, holds *fhirpath.Expr, how string) {
	if !o.node.Exists() || o.typ == nil {
		return
	}
	env := *w.env()
	limit, of := v.Node, boundType(v.Type)
	if text, ok := relativeBound(o, v, holds == notLess, w.now); ok {
		limit, of = asNode(text), o.typ.Name
	}
	env.Vars = map[string]fhirpath.Collection{"bound": {fhirpath.NodeItem(limit, of)}}
	if ok, err := holds.Test(w.ctx, fhirpath.TypedItem(o.node, o.typ), &env); ok || err != nil {
		return
	}
	w.say(p, o.place(), fhir.Issue{Code: fhir.ValueCode, Rule: "value-range", Message: p.title() + " is out of the range that the profile allows.",
		Expected: how + limit.Brief(), Found: foundValue(o.node)})
}

// boundType is the R4 type that the name of minValueDate or maxValueQuantity
// ends in.
func boundType(suffix string) string {
	if r4.TypeOf(suffix) != nil {
		return suffix
	}
	return strings.ToLower(suffix[:1]) + suffix[1:]
}

// equal reports whether two values are the same: objects whatever the order of
// their members, numbers with the digits they are written in.
func equal(a, b fhir.Node) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case fhir.Object:
		if a.Len() != b.Len() {
			return false
		}
		for m := a.First(); m.Exists(); m = m.Next() {
			if !equal(m, b.Get(m.Name())) {
				return false
			}
		}
		return true
	case fhir.Array:
		x, y := a.First(), b.First()
		for ; x.Exists() && y.Exists(); x, y = x.Next(), y.Next() {
			if !equal(x, y) {
				return false
			}
		}
		return !x.Exists() && !y.Exists()
	}
	return a.Text() == b.Text()
}

// includes reports whether a value has all that a pattern has: objects their
// members, arrays an item for each item, in any order.
func includes(pattern, value fhir.Node) bool {
	if pattern.Kind() != value.Kind() {
		return false
	}
	switch pattern.Kind() {
	case fhir.Object:
		for m := pattern.First(); m.Exists(); m = m.Next() {
			if !includes(m, value.Get(m.Name())) {
				return false
			}
		}
		return true
	case fhir.Array:
		for item := pattern.First(); item.Exists(); item = item.Next() {
			if !includesItem(item, value) {
				return false
			}
		}
		return true
	}
	return pattern.Text() == value.Text()
}

func includesItem(pattern, array fhir.Node) bool {
	for v := array.First(); v.Exists(); v = v.Next() {
		if includes(pattern, v) {
			return true
		}
	}
	return false
}
