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
	target, t := w.resolve(text)
	if text != "" && !w.stands(text, target, p.where) {
		w.say(p, o.place(), fhir.Issue{Code: fhir.Structure, Rule: "aggregation", Message: "The resource that " + p.title() + " points to has to be elsewhere.",
			Expected: wheres(p.where), Found: short(text)})
		return
	}
	if p.targets == nil {
		return
	}
	if t == nil {
		t = r4.TypeOf(firstOf(w.targetType(o.node, "reference"), w.targetType(o.node, "type")))
	}
	if t == nil {
		return
	}
	fitting := w.targetsOf(t, p.targets)
	if len(fitting) == 0 {
		w.say(p, o.place(), fhir.Issue{Code: fhir.Structure, Rule: "reference-target", Message: "The profile does not let " + p.title() + " point to a resource of this type.",
			Expected: anyOf(w.typeNames(p.targets), 8), Found: t.Name + " (" + firstOf(short(text), "by its type") + ")"})
		return
	}
	if target.Exists() && !slices.Contains(fitting, "") {
		w.inScope(target, t, func() { w.oneOf(o, p, occurrence{node: target, typ: t}, fitting) })
	}
}

// stands reports whether a referenced resource is where the profile wants it. One
// in the same Bundle is referenced too (it is outside the resource that names
// it), and a resource that stands in no Bundle may yet be put into one.
func (w *walk) stands(text string, target fhir.Node, where []string) bool {
	way := "referenced"
	if strings.HasPrefix(text, "#") {
		way = "contained"
	} else if target.Exists() {
		way = "bundled"
	}
	if len(where) == 0 || slices.Contains(where, way) || way == "bundled" && slices.Contains(where, "referenced") {
		return true
	}
	b, _ := w.bundleAround()
	return way == "referenced" && b == nil && slices.Contains(where, "bundled")
}

// wheres says in words where a referenced resource may be.
func wheres(where []string) string {
	var ways []string
	for _, way := range where {
		switch way {
		case "contained":
			ways = append(ways, "a resource in contained, named as # and its id")
		case "bundled":
			ways = append(ways, "a resource of the same Bundle, named by its fullUrl")
		case "referenced":
			ways = append(ways, "a resource of its own outside this one, named by its URL")
		}
	}
	return anyOf(ways, 3)
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

// inScope runs a check with a referenced resource as the current one: one that
// is contained beside it, or one of the same Bundle.
func (w *walk) inScope(n fhir.Node, t *r4.Type, f func()) {
	outer := w.scope
	holder := outer
	for holder.node != holder.root {
		holder = holder.outer
	}
	w.scope = &scope{node: n, typ: t, outer: holder.outer, root: n}
	if isContained(n) {
		w.scope.outer, w.scope.root = holder, holder.node
	}
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
