package message

import (
	"github.com/pestle-fhir/pestle/fhir"
)

// Part is the part of a parameter, absent when it has none of that name.
func Part(n node, name string) node {
	for q := range n.Get("part").Items() {
		if q.Get("name").Text() == name {
			return q
		}
	}
	return node{}
}

// Parameter is the parameter of that name.
func Parameter(p *fhir.Resource, name string) node {
	for x := range p.Get("parameter").Items() {
		if x.Get("name").Text() == name {
			return x
		}
	}
	return node{}
}
