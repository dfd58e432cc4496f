package fhirpath

import "github.com/pestle-fhir/pestle/fhir"

// resource is %resource: the innermost resource around the focus, unless the
// caller says otherwise. It is looked for once.
func (m *machine) resource() Item {
	if !m.env.Resource.IsZero() {
		return m.env.Resource
	}
	if m.around.IsZero() {
		m.around = NodeItem(enclosing(m.scopes[0].this.Node()), "")
	}
	return m.around
}

// root is %rootResource: what contains %resource, or %resource itself.
func (m *machine) root() Item {
	if !m.env.Root.IsZero() {
		return m.env.Root
	}
	r := m.resource()
	if c := container(r.Node()); c.Exists() {
		return NodeItem(c, "")
	}
	return r
}

// enclosing is the innermost resource that a node is or stands in.
func enclosing(n fhir.Node) fhir.Node {
	for n.Exists() {
		if n.Kind() == fhir.Object && n.Get("resourceType").Exists() {
			return n
		}
		n = n.Parent()
	}
	return n
}

// container is the resource in whose 'contained' a resource stands; absent
// when it stands elsewhere.
func container(resource fhir.Node) fhir.Node {
	list := resource.Parent()
	if list.Name() == "contained" {
		return enclosing(list.Parent())
	}
	return fhir.Node{}
}
