package typed

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"

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

// Pack puts a resource into the Any that google/fhir has for contained ones. It
// keeps the JSON; [Unpack] gives it back.
func Pack(r *fhir.Resource) *anypb.Any {
	return &anypb.Any{TypeUrl: jsonTypeURL + r.Type(), Value: slices.Clone(r.JSON())}
}

const jsonTypeURL = "urn:pestle:fhir-json/"

// Unpack gives the resource in an Any, be it put there by [Pack] or, as a
// ContainedResource or a plain message of a linked type, by google/fhir.
func Unpack(a *anypb.Any) (*fhir.Resource, error) {
	if strings.HasPrefix(a.GetTypeUrl(), jsonTypeURL) {
		return fhir.Parse(a.GetValue())
	}
	m, err := a.UnmarshalNew()
	if err != nil {
		return nil, &fhir.Error{Op: "typed", Kind: fhir.Exception, Err: fmt.Errorf("an Any that holds no resource: %w", err)}
	}
	return From(m)
}
