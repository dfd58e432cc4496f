package profiles

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// containedForm asks each contained resource for an id of its own, by which
// alone it can be referred to.
func containedForm(w *walk, n fhir.Node, _ *r4.Type) {
	contained := n.Get("contained")
	if !contained.Exists() {
		return
	}
	seen := map[string]bool{}
	for c := item(contained); c.Exists(); c = c.Next() {
		if c.Kind() != fhir.Object {
			continue
		}
		key := c.Get("id")
		switch {
		case !key.Exists():
			w.add(c, fhir.Issue{Code: fhir.Required, Rule: "contained-id", Message: "A contained resource has no id, so nothing can refer to it.",
				Expected: "an id", Fix: `Add "id", and refer to the resource with # and that id.`})
		case seen[key.Text()]:
			w.add(c, fhir.Issue{Code: fhir.Duplicate, Rule: "contained-id", Message: "Two contained resources have the same id.",
				Expected: "an id of its own", Found: short(key.Text())})
		}
		seen[key.Text()] = true
	}
}

// containedRules are the invariants dom-2 to dom-5, which look from a resource
// at those it contains.
func containedRules(w *walk, n fhir.Node, _ *r4.Type) {
	contained := n.Get("contained")
	if !contained.Exists() {
		return
	}
	for c := item(contained); c.Exists(); c = c.Next() {
		if c.Get("contained").Exists() {
			w.broken(n, c.Get("contained"), "dom-2")
		}
		if meta := c.Get("meta"); meta.Exists() {
			if meta.Get("versionId").Exists() || meta.Get("lastUpdated").Exists() {
				w.broken(n, meta, "dom-4")
			}
			if meta.Get("security").Exists() {
				w.broken(n, meta, "dom-5")
			}
		}
	}
	w.unreferenced(n, contained)
}

// unreferenced is dom-3: every contained resource is referred to from its
// container, be it by an image of a narrative, or from another one contained
// there, or refers to its container.
func (w *walk) unreferenced(n, contained fhir.Node) {
	named := map[string]bool{}
	var upward []int // nodes that refer to the container, in order
	start, end := n.Index(), lastIndex(n)
	for i := start; i <= end; i++ {
		m := w.r.Node(i)
		if m.Kind() != fhir.String {
			continue
		}
		text := m.Text()
		if id, ok := strings.CutPrefix(text, "#"); ok {
			if id == "" {
				upward = append(upward, i)
			} else {
				named[id] = true
			}
		} else if m.Name() == "div" {
			shown(text, named)
		}
	}
	for c := item(contained); c.Exists(); c = c.Next() {
		if named[c.Get("id").Text()] || c.Kind() != fhir.Object {
			continue
		}
		if k, _ := slices.BinarySearch(upward, c.Index()); k == len(upward) || upward[k] > lastIndex(c) {
			w.broken(n, c, "dom-3")
		}
	}
}

// shown adds the ids of contained resources that a narrative shows as images (R4,
// Narrative, images).
func shown(div string, named map[string]bool) {
	if !strings.Contains(div, "<img") {
		return
	}
	for m := (markup{text: div}); ; {
		t, _, ok := m.next()
		if !ok {
			return
		}
		for _, a := range t.attrs {
			if id, local := strings.CutPrefix(a.value, "#"); local && t.name == "img" && a.name == "src" {
				named[id] = true
			}
		}
	}
}

// lastIndex is the index of the last node within a node.
func lastIndex(n fhir.Node) int {
	for p := n; p.Exists(); p = p.Parent() {
		if next := p.Next(); next.Exists() {
			return next.Index() - 1
		}
	}
	return n.Resource().Nodes() - 1
}
