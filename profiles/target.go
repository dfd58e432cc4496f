package profiles

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// holdReference holds a reference to where its target has to be and to the
// profiles it has to have.
func (w *walk) holdReference(o occurrence, p *position) {
	text := o.node.Get("reference").Text()
	if text == "" {
		return // a reference by identifier names no resource that could be looked at
	}
	target, t := w.resolve(text)
	switch {
	case p.containedOnly && !strings.HasPrefix(text, "#"):
		w.say(o.place(), fhir.Issue{Code: fhir.Structure, Rule: "aggregation", Message: p.name + " points to a contained resource.",
			Expected: "#id of a resource in contained", Found: short(text)})
		return
	case p.bundled && !target.Exists() && !strings.HasPrefix(text, "#"):
		if b, _ := w.bundleAround(); b != nil {
			w.say(o.place(), fhir.Issue{Code: fhir.Structure, Rule: "aggregation", Message: p.name + " points to a resource of the same Bundle.",
				Expected: "the fullUrl of an entry", Found: short(text)})
		}
		return
	}
	if p.targets == nil {
		return
	}
	if t == nil {
		t = r4.TypeOf(w.targetType(o.node, "reference"))
	}
	if t == nil {
		return
	}
	fitting := w.targetsOf(t, p.targets)
	if len(fitting) == 0 {
		w.say(o.place(), fhir.Issue{Code: fhir.Structure, Rule: "reference-target", Message: "The profile does not let " + p.name + " point to a resource of this type.",
			Expected: anyOf(w.typeNames(p.targets), 8), Found: t.Name})
		return
	}
	if target.Exists() && !slices.Contains(fitting, "") {
		w.inScope(target, t, func() { w.oneOf(o.place(), target, t, fitting) })
	}
}

// targetsOf gives the profiles of a type among the targets; "" for one that
// asks nothing more than the type, or is not known.
func (w *walk) targetsOf(t *r4.Type, targets []string) (out []string) {
	for _, c := range targets {
		if name, ok := strings.CutPrefix(c, canonicalBase); ok && r4.TypeOf(name) != nil {
			if t.Is(name) {
				out = append(out, "")
			}
			continue
		}
		s, known := w.v.library.knows(c)
		switch {
		case !known:
			out = append(out, "")
		case t.Is(s.Type):
			out = append(out, c)
		}
	}
	return out
}

func (w *walk) typeNames(targets []string) (out []string) {
	for _, c := range targets {
		name := bareName(c)
		if s, known := w.v.library.knows(c); known {
			name = fmt.Sprintf("%s (%s)", s.Type, name)
		}
		out = append(out, name)
	}
	return out
}

// resolve finds what a reference names within the resource and its Bundle.
func (w *walk) resolve(text string) (fhir.Node, *r4.Type) {
	l := readLiteral(text)
	var n fhir.Node
	if l.fragment != "" {
		n = w.containedResource(l.fragment)
	} else if b, at := w.bundleAround(); b != nil {
		if hits := b.find(l, at); len(hits) == 1 {
			n = b.entries[hits[0]].resource
		}
	}
	if !n.Exists() {
		return n, nil
	}
	return n, r4.TypeOf(n.Get("resourceType").Text())
}

// inScope runs a check with another resource as the current one.
func (w *walk) inScope(n fhir.Node, t *r4.Type, f func()) {
	outer := w.scope
	holder := outer
	inner := &scope{node: n, typ: t, outer: outer.outer, root: n}
	if isContained(n) {
		for holder.node != holder.root {
			holder = holder.outer
		}
		inner.outer, inner.root = holder, holder.node
	}
	w.scope = inner
	f()
	w.scope = outer
}

func isContained(n fhir.Node) bool { return n.Parent().Name() == "contained" }

func (w *walk) resolveAll(at []occurrence) (out []occurrence) {
	for _, o := range at {
		if n, t := w.resolve(o.node.Get("reference").Text()); n.Exists() {
			out = append(out, occurrence{node: n, typ: t})
		}
	}
	return out
}

func (w *walk) targetRoots(positions []*position) (out []*position) {
	for _, p := range positions {
		for _, c := range p.targets {
			if name, ok := strings.CutPrefix(c, canonicalBase); ok {
				if t := r4.TypeOf(name); t != nil {
					out = append(out, &position{el: p.el, name: name, typ: t, max: -1})
				}
				continue
			}
			if of := w.v.library.program(c); of != nil {
				out = append(out, &position{el: of.root.el, name: of.structure.Type, typ: r4.TypeOf(of.structure.Type), max: -1,
					kids: of.root.kids, targets: []string{c}})
			}
		}
	}
	return out
}
