package patch

import (
	"fmt"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
)

// JSON applies a JSON Patch (RFC 6902), the text of an array of operations.
func JSON(r *fhir.Resource, doc []byte) (*fhir.Resource, error) {
	operations, err := readArray(doc)
	if err != nil {
		return nil, err
	}
	p := jsonPatch{root: valueOf(r.Root()), size: len(r.JSON())}
	number := 0
	for op := range operations.Items() {
		number++
		if op.Kind() != fhir.Object {
			err := malformed(fmt.Sprintf("Operation %d is no object.", number), "an object with op and path", op.Kind().String())
			err.Issues[0].Position = op.Position()
			return nil, err
		}
		if err := p.apply(op); err != nil {
			what := op.Get("op").Text() + " " + op.Get("path").Text()
			return nil, blame(err, number, what, "", op.Position()) // FHIRPath names no operations of a JSON Patch
		}
	}
	if p.root.kind != fhir.Object {
		return nil, failed("The patch leaves no resource.", "an object", p.root.kind.String())
	}
	return p.root.resource()
}

type jsonPatch struct {
	root *value
	size int // what the result may have grown to
}

func (p *jsonPatch) apply(op fhir.Node) *fhir.Error {
	name, err := text(op, "op")
	if err != nil {
		return err
	}
	to, err := pointer(op, "path")
	if err != nil {
		return err
	}
	switch name {
	case "add", "replace", "test":
		content := op.Get("value")
		if !content.Exists() {
			return malformed("The operation has no value.", "a member value", "none")
		}
		switch name {
		case "add":
			return p.add(to, valueOf(content))
		case "replace":
			return p.replace(to, valueOf(content))
		}
		return p.test(to, valueOf(content))
	case "remove":
		_, err := p.remove(to)
		return err
	case "move", "copy":
		from, err := pointer(op, "from")
		if err != nil {
			return err
		}
		if name == "move" {
			return p.move(from, to)
		}
		v, err := p.find(from)
		if err != nil {
			return err
		}
		return p.add(to, v.clone())
	}
	return malformed("There is no such operation.", "add, remove, replace, move, copy or test", strconv.Quote(name))
}

func malformed(message, expected, found string) *fhir.Error {
	err := failed(message, expected, found)
	err.Kind, err.Issues[0].Code = fhir.Invalid, fhir.Invalid
	return err
}

func text(op fhir.Node, name string) (string, *fhir.Error) {
	n := op.Get(name)
	if n.Kind() != fhir.String {
		return "", malformed("The operation's "+name+" is no string.", "a string", n.Kind().String())
	}
	return n.Text(), nil
}

func (p *jsonPatch) find(path []string) (*value, *fhir.Error) {
	v := p.root
	for i, step := range path {
		next, err := child(v, step)
		if err != nil {
			err.Issues[0].Found = fmt.Sprintf("nothing at %s", join(path[:i+1]))
			return nil, err
		}
		v = next
	}
	return v, nil
}

func child(v *value, step string) (*value, *fhir.Error) {
	switch v.kind {
	case fhir.Object:
		if m := v.get(step); m != nil {
			return m, nil
		}
	case fhir.Array:
		v.open()
		if i, ok := index(step); ok && i < len(v.items) {
			return v.items[i], nil
		}
		return nil, failed("The path leads nowhere.", fmt.Sprintf("an index below %d", len(v.items)), "")
	}
	return nil, failed("The path leads nowhere.", "a path to what is there", "")
}

// parent finds the container of the value at a path that is not empty.
func (p *jsonPatch) parent(path []string) (container *value, last string, err *fhir.Error) {
	container, err = p.find(path[:len(path)-1])
	if err != nil {
		return nil, "", err
	}
	container.open()
	return container, path[len(path)-1], nil
}

func (p *jsonPatch) add(path []string, v *value) *fhir.Error {
	if p.size += v.size(); p.size > MaxSize {
		return tooLarge()
	}
	if len(path) == 0 {
		p.root = v
		return nil
	}
	container, last, err := p.parent(path)
	if err != nil {
		return err
	}
	switch container.kind {
	case fhir.Object:
		container.set(last, v)
		return nil
	case fhir.Array:
		i, ok := index(last)
		if last == "-" {
			i, ok = len(container.items), true
		}
		if !ok || i > len(container.items) {
			return failed("The index is outside of the array.", fmt.Sprintf("an index from 0 to %d, or -", len(container.items)), last)
		}
		container.items = append(container.items[:i:i], append([]*value{v}, container.items[i:]...)...)
		return nil
	}
	return failed("The path leads into a value that has no members.", "an object or array at "+join(path[:len(path)-1]), container.kind.String())
}

func (p *jsonPatch) remove(path []string) (*value, *fhir.Error) {
	v, err := p.find(path)
	if err != nil {
		return nil, err
	}
	if len(path) == 0 {
		return nil, failed("The whole resource cannot be removed.", "a path to a part of it", `""`)
	}
	container, last, err := p.parent(path)
	if err != nil {
		return nil, err
	}
	if container.kind == fhir.Object {
		container.remove(last)
		return v, nil
	}
	i, _ := index(last)
	container.items = append(container.items[:i:i], container.items[i+1:]...)
	return v, nil
}

func (p *jsonPatch) replace(path []string, v *value) *fhir.Error {
	if p.size += v.size(); p.size > MaxSize {
		return tooLarge()
	}
	if _, err := p.find(path); err != nil {
		return err
	}
	if len(path) == 0 {
		p.root = v
		return nil
	}
	container, last, err := p.parent(path)
	if err != nil {
		return err
	}
	if container.kind == fhir.Object {
		container.set(last, v)
		return nil
	}
	i, _ := index(last)
	container.items[i] = v
	return nil
}

func (p *jsonPatch) move(from, to []string) *fhir.Error {
	if len(to) > len(from) && join(to[:len(from)]) == join(from) {
		return failed("A value cannot move into itself.", "a path outside of "+join(from), join(to))
	}
	v, err := p.remove(from)
	if err != nil {
		return err
	}
	p.size -= v.size()
	return p.add(to, v)
}

func (p *jsonPatch) test(path []string, want *value) *fhir.Error {
	got, err := p.find(path)
	if err != nil {
		return err
	}
	if !equal(got, want) {
		return failed("The test does not hold.", show(want), show(got))
	}
	return nil
}
