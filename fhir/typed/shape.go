package typed

import (
	"strings"
	"sync"

	apb "github.com/google/fhir/go/proto/google/fhir/proto/annotations_go_proto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// class says how a message stands in JSON.
type class uint8

const (
	complexType class = iota
	primitiveType
	referenceType
	resourceType // ContainedResource: one of the resources
	inlineType   // Any: a resource as its JSON
)

// shape is what the codec needs to know of a message type.
type shape struct {
	class    class
	resource bool // a resource, which has a resourceType
	fields   []*field
	byName   map[string]*field // by JSON name; of a ContainedResource by resource type
	primitive
}

// field is a property of a complex type. A choice element has one field for
// each of its types, reached through the message that holds the choice.
type field struct {
	name   string // the concrete JSON name, "valueQuantity"
	choice protoreflect.FieldDescriptor
	fd     protoreflect.FieldDescriptor
	list   bool
}

// shape is that of the property's type; looked up late, as types are recursive.
func (f *field) shape() *shape { return shapeOf(f.fd.Message()) }

// holder is the message in which the property's field lies, to be written.
func (f *field) holder(m protoreflect.Message) protoreflect.Message {
	if f.choice != nil {
		return m.Mutable(f.choice).Message()
	}
	return m
}

var shapes sync.Map // protoreflect.MessageDescriptor -> *shape

func shapeOf(d protoreflect.MessageDescriptor) *shape {
	if s, ok := shapes.Load(d); ok {
		return s.(*shape)
	}
	s, _ := shapes.LoadOrStore(d, newShape(d))
	return s.(*shape)
}

func newShape(d protoreflect.MessageDescriptor) *shape {
	s := &shape{class: classOf(d), resource: kindOf(d) == apb.StructureDefinitionKindValue_KIND_RESOURCE}
	switch s.class {
	case inlineType:
		return s
	case primitiveType:
		s.primitive = primitiveOf(d)
		return s
	}
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		switch {
		case s.class == resourceType:
			s.fields = append(s.fields, &field{name: string(fd.Message().Name()), fd: fd})
		case s.class == referenceType && fd.ContainingOneof() != nil:
			// the ways to say Reference.reference are read and written apart
		case isChoice(fd.Message()):
			for j := range fd.Message().Fields().Len() {
				option := fd.Message().Fields().Get(j)
				name := option.JSONName()
				s.fields = append(s.fields, &field{
					name:   fd.JSONName() + strings.ToUpper(name[:1]) + name[1:],
					choice: fd, fd: option,
				})
			}
		default:
			s.fields = append(s.fields, &field{name: fd.JSONName(), fd: fd, list: fd.IsList()})
		}
	}
	s.byName = make(map[string]*field, len(s.fields))
	for _, f := range s.fields {
		s.byName[f.name] = f
	}
	return s
}

func classOf(d protoreflect.MessageDescriptor) class {
	switch {
	case d.FullName() == "google.protobuf.Any":
		return inlineType
	case d.FullName() == "google.fhir.r4.core.ContainedResource":
		return resourceType
	case kindOf(d) == apb.StructureDefinitionKindValue_KIND_PRIMITIVE_TYPE:
		return primitiveType
	case proto.HasExtension(d.Options(), apb.E_FhirReferenceType):
		return referenceType
	}
	return complexType
}

func kindOf(d protoreflect.MessageDescriptor) apb.StructureDefinitionKindValue {
	return proto.GetExtension(d.Options(), apb.E_StructureDefinitionKind).(apb.StructureDefinitionKindValue)
}

func isChoice(d protoreflect.MessageDescriptor) bool {
	return d != nil && proto.HasExtension(d.Options(), apb.E_IsChoiceType)
}
