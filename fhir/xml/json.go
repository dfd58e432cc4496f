package xml

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// jsonWriter writes the elements of a document as JSON and notes which place
// of the one came from which of the other.
type jsonWriter struct {
	elements []element
	buf      []byte
	places   []place
	order    []int32 // children of the open elements, sorted; innermost last
}

type place struct{ json, xml uint32 }

func (w *jsonWriter) text(s string) { w.buf = append(w.buf, s...) }

func (w *jsonWriter) here(at int32) {
	w.places = append(w.places, place{uint32(len(w.buf)), uint32(at)})
}

// member begins a property that came from a place of the document.
func (w *jsonWriter) member(prefix, name string, at int32) {
	if w.buf[len(w.buf)-1] != '{' {
		w.text(",")
	}
	w.here(at)
	w.text(`"`)
	w.text(prefix)
	w.text(name)
	w.text(`":`)
}

func (w *jsonWriter) object(self int32) {
	e := &w.elements[self]
	w.here(e.at)
	w.text("{")
	if e.resource {
		w.member("", "resourceType", e.at)
		w.text(`"` + e.typ.Name + `"`)
	}
	w.extras(self)
	w.text("}")
}

// extras writes what an element has beside its value: id, url and children.
func (w *jsonWriter) extras(self int32) {
	e := &w.elements[self]
	if e.id.set {
		w.member("", "id", e.id.at)
		w.buf = appendString(w.buf, e.id.raw)
	}
	var children []int32
	if e.mixed {
		children = w.sorted(self)
	}
	urlDue := e.is("Extension") && e.value.set
	url := func() {
		w.member("", "url", e.value.at)
		w.buf = appendString(w.buf, e.value.raw)
		urlDue = false
	}
	if children == nil {
		first := len(w.order)
		for i := self + 1; i < e.next; i = w.elements[i].next {
			w.order = append(w.order, i)
		}
		children = w.order[first:]
		defer func() { w.order = w.order[:first] }()
	}
	for len(children) > 0 {
		run := 1
		name := w.elements[children[0]].name
		for run < len(children) && w.elements[children[run]].name == name {
			run++
		}
		if urlDue && name != "extension" {
			url()
		}
		w.property(children[:run])
		children = children[run:]
	}
	if urlDue {
		url()
	}
}

// sorted lists children in the order of the definition, those of one name
// together.
func (w *jsonWriter) sorted(self int32) []int32 {
	var children []int32
	for i := self + 1; i < w.elements[self].next; i = w.elements[i].next {
		children = append(children, i)
	}
	slices.SortStableFunc(children, func(a, b int32) int {
		x, y := &w.elements[a], &w.elements[b]
		if x.rank != y.rank {
			return int(x.rank) - int(y.rank)
		}
		return strings.Compare(x.name, y.name)
	})
	return children
}

// property writes the elements of one name.
func (w *jsonWriter) property(run []int32) {
	e := &w.elements[run[0]]
	repeats := len(run) > 1
	if e.prop != nil {
		repeats = e.prop.Element.Repeats()
	}
	if !repeats {
		run = run[:1]
	}
	primitive := slices.ContainsFunc(run, func(i int32) bool { return w.elements[i].primitive() })
	switch {
	case primitive:
		w.primitives(e, run, repeats)
	case repeats:
		w.member("", e.name, e.at)
		w.text("[")
		for i, c := range run {
			if i > 0 {
				w.text(",")
			}
			w.object(c)
		}
		w.text("]")
	default:
		w.member("", e.name, e.at)
		w.object(run[0])
	}
}

func (w *jsonWriter) primitives(e *element, run []int32, repeats bool) {
	values := slices.ContainsFunc(run, func(i int32) bool { return w.hasValue(i) })
	extras := slices.ContainsFunc(run, func(i int32) bool { return w.hasExtras(i) })
	if values || !extras {
		w.member("", e.name, e.at)
		w.array(run, repeats, w.hasValue, w.value)
	}
	if extras {
		w.member("_", e.name, e.at)
		w.array(run, repeats, w.hasExtras, func(i int32) {
			w.text("{")
			w.extras(i)
			w.text("}")
		})
	}
}

// array writes a value, or those of a run with null where there is none.
func (w *jsonWriter) array(run []int32, repeats bool, has func(int32) bool, write func(int32)) {
	if repeats {
		w.text("[")
	}
	for i, c := range run {
		if i > 0 {
			w.text(",")
		}
		w.here(w.elements[c].at)
		if has(c) {
			write(c)
		} else {
			w.text("null")
		}
	}
	if repeats {
		w.text("]")
	}
}

func (w *jsonWriter) hasValue(i int32) bool {
	e := &w.elements[i]
	return e.value.set || e.div != ""
}

func (w *jsonWriter) hasExtras(i int32) bool {
	e := &w.elements[i]
	return e.id.set || e.next > i+1
}

func (w *jsonWriter) value(i int32) {
	e := &w.elements[i]
	if e.div != "" {
		w.buf = fhir.AppendString(w.buf, e.div)
		return
	}
	if e.typ != nil && literal(e.typ.Name, e.value.raw) {
		w.text(e.value.raw)
		return
	}
	w.buf = appendString(w.buf, e.value.raw)
}

// literal reports whether a value is a boolean or number of JSON. What is no
// number stays a string, and validation says so.
func literal(typ, raw string) bool {
	switch typ {
	case "boolean":
		return raw == "true" || raw == "false"
	case "integer", "positiveInt", "unsignedInt", "decimal":
		return isNumber(raw)
	}
	return false
}

// isNumber follows RFC 8259 section 6.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if rest, ok := strings.CutPrefix(s, "."); ok {
		n := digits(rest)
		if n == 0 {
			return false
		}
		s = rest[n:]
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		n := digits(s)
		if n == 0 {
			return false
		}
		s = s[n:]
	}
	return s == ""
}

func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

func appendString(b []byte, raw string) []byte { return fhir.AppendString(b, AttrValue(raw)) }
