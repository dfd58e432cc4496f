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
	var b []byte
	for i := 0; i < len(pairs); i += 2 {
		v := jsonOf(pairs[i+1])
		if len(v) == 0 {
			continue
		}
		if b == nil {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = AppendString(b, pairs[i].(string))
		b = append(append(b, ':'), v...)
	}
	if b == nil {
		return Value{}
	}
	return Value{append(b, '}')}
}

// List builds an array of what is not empty among the items; see [Obj] for
// their types.
func List(items ...any) Value {
	var b []byte
	for _, item := range items {
		v := jsonOf(item)
		if len(v) == 0 {
			continue
		}
		if b == nil {
			b = append(b, '[')
		} else {
			b = append(b, ',')
		}
		b = append(b, v...)
	}
	if b == nil {
		return Value{}
	}
	return Value{append(b, ']')}
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

func jsonOf(v any) []byte {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		if v == "" {
			return nil
		}
		return AppendString(nil, v)
	case bool:
		return strconv.AppendBool(nil, v)
	case int:
		return strconv.AppendInt(nil, int64(v), 10)
	case Raw:
		return []byte(v)
	case Node:
		return v.Raw()
	case *Resource:
		if v == nil {
			return nil
		}
		return v.JSON()
	case Value:
		return v.json
	case []Value:
		items := make([]any, len(v))
		for i := range v {
			items[i] = v[i]
		}
		return List(items...).json
	case []string:
		items := make([]any, len(v))
		for i := range v {
			items[i] = v[i]
		}
		return List(items...).json
	}
	panic(fmt.Sprintf("fhir: cannot write a %T as JSON", v))
}
