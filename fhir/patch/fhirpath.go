package patch

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// FHIRPath applies a FHIRPath Patch, a Parameters resource of operations.
func FHIRPath(ctx context.Context, r *fhir.Resource, params *fhir.Resource) (*fhir.Resource, error) {
	operations, err := readOperations(params)
	if err != nil {
		return nil, err
	}
	for i := range operations {
		op := &operations[i]
		next, err := op.apply(ctx, r)
		if err != nil {
			var e *fhir.Error
			if errors.As(err, &e) {
				return nil, blame(e, i+1, op.kind+" "+op.path, op.node.Expression(), op.node.Position())
			}
			return nil, err
		}
		r = next
	}
	return r, nil
}

// operation is one operation of a FHIRPath Patch.
type operation struct {
	node       fhir.Node
	kind, path string
	name       string    // of add
	value      fhir.Node // the part "value" of add, insert and replace
	index      int       // of insert
	from, to   int       // of move
}

// parts are the parts that each kind of operation needs besides path.
var parts = map[string][]string{
	"add": {"name", "value"}, "insert": {"index", "value"}, "delete": nil, "replace": {"value"}, "move": {"source", "destination"},
}

// readOperations reads a patch and reports all that is malformed in it.
func readOperations(params *fhir.Resource) ([]operation, error) {
	if params.Type() != "Parameters" {
		return nil, invalid(params.Root(), "A FHIRPath Patch is a Parameters resource.", "Parameters", params.Type())
	}
	var operations []operation
	var issues []fhir.Issue
	for p := range params.Get("parameter").Items() {
		op, found := readOperation(p)
		for i := range found {
			found[i].Message = fmt.Sprintf("Operation %d: %s", len(operations)+1, found[i].Message)
		}
		issues = append(issues, found...)
		operations = append(operations, op)
	}
	if len(issues) > 0 {
		return nil, &fhir.Error{Op: "patch", Kind: fhir.Invalid, Issues: issues}
	}
	return operations, nil
}

func readOperation(p fhir.Node) (operation, []fhir.Issue) {
	op := operation{node: p, kind: part(p, "type").Text(), path: part(p, "path").Text()}
	var issues []fhir.Issue
	report := func(n fhir.Node, message, expected, found string) {
		issues = append(issues, fhir.Issue{
			Severity: fhir.Err, Code: fhir.Invalid, Rule: "patch", Expression: n.Expression(), Position: n.Position(),
			Message: message, Expected: expected, Found: found,
		})
	}
	if name := p.Get("name").Text(); name != "operation" {
		report(p, "The parameter is no operation.", `the name "operation"`, strconv.Quote(name))
		return op, issues
	}
	needs, known := parts[op.kind]
	if !known {
		report(p, "There is no such operation.", "a part type with add, insert, delete, replace or move", strconv.Quote(op.kind))
	}
	if op.path == "" {
		report(p, "The operation has no path.", "a part path with a FHIRPath expression", "none")
	}
	number := func(name string) int {
		i, err := strconv.Atoi(part(p, name).Text())
		if err != nil || i < 0 {
			report(p, "The operation has no "+name+".", "a part "+name+" with a valueInteger from 0", "none")
		}
		return i
	}
	for _, need := range needs {
		switch need {
		case "name":
			if op.name = part(p, "name").Text(); op.name == "" {
				report(p, "The operation has no name.", "a part name with the name of the element to add", "none")
			}
		case "value":
			if op.value = partNode(p, "value"); !op.value.Exists() {
				report(p, "The operation has no value.", "a part value", "none")
			}
		case "index":
			op.index = number("index")
		case "source":
			op.from = number("source")
		case "destination":
			op.to = number("destination")
		}
	}
	return op, issues
}

// partNode is a part of an operation by its name.
func partNode(p fhir.Node, name string) fhir.Node {
	for n := range p.Get("part").Items() {
		if n.Get("name").Text() == name {
			return n
		}
	}
	return fhir.Node{}
}

// part is the value of a part.
func part(p fhir.Node, name string) fhir.Node {
	for m := range partNode(p, name).Members() {
		if strings.HasPrefix(m.Name(), "value") {
			return m
		}
	}
	return fhir.Node{}
}

func (op *operation) apply(ctx context.Context, r *fhir.Resource) (*fhir.Resource, error) {
	found, err := op.find(ctx, r, op.path)
	if err != nil {
		return nil, err
	}
	root := valueOf(r.Root())
	switch op.kind {
	case "add":
		err = op.add(root, found)
	case "insert":
		err = op.insert(ctx, r, root, found)
	case "delete":
		if len(found) == 0 {
			return r, nil // "if found", says the specification
		}
		err = op.delete(root, found)
	case "replace":
		err = op.replace(root, found)
	case "move":
		err = op.move(root, found)
	}
	if err != nil {
		return nil, err
	}
	if root.size() > MaxSize {
		return nil, tooLarge()
	}
	return root.resource()
}

// find evaluates a path to nodes of the resource.
func (op *operation) find(ctx context.Context, r *fhir.Resource, path string) ([]fhir.Node, error) {
	expr, err := fhirpath.Cached(path)
	if err != nil {
		return nil, err
	}
	items, err := expr.Eval(ctx, fhirpath.ResourceItem(r), nil)
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

func (op *operation) add(root *value, found []fhir.Node) error {
	at, err := op.one(found)
	if err != nil {
		return err
	}
	t := typeOf(at)
	prop, name, err := op.property(t, op.name)
	if err != nil {
		return err
	}
	content, err := contentOf(op.value, prop)
	if err != nil {
		return err
	}
	object, err := op.container(root, at)
	if err != nil {
		return err
	}
	there := object.elements(name)
	repeats := prop.Element.Repeats()
	if !repeats && existing(object, t, prop) != "" {
		return failed("The element is there already and does not repeat.", "an element that is not there; or the operation replace", existing(object, t, prop))
	}
	object.setElements(name, repeats, append(there, content))
	return nil
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

func (op *operation) insert(ctx context.Context, r *fhir.Resource, root *value, found []fhir.Node) error {
	at, err := op.list(ctx, r, found)
	if err != nil {
		return err
	}
	prop, name, err := op.property(typeOf(at.object), at.name)
	if err != nil {
		return err
	}
	if !prop.Element.Repeats() {
		return failed("The element does not repeat.", "a path to a list", name)
	}
	content, err := contentOf(op.value, prop)
	if err != nil {
		return err
	}
	object := root.find(at.object)
	there := object.elements(name)
	if op.index > len(there) {
		return failed("The index is outside of the list.", fmt.Sprintf("an index from 0 to %d", len(there)), strconv.Itoa(op.index))
	}
	there = append(there[:op.index:op.index], append([]element{content}, there[op.index:]...)...)
	object.setElements(name, true, there)
	return nil
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

func (op *operation) delete(root *value, found []fhir.Node) error {
	at, err := op.one(found)
	if err != nil {
		return err
	}
	p, ok := placeOf(at)
	if !ok {
		return failed("The whole resource cannot be deleted by a patch.", "a path to an element of it", op.path)
	}
	object := root.find(p.object)
	there := object.elements(p.name)
	object.setElements(p.name, repeats(object, p.name), append(there[:p.index:p.index], there[p.index+1:]...))
	root.prune()
	return nil
}

func (op *operation) replace(root *value, found []fhir.Node) error {
	at, err := op.one(found)
	if err != nil {
		return err
	}
	p, ok := placeOf(at)
	if !ok {
		return failed("The whole resource cannot be replaced by a patch.", "a path to an element of it", op.path)
	}
	t := typeOf(p.object)
	name := p.name
	if t != nil && t.Property(name) != nil && t.Property(name).Element.Choice {
		name = t.Property(name).Element.Name // the value says which type it has from now on
	}
	prop, name, err := op.property(t, name)
	if err != nil {
		return err
	}
	content, err := contentOf(op.value, prop)
	if err != nil {
		return err
	}
	object := root.find(p.object)
	there := object.elements(p.name)
	array := repeats(object, p.name)
	there[p.index] = content
	if name != p.name {
		object.setElements(p.name, false, nil)
	}
	object.setElements(name, array, there)
	return nil
}

func (op *operation) move(root *value, found []fhir.Node) error {
	if len(found) == 0 {
		_, err := op.one(found)
		return err
	}
	at, err := op.list(context.Background(), nil, found)
	if err != nil {
		return err
	}
	object := root.find(at.object)
	there := object.elements(at.name)
	for name, i := range map[string]int{"source": op.from, "destination": op.to} {
		if i >= len(there) {
			return failed("The "+name+" is outside of the list.", fmt.Sprintf("an index from 0 to %d", len(there)-1), strconv.Itoa(i))
		}
	}
	moved := there[op.from]
	there = append(there[:op.from:op.from], there[op.from+1:]...)
	there = append(there[:op.to:op.to], append([]element{moved}, there[op.to:]...)...)
	object.setElements(at.name, repeats(object, at.name), there)
	return nil
}
