package uk

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// wrapped puts a resource into a Bundle with others, each under its own urn, and
// names its profile in it.
func wrapped(profile string, resources ...map[string]any) map[string]any {
	if profile != "" {
		resources[0]["meta"] = map[string]any{"profile": []any{profile}}
	}
	var entries []any
	for i, r := range resources {
		entries = append(entries, map[string]any{"fullUrl": urn(i), "resource": r})
	}
	return map[string]any{"resourceType": "Bundle", "type": "collection", "entry": entries}
}

func urn(i int) string {
	return "urn:uuid:c757873d-ec9a-4326-a141-55" + string(rune('a'+i)) + "f43239520"
}

// aggregated makes a reference to somewhere else than the profile wants, and the
// same right.
func (b *breeder) aggregated(h *host, root *element, c constraint) (parent, mutant map[string]any, at place, ok bool) {
	var where []string
	for _, t := range c.n.Types {
		where = append(where, t.Aggregation...)
	}
	make := func(way string) (map[string]any, place) {
		r, m := h.make(b.l, b.trees, root, c.n)
		s, there := m.slots[c.n]
		ref, _ := s.get().(map[string]any)
		if !there || ref == nil {
			return nil, place{}
		}
		typ := "Patient"
		if t := c.n.targets(); len(t) > 0 && t[0] != "Resource" {
			typ = t[0]
		} else if len(c.n.base.Targets) > 0 && c.n.base.Targets[0] != "Resource" {
			typ = c.n.base.Targets[0]
		}
		other := newMaker(b.l, b.trees).resource(b.targetTree(c.n, typ))
		at := place(s)
		switch way {
		case "contained":
			other["id"] = "other"
			list, _ := r["contained"].([]any)
			r["contained"] = append(list, other)
			ref["reference"] = "#other"
			tidy(r)
			return wrapped(h.profile, r), at
		case "bundled":
			ref["reference"] = urn(1)
			tidy(r)
			return wrapped(h.profile, r, other), at
		}
		ref["reference"] = "https://example.org/fhir/" + typ + "/1"
		tidy(r)
		return wrapped(h.profile, r), at
	}
	wrong := "contained"
	if slices.Contains(where, "contained") {
		wrong = "referenced"
	}
	if slices.Contains(where, wrong) || c.n.code() != "Reference" {
		return nil, nil, at, false
	}
	parent, _ = make(where[0])
	mutant, at = make(wrong)
	return parent, mutant, at, parent != nil && mutant != nil
}

// targetTree is that of the profile that a referenced resource has to have.
func (b *breeder) targetTree(n *element, typ string) *element {
	m := newMaker(b.l, b.trees)
	for _, t := range n.Types {
		for _, p := range t.TargetProfiles {
			if tree := m.tree(p); tree != nil && tree.name == typ {
				return tree
			}
		}
	}
	return m.tree(hl7 + typ)
}

// targeted makes a reference to a resource that breaks the profile which the
// reference asks of it, and the same with one that does not.
func (b *breeder) targeted(h *host, root *element, c constraint) (parent, mutant map[string]any, at place, ok bool) {
	types := c.n.targets()
	if len(types) == 0 || c.n.code() != "Reference" {
		return nil, nil, at, false
	}
	tree := b.targetTree(c.n, types[0])
	asked := tree.firstMin()
	if asked == nil {
		return nil, nil, at, false
	}
	contained := slices.ContainsFunc(c.n.Types, func(t definition.Type) bool { return slices.Contains(t.Aggregation, "contained") })
	make := func(spoil bool) map[string]any {
		r, m := h.make(b.l, b.trees, root, c.n)
		s, there := m.slots[c.n]
		ref, _ := s.get().(map[string]any)
		if !there || ref == nil {
			return nil
		}
		other := newMaker(b.l, b.trees).resource(tree)
		if spoil {
			delete(other, asked.property())
			at = place{object: other}
		}
		if contained {
			other["id"] = "other"
			list, _ := r["contained"].([]any)
			r["contained"] = append(list, other)
			ref["reference"] = "#other"
			tidy(r)
			return wrapped(h.profile, r)
		}
		ref["reference"] = urn(1)
		tidy(r)
		return wrapped(h.profile, r, other)
	}
	parent, mutant = make(false), make(true)
	return parent, mutant, at, parent != nil && mutant != nil
}

// firstMin is the first element that the profile itself asks for.
func (n *element) firstMin() *element {
	for _, k := range n.kids {
		if low, _ := k.Bounds(); k.base != nil && k.slice == "" && low > k.base.Min && len(k.parent.slicesOf(k)) == 0 {
			return k
		}
	}
	return nil
}

// another puts a value of no slice beside those of a closed slicing.
func (b *breeder) another(h *host, root *element, c constraint) (parent, mutant map[string]any, at place, ok bool) {
	parent, _ = h.make(b.l, b.trees, root, c.n)
	mutant, m := h.make(b.l, b.trees, root, c.n)
	s, there := m.slots[c.n]
	list, isList := s.object[s.key].([]any)
	if !there || !isList {
		return nil, nil, at, false
	}
	v := clone(list[0]).(map[string]any)
	leaf := v
	path := strings.Split(c.n.Slicing.Discriminators[0].Path, ".")
	for _, step := range path[:len(path)-1] {
		switch next := leaf[step].(type) {
		case map[string]any:
			leaf = next
		case []any:
			leaf = next[0].(map[string]any)
		}
	}
	leaf[path[len(path)-1]] = "something else"
	s.object[s.key] = append(list, v)
	return parent, mutant, place{s.object, s.key, len(list)}, true
}

// misplaced puts an extension where its contexts do not let it stand.
func (b *breeder) misplaced(s *definition.Structure, root *element) (mutant map[string]any, at place, ok bool) {
	m := newMaker(b.l, b.trees)
	for _, path := range []string{"Patient.contact", "Patient", "Observation"} {
		free := !slices.ContainsFunc(s.Contexts, func(c definition.Context) bool {
			return c.Type != "element" || path == c.Expression || c.Expression == "Element" || c.Expression == "BackboneElement" || r4.TypeOf(path).Is(c.Expression)
		})
		if !free {
			continue
		}
		name, _, _ := strings.Cut(path, ".")
		tree := m.tree(hl7 + name)
		maker := newMaker(b.l, b.trees)
		r := maker.resource(tree)
		holder := r
		if path != name {
			holder = map[string]any{"name": map[string]any{"text": "Ann"}}
			r["contact"] = []any{holder}
		}
		holder["extension"] = []any{newMaker(b.l, b.trees).data(root)}
		mend(r)
		return r, place{object: holder}, true
	}
	return nil, at, false
}

// parted puts a part into an extension that its definition does not have.
func (b *breeder) parted(h *host, root *element) (parent, mutant map[string]any, at place, ok bool) {
	var first *element
	for _, k := range root.kids {
		if k.name == "extension" && k.slice != "" && first == nil {
			first = k
		}
	}
	if first == nil {
		return nil, nil, at, false
	}
	parent, _ = h.make(b.l, b.trees, root, first)
	mutant, m := h.make(b.l, b.trees, root, first)
	s, there := m.slots[first]
	if !there {
		return nil, nil, at, false
	}
	list := s.object["extension"].([]any)
	s.object["extension"] = append(list, map[string]any{"url": "no-such-part", "valueString": "x"})
	return parent, mutant, place{s.object, "extension", len(list)}, true
}
