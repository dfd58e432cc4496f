package fhir

import (
	"fmt"
	"strconv"
)

// Value is JSON text under construction; see [Obj] and [List]. The zero Value
// is "nothing" and leaves no trace where it is put, because FHIR knows no
// empty objects, arrays or strings.
type Value struct{ json []byte }

// IsZero reports whether there is nothing to write.
func (v Value) IsZero() bool { return len(v.json) == 0 }

// JSON is the text built so far, nil when there is nothing.
func (v Value) JSON() []byte { return v.json }

// Obj builds an object from names and values in turn, in that order:
//
//	fhir.Obj("resourceType", "Task", "status", "ready", "intent", "order")
//
// A value is a string, bool, int, [Raw], [Node], *[Resource], Value, []Value or
// []string. Whatever is empty (the empty string, an absent Node, an empty list)
// is left out; a bool or an int never is. Anything else panics.
func Obj(pairs ...any) Value {
	if len(pairs)%2 != 0 {
		panic("fhir: Obj wants names and values in turn")
	}
	size := 2
	for i, v := range pairs {
		size += sizeOf(v) + 1 + i%2
	}
	b := append(make([]byte, 0, size), '{')
	for i := 0; i < len(pairs); i += 2 {
		before := len(b)
		if before > 1 {
			b = append(b, ',')
		}
		b = append(AppendString(b, pairs[i].(string)), ':')
		named := len(b)
		if b = appendJSON(b, pairs[i+1]); len(b) == named {
			b = b[:before]
		}
	}
	if len(b) == 1 {
		return Value{}
	}
	return Value{append(b, '}')}
}

// List builds an array of what is not empty among the items; see [Obj] for
// their types.
func List(items ...any) Value {
	size := 2
	for _, v := range items {
		size += sizeOf(v) + 1
	}
	l := list{b: append(make([]byte, 0, size), '[')}
	for _, v := range items {
		l.add(v)
	}
	if b := l.end(); len(b) > 0 {
		return Value{b}
	}
	return Value{}
}

// list is an array under construction.
type list struct {
	b     []byte
	begin int // where the array's text begins
}

func (l *list) add(v any) {
	before := len(l.b)
	if before > l.begin+1 {
		l.b = append(l.b, ',')
	}
	item := len(l.b)
	if l.b = appendJSON(l.b, v); len(l.b) == item {
		l.b = l.b[:before]
	}
}

// end closes the array. One without items leaves no trace.
func (l *list) end() []byte {
	if len(l.b) == l.begin+1 {
		return l.b[:l.begin]
	}
	return append(l.b, ']')
}

// Raw is a literal that goes into JSON as it is: a decimal with its digits.
type Raw string

// Resource parses what was built. It panics when the text is no resource,
// which only a mistake in the calling code can bring about.
func (v Value) Resource() *Resource {
	r, err := Parse(v.json)
	if err != nil {
		panic(fmt.Sprintf("fhir: built invalid JSON: %v: %s", err, v.json))
	}
	return r
}

// sizeOf is about how many bytes a value takes.
func sizeOf(v any) int {
	switch v := v.(type) {
	case string:
		return len(v) + 2
	case Raw:
		return len(v)
	case Node:
		return len(v.Raw())
	case *Resource:
		if v != nil {
			return len(v.data)
		}
	case Value:
		return len(v.json)
	case []Value:
		n := 2
		for i := range v {
			n += len(v[i].json) + 1
		}
		return n
	case []string:
		n := 2
		for _, s := range v {
			n += len(s) + 3
		}
		return n
	}
	return 8
}

// appendJSON appends a value, nothing where it is empty.
func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return b
	case string:
		if v == "" {
			return b
		}
		return AppendString(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case Raw:
		return append(b, v...)
	case Node:
		return append(b, v.Raw()...)
	case *Resource:
		if v == nil {
			return b
		}
		return append(b, v.data...)
	case Value:
		return append(b, v.json...)
	case []Value:
		return appendList(b, v)
	case []string:
		return appendList(b, v)
	}
	panic(fmt.Sprintf("fhir: cannot write a %T as JSON", v))
}

func appendList[T any](b []byte, items []T) []byte {
	l := list{append(b, '['), len(b)}
	for _, v := range items {
		l.add(v)
	}
	return l.end()
}
