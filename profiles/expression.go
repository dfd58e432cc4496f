package profiles

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Expression is the FHIRPath of a node as the issues of a validation give it:
// Bundle.entry[3].resource.name[0].given[1], Observation.value.ofType(Quantity).
// The underscore sibling of a primitive goes by the primitive's own name.
func Expression(n fhir.Node) string {
	way := trail(n)
	if len(way) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(way[0].node.Get("resourceType").Text())
	for _, s := range way[1:] {
		b.WriteString("." + s.name)
		if s.prop != nil && s.prop.Element.Choice {
			b.WriteString(".ofType(" + s.prop.Type + ")")
		}
		if s.item {
			b.WriteString("[" + strconv.Itoa(s.node.Place()) + "]")
		}
	}
	return b.String()
}

// stop is one element on the way from the root of a tree to a node.
type stop struct {
	node fhir.Node    // the value; of a repeating element the item, or the array itself at the end of the way
	prop *r4.Property // nil for the root and for what R4 does not know
	typ  *r4.Type     // of the value, the actual one of a resource; nil where not known
	name string       // of the element
	item bool         // it stands in an array
}

// trail gives the elements from the root to the node.
func trail(n fhir.Node) []stop {
	var nodes []fhir.Node
	for ; n.Exists(); n = n.Parent() {
		nodes = append(nodes, n)
	}
	var way []stop
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		switch {
		case len(way) == 0:
			way = append(way, stop{node: n, typ: r4.TypeOf(n.Get("resourceType").Text())})
		case n.Name() == "" && !way[len(way)-1].item:
			last := &way[len(way)-1]
			last.node, last.item = n, true
			last.typ = valueType(n, last.prop)
		case n.Name() == "":
			way = append(way, stop{node: n, item: true}) // an array in an array
		default:
			way = append(way, member(n, way[len(way)-1].typ))
		}
	}
	return way
}

func member(n fhir.Node, holder *r4.Type) stop {
	s := stop{node: n, name: strings.TrimPrefix(n.Name(), "_")}
	if holder == nil {
		return s
	}
	if s.prop = holder.Property(s.name); s.prop != nil {
		s.name = s.prop.Element.Name
		s.typ = valueType(n, s.prop)
	}
	return s
}

// valueType is the type of a property's value: the declared one, or the one
// that a resource states.
func valueType(n fhir.Node, p *r4.Property) *r4.Type {
	if p == nil {
		return nil
	}
	if p.Of.Kind == r4.Resource {
		return r4.TypeOf(n.Get("resourceType").Text())
	}
	return p.Of
}
