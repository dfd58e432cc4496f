package uk

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// host is a resource in which instances of a profile stand: of a resource's
// profile the resource itself, of an extension one with a context of it, of a
// data type one with an element of that type.
type host struct {
	profile string   // that the resource is held to, "" for none
	tree    *element // of the resource
	at      *element // what holds the instance, nil for the resource itself
}

// hosts are tried in this order: small resources that ask little.
var hosts = []string{"Patient", "Basic", "Observation", "MedicationRequest", "Organization", "Encounter", "Condition", "Location"}

// hostOf finds a place for instances of a structure.
func hostOf(l *profiles.Library, trees *maker, s *definition.Structure) *host {
	if r4.IsResource(s.Type) {
		return &host{profile: s.Canonical(), tree: trees.tree(s.Canonical())}
	}
	if s.IsExtension() {
		for _, c := range s.Contexts {
			if h := contextHost(trees, c); h != nil {
				return h
			}
		}
		return nil
	}
	h := contextHost(trees, definition.Context{Type: "element", Expression: s.Type})
	if h == nil {
		return nil
	}
	set := definition.NewSet()
	url := "https://example.org/StructureDefinition/host-" + s.URL[strings.LastIndexByte(s.URL, '/')+1:]
	set.AddStructure(&definition.Structure{URL: url, Name: "Host", Type: h.tree.name, Base: hl7 + h.tree.name, Kind: "resource", Derivation: "constraint",
		Status: "active", Differential: []*definition.Element{{ID: h.at.ID, Path: h.at.ID, Types: []definition.Type{{Code: s.Type, Profiles: []string{s.URL}}}}}})
	l.Define(set)
	h.profile = url
	return h
}

// contextHost finds an element of some resource that fits the context.
func contextHost(m *maker, c definition.Context) *host {
	if c.Type != "element" {
		return nil
	}
	root, _, _ := strings.Cut(c.Expression, ".")
	if c.Expression == "Element" || c.Expression == "DomainResource" || c.Expression == "Resource" {
		root, c.Expression = "Patient", "Patient"
	}
	names := append(slices.Clone(hosts), r4.ResourceTypes()...)
	if r4.IsResource(root) {
		names = []string{root}
	}
	for _, name := range names {
		tree := m.tree(hl7 + name)
		if tree == nil || r4.TypeOf(name).Abstract {
			continue
		}
		if at := find(m, tree, c.Expression, 0); at != nil {
			return &host{tree: tree, at: at}
		}
	}
	return nil
}

// find looks for an element by its path or the type of its value.
func find(m *maker, n *element, want string, depth int) *element {
	if n.Path == want || n.base != nil && len(n.base.Types) == 1 && n.base.Types[0] == want && !n.base.Choice {
		return n
	}
	if depth == 4 {
		return nil
	}
	for _, k := range n.kids {
		if hit := find(m, k, want, depth+1); hit != nil {
			return hit
		}
	}
	return nil
}

// make makes a resource with an instance of the structure in it, in which the
// targets are there.
func (h *host) make(l *profiles.Library, trees map[string]*element, s *element, targets ...*element) (map[string]any, *maker) {
	inner := newMaker(l, trees, targets...)
	if h.at == nil {
		return inner.resource(s), inner
	}
	outer := newMaker(l, trees, h.at)
	root := outer.resource(h.tree)
	obj := root
	if h.at.parent != nil {
		at := outer.slots[h.at]
		switch {
		case at.at >= 0:
			obj, _ = at.object[at.key].([]any)[at.at].(map[string]any)
		default:
			obj, _ = at.object[at.key].(map[string]any)
		}
		if obj == nil { // a primitive
			return root, inner
		}
	}
	if s.name != "Extension" {
		for k := range obj {
			delete(obj, k)
		}
		inner.root = root
		v := inner.data(s)
		for k, x := range v {
			obj[k] = x
		}
		inner.move(v, obj)
		mend(root)
		return root, inner
	}
	x := inner.data(s)
	list, _ := obj["extension"].([]any)
	obj["extension"] = append(list, x)
	mend(root)
	return root, inner
}

// data makes a value of a data type's profile.
func (m *maker) data(t *element) map[string]any {
	v, _ := m.value(t)
	return v.(map[string]any)
}

// move says that what stood in one object now stands in another.
func (m *maker) move(from, to map[string]any) {
	for n, s := range m.slots {
		if same(s.object, from) {
			s.object = to
			m.slots[n] = s
		}
	}
}
