package typed

import (
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pestle-fhir/pestle/fhir"
)

func (d *reader) primitives(f *field, m protoreflect.Message, value, extra fhir.Node) {
	for _, n := range []fhir.Node{value, extra} {
		if n.Exists() && !d.fits(f, n) {
			return
		}
	}
	first := value
	if !first.Exists() {
		first = extra
	}
	holder, ok := d.holder(f, m, first)
	if !ok {
		return
	}
	if !f.list {
		d.primitive(value, extra, holder.Mutable(f.fd).Message())
		return
	}
	values, extras := slices.Collect(value.Items()), slices.Collect(extra.Items())
	list := holder.Mutable(f.fd).List()
	for i := range max(len(values), len(extras)) {
		d.primitive(item(values, i), item(extras, i), list.AppendMutable().Message())
	}
}

func item(nodes []fhir.Node, i int) fhir.Node {
	if i < len(nodes) {
		return nodes[i]
	}
	return fhir.Node{}
}

// primitive reads one value and the id and extensions beside it, either of
// which may be absent or null.
func (d *reader) primitive(value, extra fhir.Node, m protoreflect.Message) {
	p := &shapeOf(m.Descriptor()).primitive
	switch extra.Kind() {
	case fhir.Absent, fhir.Null:
	case fhir.Object:
		d.extras(extra, m, p)
	default:
		d.report(extra, fhir.Structure, "What stands beside a primitive is an object with id and extension.", "an object")
	}
	switch value.Kind() {
	case fhir.Absent, fhir.Null:
		p.markNoValue(m)
	case fhir.Object, fhir.Array:
		d.report(value, fhir.Structure, "The element is a primitive.", p.expected())
	default:
		if !p.read(m, value) {
			d.report(value, fhir.ValueCode, "The value does not fit the element's type.", p.expected())
		}
	}
}

// extras reads the id and extension of a primitive.
func (d *reader) extras(n fhir.Node, m protoreflect.Message, p *primitive) {
	for member := range n.Members() {
		switch name := member.Name(); {
		case name == "id" && member.Kind() == fhir.String:
			setText(m.Mutable(p.id).Message(), member.Text())
		case name == "extension" && p.extension != nil && member.Kind() == fhir.Array:
			list := m.Mutable(p.extension).List()
			for item := range member.Items() {
				d.complex(item, list.AppendMutable().Message())
			}
		default:
			d.report(member, fhir.Structure, "Beside a primitive stand only its id and extension.", "id or extension")
		}
	}
}
