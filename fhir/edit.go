package fhir

import (
	"fmt"
	"slices"
)

// Edit collects replacements in the text of a resource and applies them all at
// once. What it does not touch keeps every byte.
type Edit struct {
	r       *Resource
	splices []splice
	inserts map[int32]int // members inserted so far at the head of an object
}

type splice struct {
	start, end int
	text       string
	order      int
}

// NewEdit starts an edit of r.
func NewEdit(r *Resource) *Edit { return &Edit{r: r} }

// Replace puts JSON text in the place of a value.
func (e *Edit) Replace(n Node, json string) {
	start, end := n.Span()
	e.splice(start, end, json)
}

// ReplaceString puts a string in the place of a value.
func (e *Edit) ReplaceString(n Node, value string) { e.Replace(n, quote(value)) }

// Set replaces the member of an object, or adds it: resourceType stays first
// in a resource, an added member comes right behind it or first.
func (e *Edit) Set(object Node, name, json string) {
	if m := object.Get(name); m.Exists() {
		e.Replace(m, json)
		return
	}
	member := quote(name) + ":" + json
	start, _ := object.Span()
	at := start + 1
	first := e.r.Node(object.Index() + 1)
	if object.Len() == 0 {
		if e.inserted(object) > 0 {
			member = "," + member
		}
	} else if first.Name() == "resourceType" {
		_, at = first.Span()
		member = "," + member
	} else {
		member += ","
	}
	e.splice(at, at, member)
}

func (e *Edit) inserted(object Node) int {
	if e.inserts == nil {
		e.inserts = map[int32]int{}
	}
	e.inserts[object.i]++
	return e.inserts[object.i] - 1
}

func (e *Edit) splice(start, end int, text string) {
	e.splices = append(e.splices, splice{start, end, text, len(e.splices)})
}

// Empty reports whether nothing was asked for.
func (e *Edit) Empty() bool { return len(e.splices) == 0 }

// JSON gives the edited text; the original stays as it was. Two edits must not
// overlap: that is an error of the program and panics.
func (e *Edit) JSON() []byte {
	slices.SortStableFunc(e.splices, func(a, b splice) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return a.order - b.order
	})
	grow := 0
	for _, s := range e.splices {
		grow += len(s.text)
	}
	out := make([]byte, 0, len(e.r.data)+grow)
	from := 0
	for _, s := range e.splices {
		if s.start < from {
			panic(fmt.Sprintf("fhir: two edits overlap at offset %d", s.start))
		}
		out = append(append(out, e.r.data[from:s.start]...), s.text...)
		from = s.end
	}
	return append(out, e.r.data[from:]...)
}

// Apply gives the edited resource. It fails where a replacement is no JSON.
func (e *Edit) Apply() (*Resource, error) {
	if e.Empty() {
		return e.r, nil
	}
	return Parse(e.JSON())
}
