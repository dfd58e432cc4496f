package patch

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// maxOperations bounds the operations of a difference: applying each takes time in
// proportion to the resource.
const maxOperations = 1000

// Diff writes how one resource differs from another of its type, as a FHIRPath Patch
// that makes the second of the first. It has no operations where they are the same. It
// is tried before it is returned: where a difference cannot be written as a patch, an
// error says so.
// Elements of the resource that are named as left out are not compared.
func Diff(ctx context.Context, from, to *fhir.Resource, without ...string) (*fhir.Resource, error) {
	if from.Type() != to.Type() {
		return nil, fhir.E("diff", fhir.Invalid, fhir.Issue{Message: "The resources are of different types.", Expected: from.Type(), Found: to.Type()})
	}
	d := &differ{}
	d.object(from.Type(), r4.TypeOf(from.Type()), compared(from, without), compared(to, without))
	if len(d.operations) > maxOperations {
		return nil, fhir.E("diff", fhir.TooCostly, fhir.Issue{Message: "The resources differ in more places than are written as a patch.", Expected: "at most " + strconv.Itoa(maxOperations), Found: strconv.Itoa(len(d.operations))})
	}
	params := fhir.Obj("resourceType", "Parameters", "parameter", d.operations).Resource()
	patched := from
	if len(d.operations) > 0 {
		var err error
		if patched, err = FHIRPath(ctx, from, params); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			return nil, unwritable(err)
		}
	}
	if d.unknown != "" || !same(compared(patched, without), compared(to, without)) {
		return nil, unwritable(nil)
	}
	return params, nil
}

// compared is a resource without some of its elements.
func compared(r *fhir.Resource, without []string) *value {
	v := valueOf(r.Root())
	for _, name := range without {
		v.remove(name)
		v.remove("_" + name)
	}
	return v
}

func unwritable(cause error) error {
	e := fhir.E("diff", fhir.NotSupported, fhir.Issue{Message: "The difference cannot be written as a FHIRPath Patch: it is in elements that R4 does not have, or in nulls of lists.", Fix: "Read both versions and compare their JSON."})
	e.Err = cause
	return e
}

// differ collects operations. In an object what is there later is written before what
// is gone, so that no object is empty in between.
type differ struct {
	operations []fhir.Value
	unknown    string // an element that R4 does not have
}

func (d *differ) operation(kind, path string, more ...fhir.Value) {
	parts := append([]fhir.Value{fhir.Obj("name", "type", "valueCode", kind), fhir.Obj("name", "path", "valueString", path)}, more...)
	d.operations = append(d.operations, fhir.Obj("name", "operation", "part", parts))
}

// object writes the differences between two objects of a type.
func (d *differ) object(path string, t *r4.Type, a, b *value) {
	if t == nil {
		if !same(a, b) {
			d.unknown = path
		}
		return
	}
	var gone []*r4.Property
	props := t.Properties()
	for i := range props {
		p := &props[i]
		from, to := a.elements(p.JSON), b.elements(p.JSON)
		switch {
		case len(from) == 0 && len(to) == 0:
		case len(to) == 0:
			if !chosen(t, p, b) { // else it is replaced by a value of another type
				gone = append(gone, p)
			}
		case p.Element.Repeats():
			d.list(path, p, from, to)
		case len(from) == 0 && chosen(t, p, a):
			d.operation("replace", under(path, p), d.part("value", p, to[0]))
		case len(from) == 0:
			d.operation("add", path, fhir.Obj("name", "name", "valueString", p.Element.Name), d.part("value", p, to[0]))
		default:
			d.element(under(path, p), p, from[0], to[0])
		}
	}
	for _, p := range slices.Backward(gone) {
		if !p.Element.Repeats() {
			d.operation("delete", under(path, p))
			continue
		}
		for i := len(a.elements(p.JSON)) - 1; i >= 0; i-- {
			d.operation("delete", item(under(path, p), i))
		}
	}
	for _, v := range [...]*value{a, b} {
		for _, name := range v.names() {
			if base := strings.TrimPrefix(name, "_"); base != "resourceType" && t.Property(base) == nil && !same(a.get(name), b.get(name)) {
				d.unknown = path + "." + name
			}
		}
	}
}

// same compares to the digit of a decimal, which RFC 6902 does not.
func same(a, b *value) bool {
	if a == nil || b == nil || a.kind != b.kind {
		return a == b
	}
	a.open()
	b.open()
	switch a.kind {
	case fhir.Object:
		return len(a.members) == len(b.members) && !slices.ContainsFunc(a.members, func(m member) bool { return !same(m.value, b.get(m.name)) })
	case fhir.Array:
		return slices.EqualFunc(a.items, b.items, same)
	case fhir.Number:
		return string(a.append(nil)) == string(b.append(nil))
	}
	return equal(a, b)
}

// names are those of an object's members.
func (v *value) names() (list []string) {
	v.open()
	for _, m := range v.members {
		list = append(list, m.name)
	}
	return list
}

// chosen reports whether an object has a value of another type of a choice.
func chosen(t *r4.Type, p *r4.Property, v *value) bool {
	props := t.Properties()
	for i := range props {
		if other := &props[i]; other != p && other.Element == p.Element && len(v.elements(other.JSON)) > 0 {
			return true
		}
	}
	return false
}

// list writes the differences between two lists: what they begin and end with in common
// stays.
func (d *differ) list(path string, p *r4.Property, a, b []element) {
	at := under(path, p)
	head := 0
	for head < len(a) && head < len(b) && alike(a[head], b[head]) {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && alike(a[len(a)-1-tail], b[len(b)-1-tail]) {
		tail++
	}
	both := min(len(a), len(b)) - head - tail
	for i := head; i < head+both; i++ {
		d.element(item(at, i), p, a[i], b[i])
	}
	for i := len(a) - tail - 1; i >= head+both; i-- {
		d.operation("delete", item(at, i))
	}
	for i := head + both; i < len(b)-tail; i++ {
		if len(a) == 0 || tail == 0 {
			d.operation("add", path, fhir.Obj("name", "name", "valueString", p.Element.Name), d.part("value", p, b[i]))
		} else {
			d.operation("insert", at, fhir.Obj("name", "index", "valueInteger", i), d.part("value", p, b[i]))
		}
	}
}

func alike(a, b element) bool { return same(a.value, b.value) && same(a.extras, b.extras) }

// element writes the differences between two elements in the same place.
func (d *differ) element(path string, p *r4.Property, a, b element) {
	if alike(a, b) {
		return
	}
	t := typeIn(p, a.value)
	if a.value == nil || b.value == nil || a.value.kind != fhir.Object || t == nil || t.Kind == r4.Primitive || typeIn(p, b.value) != t {
		d.operation("replace", path, d.part("value", p, b))
		return
	}
	d.object(path, t, a.value, b.value)
}

// typeIn is the type of a value of a property; of a resource its own.
func typeIn(p *r4.Property, v *value) *r4.Type {
	if p.Type == "Resource" && v != nil {
		if typ := v.get("resourceType"); typ != nil {
			return r4.TypeOf(strings.Trim(string(typ.append(nil)), `"`))
		}
	}
	return p.Of
}

// part writes an element as a part of an operation.
func (d *differ) part(name string, p *r4.Property, e element) fhir.Value {
	raw := func(v *value) any {
		if v == nil {
			return fhir.Value{}
		}
		return fhir.Raw(v.append(nil))
	}
	if p.Type == "Resource" {
		return fhir.Obj("name", name, "resource", raw(e.value))
	}
	if p.Of != nil && p.Of.Kind == r4.Primitive {
		member := "value" + title(p.Of.Name)
		if p.Of.Name == "xhtml" {
			member = "valueString"
		}
		return fhir.Obj("name", name, member, raw(e.value), "_"+member, raw(e.extras))
	}
	if holder := r4.TypeOf("Parameters.parameter"); p.Of != nil && holder != nil && holder.Property("value"+p.Of.Name) != nil {
		return fhir.Obj("name", name, "value"+p.Of.Name, raw(e.value))
	}
	return fhir.Obj("name", name, "part", d.parts(p.Of, e.value))
}

// parts writes the members of an object that has no place in value[x].
func (d *differ) parts(t *r4.Type, v *value) (list []fhir.Value) {
	if t == nil || v == nil {
		d.unknown = "?"
		return nil
	}
	props := t.Properties()
	for i := range props {
		for _, e := range v.elements(props[i].JSON) {
			list = append(list, d.part(props[i].Element.Name, &props[i], e))
		}
	}
	return list
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func item(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// under is a path with one step more. Names that are words of FHIRPath are quoted.
func under(path string, p *r4.Property) string {
	name := p.Element.Name
	switch name {
	case "and", "as", "contains", "day", "days", "div", "hour", "hours", "implies", "in", "is", "minute", "minutes", "mod", "month", "months", "or", "second", "seconds", "week", "weeks", "xor", "year", "years":
		name = "`" + name + "`"
	}
	return path + "." + name
}
