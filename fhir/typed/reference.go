package typed

import (
	"strings"
	"sync"

	apb "github.com/google/fhir/go/proto/google/fhir/proto/annotations_go_proto"
	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pestle-fhir/pestle/fhir"
)

// google/fhir splits Reference.reference: "#a" is a fragment, "Patient/1" and
// "Patient/1/_history/2" are an id in the field of their type, all else is a
// uri.
var referenceTypes = sync.OnceValues(func() (byType map[string]protoreflect.FieldDescriptor, byField map[protoreflect.Name]string) {
	byType, byField = map[string]protoreflect.FieldDescriptor{}, map[protoreflect.Name]string{}
	options := (*dpb.Reference)(nil).ProtoReflect().Descriptor().Oneofs().ByName("reference").Fields()
	for i := range options.Len() {
		fd := options.Get(i)
		if name := proto.GetExtension(fd.Options(), apb.E_ReferencedFhirType).(string); name != "" {
			byType[name], byField[fd.Name()] = fd, name
		}
	}
	return byType, byField
})

func (d *reader) reference(n fhir.Node, m protoreflect.Message) {
	value, extra := n.Get("reference"), n.Get("_reference")
	for _, n := range []fhir.Node{value, extra} {
		if n.Kind() == fhir.Array {
			d.report(n, fhir.Structure, "The element does not repeat, so its JSON is no array.", "one value")
			return
		}
	}
	ref := m.Interface().(*dpb.Reference)
	var target protoreflect.Message
	switch value.Kind() {
	case fhir.String:
		target = splitReference(ref, value.Text())
	case fhir.Absent, fhir.Null:
		text := &dpb.String{}
		ref.Reference = &dpb.Reference_Uri{Uri: text}
		target = text.ProtoReflect()
		p := &shapeOf(target.Descriptor()).primitive
		defer p.markNoValue(target)
	default:
		d.report(value, fhir.ValueCode, "The value does not fit the element's type.", "a string")
		return
	}
	switch extra.Kind() {
	case fhir.Object:
		d.extras(extra, target, &shapeOf(target.Descriptor()).primitive)
	case fhir.Absent, fhir.Null:
	default:
		d.report(extra, fhir.Structure, "What stands beside a primitive is an object with id and extension.", "an object")
	}
}

// splitReference sets the reference and gives the message that takes its id and
// extensions.
func splitReference(ref *dpb.Reference, text string) protoreflect.Message {
	if fragment, ok := strings.CutPrefix(text, "#"); ok {
		s := &dpb.String{Value: fragment}
		ref.Reference = &dpb.Reference_Fragment{Fragment: s}
		return s.ProtoReflect()
	}
	parts := strings.Split(text, "/")
	byType, _ := referenceTypes()
	fd := byType[parts[0]]
	versioned := len(parts) == 4 && parts[2] == "_history" && parts[3] != ""
	if fd == nil || len(parts) != 2 && !versioned || parts[1] == "" {
		s := &dpb.String{Value: text}
		ref.Reference = &dpb.Reference_Uri{Uri: s}
		return s.ProtoReflect()
	}
	id := &dpb.ReferenceId{Value: parts[1]}
	if versioned {
		id.History = &dpb.Id{Value: parts[3]}
	}
	ref.ProtoReflect().Set(fd, protoreflect.ValueOfMessage(id.ProtoReflect()))
	return id.ProtoReflect()
}

// Reference is the text of a reference in a message: "Patient/1", "#contained",
// a URI; "" when it has none.
func Reference(ref *dpb.Reference) string {
	text, _ := joinReference(ref)
	return text
}

// joinReference is the text of a reference and the message that holds its id
// and extensions, nil when there is no reference.
func joinReference(ref *dpb.Reference) (string, protoreflect.Message) {
	switch r := ref.GetReference().(type) {
	case nil:
		return "", nil
	case *dpb.Reference_Uri:
		return r.Uri.GetValue(), r.Uri.ProtoReflect()
	case *dpb.Reference_Fragment:
		return "#" + r.Fragment.GetValue(), r.Fragment.ProtoReflect()
	}
	m := ref.ProtoReflect()
	fd := m.WhichOneof(m.Descriptor().Oneofs().ByName("reference"))
	id := m.Get(fd).Message().Interface().(*dpb.ReferenceId)
	_, byField := referenceTypes()
	text := byField[fd.Name()] + "/" + id.GetValue()
	if v := id.GetHistory().GetValue(); v != "" {
		text += "/_history/" + v
	}
	return text, id.ProtoReflect()
}
