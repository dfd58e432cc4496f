package typed

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pestle-fhir/pestle/fhir"
)

// To gives a resource as the message T, a pointer to a resource of google/fhir
// R4. The error is an [*fhir.Error] that names every element the message
// cannot hold, with its place.
func To[T proto.Message](r *fhir.Resource) (T, error) {
	var zero T
	m := zero.ProtoReflect().New()
	if err := fill(m, r); err != nil {
		return zero, err
	}
	return m.Interface().(T), nil
}

func fill(m protoreflect.Message, r *fhir.Resource) error {
	if want := string(m.Descriptor().Name()); r.Type() != want {
		return fhir.E("typed", fhir.Invalid, fhir.Issue{
			Expression: r.Type(), Position: r.Root().Position(),
			Message:  "The resource has another type than is needed here.",
			Expected: "a " + want, Found: foundType(r.Type()),
		})
	}
	var d reader
	d.object(r.Root(), m)
	if len(d.issues) > 0 {
		return &fhir.Error{Op: "typed", Kind: fhir.Structure, Issues: fhir.SortIssues(d.issues)}
	}
	return nil
}

func foundType(name string) string {
	if name == "" {
		return "no resourceType"
	}
	return name
}

// reader fills messages from a tree and collects what does not fit.
type reader struct{ issues []fhir.Issue }

func (d *reader) report(n fhir.Node, code fhir.Code, message, expected string) {
	d.issues = append(d.issues, fhir.Issue{
		Severity: fhir.Err, Code: code, Expression: n.Expression(), Position: n.Position(),
		Message: message, Expected: expected, Found: found(n),
	})
}

func found(n fhir.Node) string {
	switch n.Kind() {
	case fhir.Object, fhir.Array, fhir.Null:
		return n.Kind().String()
	}
	const enough = 60
	if raw := n.Raw(); len(raw) > enough {
		return strings.ToValidUTF8(string(raw[:enough]), "") + "…"
	}
	return string(n.Raw())
}

func (d *reader) object(n fhir.Node, m protoreflect.Message) {
	s := shapeOf(m.Descriptor())
	for member := range n.Members() {
		name := member.Name()
		switch {
		case s.class == referenceType && (name == "reference" || name == "_reference"):
			if name == "reference" || !n.Get("reference").Exists() {
				d.reference(n, m)
			}
		case s.byName[name] != nil:
			f := s.byName[name]
			if f.shape().class == primitiveType {
				d.primitives(f, m, member, n.Get("_"+name))
			} else {
				d.complexes(f, m, member)
			}
		case name[0] == '_' && s.byName[name[1:]] != nil && s.byName[name[1:]].shape().class == primitiveType:
			if !n.Get(name[1:]).Exists() {
				d.primitives(s.byName[name[1:]], m, fhir.Node{}, member)
			}
		case name == "resourceType" && s.resource:
		default:
			d.report(member, fhir.Structure, "There is no element of this name.", "an element of "+string(m.Descriptor().Name()))
		}
	}
}

func (d *reader) complexes(f *field, m protoreflect.Message, n fhir.Node) {
	if !d.fits(f, n) {
		return
	}
	holder, ok := d.holder(f, m, n)
	if !ok {
		return
	}
	if !f.list {
		d.complex(n, holder.Mutable(f.fd).Message())
		return
	}
	list := holder.Mutable(f.fd).List()
	for item := range n.Items() {
		d.complex(item, list.AppendMutable().Message())
	}
}

// holder is the message that takes the property, unless another type of the
// same choice took it before.
func (d *reader) holder(f *field, m protoreflect.Message, n fhir.Node) (protoreflect.Message, bool) {
	holder := f.holder(m)
	if f.choice != nil {
		if set := holder.WhichOneof(f.fd.ContainingOneof()); set != nil && set != f.fd {
			d.report(n, fhir.Structure, "A choice element has two values.", "one of the properties "+f.choice.JSONName()+"[x]")
			return nil, false
		}
	}
	return holder, true
}

func (d *reader) fits(f *field, n fhir.Node) bool {
	switch isArray := n.Kind() == fhir.Array; {
	case f.list && !isArray:
		d.report(n, fhir.Structure, "The element repeats, so its JSON is an array even for one value.", "an array")
		return false
	case !f.list && isArray:
		d.report(n, fhir.Structure, "The element does not repeat, so its JSON is no array.", "one value")
		return false
	}
	return true
}

func (d *reader) complex(n fhir.Node, m protoreflect.Message) {
	if n.Kind() != fhir.Object {
		d.report(n, fhir.Structure, "The element is an object with properties of its own.", "an object")
		return
	}
	switch shapeOf(m.Descriptor()).class {
	case inlineType:
		proto.Merge(m.Interface(), Pack(n.Resource().Sub(n)))
	case resourceType:
		d.contained(n, m)
	default:
		d.object(n, m)
	}
}

func (d *reader) contained(n fhir.Node, m protoreflect.Message) {
	name := n.Get("resourceType").Text()
	f := shapeOf(m.Descriptor()).byName[name]
	if f == nil {
		d.report(n, fhir.Structure, fmt.Sprintf("%q is no resource type of R4.", name), "a resource with its resourceType")
		return
	}
	d.object(n, m.Mutable(f.fd).Message())
}
