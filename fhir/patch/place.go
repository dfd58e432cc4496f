package patch

import (
	"context"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// maxSteps bounds the work of one path, which comes from a client: a resource
// of a megabyte has some 50,000 elements.
const maxSteps = 1_000_000

// find evaluates a path to nodes of the resource.
func (op *operation) find(ctx context.Context, r *fhir.Resource, path string) ([]fhir.Node, error) {
	expr, err := fhirpath.Cached(path)
	if err != nil {
		return nil, err
	}
	items, err := expr.Eval(ctx, fhirpath.ResourceItem(r), &fhirpath.Env{MaxSteps: maxSteps})
	if err != nil {
		return nil, err
	}
	nodes := make([]fhir.Node, len(items))
	for i, item := range items {
		nodes[i] = item.Node()
		if nodes[i].Resource() != r {
			return nil, failed("The path leads to a value that is no element of the resource.", "a path to elements", strconv.Quote(item.String()))
		}
	}
	return nodes, nil
}

// one wants exactly one element.
func (op *operation) one(found []fhir.Node) (fhir.Node, error) {
	switch len(found) {
	case 0:
		return fhir.Node{}, failed("The path finds nothing.", "a path to one element", "none")
	case 1:
		return found[0], nil
	}
	return fhir.Node{}, failed("The path finds more than one element.", "a path to one element, such as "+op.path+"[0]", strconv.Itoa(len(found)))
}

// existing is the property that an element which does not repeat has already,
// whatever the type of its choice.
func existing(object *value, t *r4.Type, prop *r4.Property) string {
	props := t.Properties()
	for i := range props {
		if props[i].Element == prop.Element && len(object.elements(props[i].JSON)) > 0 {
			return props[i].JSON
		}
	}
	return ""
}

// container is the object that takes the members of a node: the node itself,
// or what stands beside a primitive.
func (op *operation) container(root *value, at fhir.Node) (*value, error) {
	if t := typeOf(at); at.Kind() == fhir.Object && (t == nil || t.Kind != r4.Primitive) {
		return root.find(at), nil
	}
	p, ok := placeOf(at)
	if !ok {
		return nil, failed("The path leads to no element that can have others.", "an element", at.Kind().String())
	}
	object := root.find(p.object)
	there := object.elements(p.name)
	e := &there[p.index]
	if e.extras == nil {
		e.extras = newObject()
	}
	object.setElements(p.name, repeats(object, p.name), there)
	return e.extras, nil
}

// repeats reports whether a property that is there is an array.
func repeats(object *value, name string) bool {
	v := object.get(name)
	if v == nil {
		v = object.get("_" + name)
	}
	return v != nil && v.kind == fhir.Array
}

// list is the place of the one list that the path names. Where it is empty,
// the path but for its last step must find the element that would hold it.
func (op *operation) list(ctx context.Context, r *fhir.Resource, found []fhir.Node) (place, error) {
	if len(found) == 0 {
		cut := lastStep(op.path)
		if cut < 0 {
			_, err := op.one(found)
			return place{}, err
		}
		holders, err := op.find(ctx, r, op.path[:cut])
		if err != nil {
			return place{}, err
		}
		holder, err := op.one(holders)
		return place{object: holder, name: strings.TrimSpace(op.path[cut+1:])}, err
	}
	first, ok := placeOf(found[0])
	for _, n := range found[1:] {
		p, _ := placeOf(n)
		ok = ok && p.object == first.object && p.name == first.name
	}
	if !ok {
		return place{}, failed("The path finds elements of more than one list.", "a path to one list", strconv.Itoa(len(found))+" elements")
	}
	return first, nil
}

// lastStep is where the dot before a plain last step stands, -1 when the last
// step is not plain.
func lastStep(path string) int {
	cut := strings.LastIndexByte(path, '.')
	if cut < 0 {
		return -1
	}
	for _, c := range strings.TrimSpace(path[cut+1:]) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return -1
		}
	}
	return cut
}
