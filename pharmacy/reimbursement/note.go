package reimbursement

import (
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
)

// noteList numbers what there is to tell.
type noteList struct {
	texts []string
	lines map[int][]int // line -> numbers
}

func (p *response) processNotes() *noteList {
	n := &noteList{lines: map[int][]int{}}
	for i, r := range p.result.Lines {
		for _, text := range r.Notes {
			n.texts = append(n.texts, text)
			n.lines[i] = append(n.lines[i], len(n.texts))
		}
	}
	n.texts = append(append(n.texts, p.result.Notes...), p.notes...)
	return n
}

func (n *noteList) of(line int) fhir.Value {
	var list []any
	for _, number := range n.lines[line] {
		list = append(list, fhir.Raw(strconv.Itoa(number)))
	}
	return fhir.List(list...)
}

func (n *noteList) value() fhir.Value {
	var list []any
	for i, text := range n.texts {
		list = append(list, fhir.Obj("number", i+1, "type", "display", "text", text))
	}
	return fhir.List(list...)
}
