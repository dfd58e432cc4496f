package profiles

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

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
	outer := w.program
	w.program = p
	if want := p.structure.Type; t != nil && !t.Is(want) {
		w.say(n, fhir.Issue{Code: fhir.Structure, Rule: "profile-type", Message: "The profile is one of another type.", Expected: want, Found: t.Name})
	} else {
		w.hold(occurrence{node: n, typ: t}, p.root)
	}
	w.program = outer
}

type held struct {
	node    int
	program *program
}

// say reports an issue of the profile that is being applied.
func (w *walk) say(n fhir.Node, i fhir.Issue) {
	i.Profile = w.program.canonical
	if s, ok := w.v.library.severity[i.Rule]; ok {
		i.Severity = s
	}
	w.add(n, i)
}

// try runs a check and gives its issues instead of reporting them.
func (w *walk) try(f func()) []fhir.Issue {
	issues, more, known := w.issues, w.more, w.held
	w.issues, w.held = nil, nil
	f()
	got := w.issues
	w.issues, w.more, w.held = issues, more, known
	return got
}

// hold holds one value to one position.
func (w *walk) hold(o occurrence, p *position) {
	if w.ended {
		return
	}
	w.holdValue(o, p)
	w.holdType(o, p)
	if p.binding != nil {
		w.holdBinding(o, p)
	}
	for i := range p.rules {
		w.holdRule(o, &p.rules[i])
	}
	for _, k := range p.kids {
		w.holdElement(o, o.occurrences(k.name, k.choice), k)
	}
}

// holdElement holds all values of an element to its position and its slices.
func (w *walk) holdElement(parent occurrence, all []occurrence, p *position) {
	if p.counted {
		w.count(parent, all, p, "")
	}
	for _, o := range all {
		w.hold(o, p)
	}
	if p.slicing != nil {
		w.slice(parent, all, p)
	}
}

// count holds the number of values to the cardinality.
func (w *walk) count(parent occurrence, all []occurrence, p *position, near string) {
	n := len(all)
	what := p.name
	if p.el.SliceName != "" {
		what += ":" + p.el.SliceName
	}
	switch {
	case n < p.min:
		severity := fhir.Err
		if w.unclaimed {
			severity = fhir.Warning
		}
		w.say(parent.place(), fhir.Issue{Severity: severity, Code: fhir.Required, Rule: "cardinality", Message: fmt.Sprintf("%s is missing: the profile asks for it.", what),
			Expected: times(p.min, "at least"), Found: found(n), Fix: firstOf(near, addHint(p))})
	case p.max == 0 && n > 0:
		w.say(all[0].place(), fhir.Issue{Code: fhir.Structure, Rule: "cardinality", Message: what + " has no place here: the profile rules it out.",
			Expected: "none", Found: found(n), Fix: "Leave it out."})
	case p.max > 0 && n > p.max:
		w.say(all[p.max].place(), fhir.Issue{Code: fhir.Structure, Rule: "cardinality", Message: what + " is there too often.",
			Expected: times(p.max, "at most"), Found: found(n)})
	}
}

func times(n int, how string) string {
	if n == 1 && how == "at least" {
		return "one"
	}
	return fmt.Sprintf("%s %d", how, n)
}

func found(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(n)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// addHint says what a missing element would have to be, where the profile
// leaves no choice.
func addHint(p *position) string {
	switch {
	case p.el.Fixed != nil:
		return "Add it with the value " + short(string(p.el.Fixed.Node.Raw())) + "."
	case p.el.Pattern != nil:
		return "Add it with at least " + short(string(p.el.Pattern.Node.Raw())) + "."
	case p.name == "extension" && len(p.profiles["Extension"]) == 1:
		return "Add an extension with the url " + p.profiles["Extension"][0] + "."
	case p.binding != nil:
		return "Add it with a code of " + p.binding.ValueSet + "."
	}
	return ""
}

// holdValue holds a value to what is fixed of it.
func (w *walk) holdValue(o occurrence, p *position) {
	if v := p.el.Fixed; v != nil && !equal(v.Node, o.node) {
		w.say(o.place(), fhir.Issue{Code: fhir.ValueCode, Rule: "fixed", Message: "The profile fixes the value of " + p.name + ".",
			Expected: short(string(v.Node.Raw())), Found: foundValue(o.node)})
	}
	if v := p.el.Pattern; v != nil && !includes(v.Node, o.node) {
		w.say(o.place(), fhir.Issue{Code: fhir.ValueCode, Rule: "pattern", Message: "The profile fixes a part of the value of " + p.name + ".",
			Expected: "at least " + short(string(v.Node.Raw())), Found: foundValue(o.node)})
	}
	if limit := p.el.MaxLength; limit > 0 && len([]rune(o.node.Text())) > limit {
		w.say(o.place(), fhir.Issue{Code: fhir.TooLong, Rule: "max-length", Message: p.name + " is too long.", Expected: fmt.Sprintf("at most %d characters", limit),
			Found: fmt.Sprint(len([]rune(o.node.Text())))})
	}
}

func foundValue(n fhir.Node) string {
	if !n.Exists() {
		return "none"
	}
	return short(string(n.Raw()))
}

// holdType holds a value to the types, profiles and targets that remain.
func (w *walk) holdType(o occurrence, p *position) {
	if o.typ == nil {
		return
	}
	if p.types != nil && !slices.ContainsFunc(p.types, o.typ.Is) {
		w.say(o.place(), fhir.Issue{Code: fhir.Structure, Rule: "type", Message: "The profile does not allow this type for " + p.name + ".",
			Expected: anyOf(p.types, 8), Found: o.typ.Name})
		return
	}
	if o.typ.Name == "Reference" {
		w.holdReference(o, p)
	}
	if o.typ.Name == "Extension" {
		return // every extension is held to its definition where it stands
	}
	for code, canonicals := range p.profiles {
		if o.typ.Is(code) {
			w.oneOf(o.place(), o.node, o.typ, canonicals)
		}
	}
}

// oneOf holds a node to one of several profiles. Issues of a single one are
// reported as they are; of several none fits, the nearest is told.
func (w *walk) oneOf(place, n fhir.Node, t *r4.Type, canonicals []string) {
	var known []*program
	for _, c := range canonicals {
		p := w.v.library.program(c)
		if p == nil {
			return // it may be the one that fits
		}
		known = append(known, p)
	}
	if len(known) == 1 {
		w.conform(n, t, known[0])
		return
	}
	var best []fhir.Issue
	var nearest *program
	for _, p := range known {
		issues := w.try(func() { w.conform(n, t, p) })
		errors := slices.DeleteFunc(issues, func(i fhir.Issue) bool { return !i.IsError() })
		if len(errors) == 0 {
			return
		}
		if nearest == nil || len(errors) < len(best) {
			best, nearest = errors, p
		}
	}
	if nearest != nil {
		w.say(place, fhir.Issue{Code: fhir.Structure, Rule: "profile", Message: "This conforms to none of the profiles that are allowed.",
			Expected: anyOf(canonicals, 4), Found: fmt.Sprintf("nearest to %s, but %s: %s", nearest.canonical, best[0].Expression, best[0].Text())})
	}
}

// holdRule evaluates an invariant of the profile.
func (w *walk) holdRule(o occurrence, r *rule) {
	place := o.place()
	if r.err != nil {
		w.say(place, fhir.Issue{Severity: fhir.Warning, Code: fhir.Processing, Rule: r.Key, Message: "The definition is at fault and its rule was not checked: " + r.err.Error() + "."})
		return
	}
	if !o.node.Exists() {
		return
	}
	ok, err := r.expr.Test(w.ctx, fhirpath.TypedItem(o.node, o.typ), w.env())
	switch {
	case err != nil && w.ctx.Err() != nil:
		w.ended = true
	case err != nil:
		w.say(place, fhir.Issue{Severity: fhir.Warning, Code: fhir.Processing, Rule: r.Key, Message: "The rule could not be evaluated: " + err.Error() + "."})
	case !ok:
		severity := fhir.Err
		if r.Severity == "warning" {
			severity = fhir.Warning
		}
		w.say(place, fhir.Issue{Severity: severity, Code: fhir.Invariant, Rule: r.Key, Message: firstOf(r.Human, "The rule "+r.Key+" does not hold: "+r.Expression)})
	}
}

// equal reports whether two values are the same: objects whatever the order of
// their members, numbers by their value and precision.
func equal(a, b fhir.Node) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case fhir.Object, fhir.Array:
		if a.Len() != b.Len() {
			return false
		}
		return includes(a, b)
	}
	return a.Text() == b.Text()
}

// includes reports whether a value has all that a pattern has: objects their
// members, arrays an item for each item, in any order.
func includes(pattern, value fhir.Node) bool {
	switch pattern.Kind() {
	case fhir.Object:
		if value.Kind() != fhir.Object {
			return false
		}
		for m := range pattern.Members() {
			if !includes(m, value.Get(m.Name())) {
				return false
			}
		}
		return true
	case fhir.Array:
		if value.Kind() != fhir.Array {
			return false
		}
		for item := range pattern.Items() {
			hit := false
			for v := range value.Items() {
				if includes(item, v) {
					hit = true
					break
				}
			}
			if !hit {
				return false
			}
		}
		return true
	}
	return pattern.Kind() == value.Kind() && pattern.Text() == value.Text()
}

// bareName is a canonical's last part, for messages.
func bareName(canonical string) string {
	return canonical[strings.LastIndexByte(canonical, '/')+1:]
}
