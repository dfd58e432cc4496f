package openapi

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// Explained is what people are told of a type: the same rows of which its document is made.
type Explained struct {
	Actions    []Action
	Parameters []Explanation
}

// Action is something that can be done at an address, by a method.
type Action struct{ Method, Address, Words string }

// Explanation is of a search parameter: its type, and what it is about.
type Explanation struct {
	Name, Type, About string
	Lead              string // the type that it points to, where it is one alone
}

// Explain lists what is done with a type, "" for the system as a whole.
func (d *Description) Explain(typ string) (e Explained) {
	doc := &document{Description: d}
	for _, rt := range d.Routes {
		address, fits := doc.address(rt, typ)
		if !fits {
			continue
		}
		words := interactions[rt.Interaction].words
		switch {
		case rt.Interaction == "operation":
			if op, _ := doc.operation(rt, typ); op != nil {
				words = op.Doc
			} else {
				words = "The proof that a version is in the log."
			}
		case strings.Contains(rt.Path, ":member"):
			words = "Searches what belongs to one " + typ + "."
		}
		e.Actions = append(e.Actions, Action{rt.Method, address, words})
	}
	for _, p := range search.Params(typ) {
		e.Parameters = append(e.Parameters, explanation(typ, p))
	}
	return e
}

func explanation(typ string, p *r4.SearchParam) Explanation {
	e := Explanation{Name: p.Code, Type: p.Type, About: within(typ, p)}
	if len(p.Target) == 1 {
		e.Lead = p.Target[0]
	}
	return e
}
