package fhirpath

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// fnResolve leaves the resources that references and URIs point to: contained
// ones, those in the Bundle around, and those that the port finds. What cannot
// be found is left out.
func fnResolve(m *machine, c *call, base int) error {
	kept := base
	for i := base; i < len(m.stack); i++ {
		it := m.stack[i]
		ref := reference(&it)
		if ref == "" {
			continue
		}
		found, err := m.resolve(c, it, ref)
		if err != nil {
			return err
		}
		if found.kind != nothing {
			m.stack[kept] = found
			kept++
		}
	}
	m.cut(kept)
	return nil
}

// reference is the literal reference of an item.
func reference(it *Item) string {
	if s, ok := it.text(); ok {
		return s
	}
	if it.Type() == "Reference" || it.typ == nil && it.kind == element {
		return it.node.Get("reference").Text()
	}
	return ""
}

func (m *machine) resolve(c *call, it Item, ref string) (Item, error) {
	if id, ok := strings.CutPrefix(ref, "#"); ok {
		return m.contained(it, id), nil
	}
	if found, err := m.bundled(c, it.Node(), ref); err != nil || found.Exists() {
		return NodeItem(found, ""), err
	}
	if m.env.Resolver == nil {
		return Item{}, nil
	}
	return m.env.Resolver.Resolve(m.ctx, ref, it)
}

// contained finds a contained resource by its id, the container itself by "".
func (m *machine) contained(it Item, id string) Item {
	around := enclosing(it.Node())
	if outer := container(around); outer.Exists() {
		around = outer
	}
	if !around.Exists() {
		around = m.root().Node()
	}
	if id == "" {
		return NodeItem(around, "")
	}
	if r := around.Contained(id); r.Exists() {
		return NodeItem(r, "")
	}
	return Item{}
}

// bundled finds the resource in a Bundle around a node, by the rules for
// references in Bundles: an absolute reference is the fullUrl of its target, a
// relative one stands beside the fullUrl of the entry that it is in.
func (m *machine) bundled(c *call, from fhir.Node, ref string) (fhir.Node, error) {
	for n := from; n.Exists(); n = n.Parent() {
		entries := n.Parent()
		bundle := entries.Parent()
		if entries.Name() != "entry" || bundle.Get("resourceType").Text() != "Bundle" {
			continue
		}
		target := ref
		if !strings.Contains(ref, ":") {
			target = beside(n.Get("fullUrl").Text(), ref)
		}
		if err := m.step(c); err != nil {
			return fhir.Node{}, err
		}
		if r := entryOf(entries, target); r.Exists() {
			return r, nil
		}
	}
	return fhir.Node{}, nil
}

// entryOf is the resource of the entry with a fullUrl, or with the fullUrl and
// the version that a versioned address names.
func entryOf(entries fhir.Node, address string) fhir.Node {
	for e := range entries.ItemsWith("fullUrl", address) {
		if r := e.Get("resource"); r.Exists() && address != "" {
			return r
		}
	}
	plain, version, versioned := strings.Cut(address, "/_history/")
	if !versioned || plain == "" {
		return fhir.Node{}
	}
	for e := range entries.ItemsWith("fullUrl", plain) {
		if r := e.Get("resource"); r.Exists() && r.Path("meta", "versionId").Text() == version {
			return r
		}
	}
	return fhir.Node{}
}

// beside puts a relative reference on the base of a RESTful URL.
func beside(fullURL, ref string) string {
	base := fullURL
	for range 2 {
		i := strings.LastIndexByte(base, '/')
		if i < 0 {
			return ref
		}
		base = base[:i]
	}
	return base + "/" + ref
}
