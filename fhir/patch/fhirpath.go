package patch

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
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
	object, err := op.container(root, at.object)
	if err != nil {
		return err
	}
	there := object.elements(name)
	if op.index > len(there) {
		return failed("The index is outside of the list.", fmt.Sprintf("an index from 0 to %d", len(there)), strconv.Itoa(op.index))
	}
	there = append(there[:op.index:op.index], append([]element{content}, there[op.index:]...)...)
	object.setElements(name, true, there)
	return nil
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
