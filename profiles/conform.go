package profiles

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// held is a node together with a profile it is held to.
type held struct {
	node    int
	program *program
}

// conform holds a node to a profile; each node to each profile once.
func (w *walk) conform(n fhir.Node, t *r4.Type, p *program) {
	key := held{n.Index(), p}
	if w.held[key] {
		return
	}
	if w.held == nil {
		w.held = map[held]bool{}
	}
	w.held[key] = true
	if w.trials > 0 {
		w.tried = append(w.tried, key)
	}
	outer := w.program
	w.program = p
	if want := p.structure.Type; t != nil && !t.Is(want) {
		w.say(p.root, n, fhir.Issue{Code: fhir.Structure, Rule: "profile-type",
			Message: "The profile is one of another type, so nothing of this type conforms to it.", Expected: want, Found: t.Name, Fix: "Name a profile of " + t.Name + "."})
	} else {
		w.hold(occurrence{node: n, typ: t}, p.root)
	}
	w.program = outer
}

// say reports an issue of the profile that is being applied, at one of its
// positions.
func (w *walk) say(p *position, n fhir.Node, i fhir.Issue) {
	i.Profile, i.Element = w.program.canonical, p.el.ID
	if s, ok := w.v.library.severity[i.Rule]; ok {
		i.Severity = s
	}
	if i.Severity == Off {
		return
	}
	w.add(n, i)
}

// try runs a check and returns its errors, at most [fhir.MaxListed] of them,
// instead of reporting its issues. What
// is being held to a profile around the trial counts as conforming within it:
// references go round in circles.
func (w *walk) try(f func()) (errors []fhir.Issue) {
	outer, known := w.tally, len(w.tried)
	w.tally = fhir.Tally{}
	w.trials++
	f()
	w.trials--
	for _, k := range w.tried[known:] {
		delete(w.held, k)
	}
	w.tried = w.tried[:known]
	for _, i := range w.tally.Kept() {
		if i.IsError() {
			errors = append(errors, i)
		}
	}
	w.tally = outer
	return errors
}

// hold holds one value to one position.
func (w *walk) hold(o occurrence, p *position) {
	if !w.goesOn() {
		return
	}
	if o.node.Exists() && o.typ != nil && o.typ.Kind != r4.Primitive && o.node.Kind() != fhir.Object {
		return // the base has said that this is no such value
	}
	if !w.holdType(o, p) {
		return // what else is asked is asked of another type
	}
	w.holdValue(o, p)
	if p.binding != nil {
		w.holdBinding(o, p)
	}
	for i := range p.rules {
		w.holdRule(o, p, &p.rules[i])
	}
	if p.kids == nil {
		return
	}
	w.inside(o, func() {
		for _, k := range p.kids {
			w.holdElement(o, o.occurrences(k.name, k.choice), k)
		}
	})
}

// holdElement holds all values of an element to its position and its slices.
// Where slices say what is missing or too much, the element itself is silent.
func (w *walk) holdElement(parent occurrence, all []occurrence, p *position) {
	for _, o := range all {
		w.hold(o, p)
	}
	lacking, spare := 0, 0
	if p.slicing != nil {
		lacking, spare = w.slice(parent, all, p)
	}
	if n := len(all); p.counted && (n+lacking < p.min || p.max >= 0 && n-spare > p.max) {
		w.count(parent, all, p, "")
	}
}
