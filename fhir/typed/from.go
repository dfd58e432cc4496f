package typed

import (
	"fmt"

	apb "github.com/google/fhir/go/proto/google/fhir/proto/annotations_go_proto"
	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/pestle-fhir/pestle/fhir"
)

// From gives a message as a resource: a resource of google/fhir R4, or a
// ContainedResource that holds one. It only reads m. Empty strings, lists and
// messages are left out, as FHIR knows none. The error says which value of the
// message has no FHIR form, which only a mistake of the program brings about.
func From(m proto.Message) (*fhir.Resource, error) {
	pm := m.ProtoReflect()
	if shapeOf(pm.Descriptor()).class == resourceType {
		pm = oneResource(pm)
	}
	if pm == nil || kindOf(pm.Descriptor()) != apb.StructureDefinitionKindValue_KIND_RESOURCE {
		return nil, &fhir.Error{Op: "typed", Kind: fhir.Exception, Err: fmt.Errorf("%T holds no resource", m)}
	}
	w := writer{buf: make([]byte, 0, 1024)}
	w.resource(pm, string(pm.Descriptor().Name()))
	if w.err != nil {
		return nil, w.err
	}
	return fhir.Parse(w.buf)
}

func oneResource(m protoreflect.Message) protoreflect.Message {
	if fd := m.WhichOneof(m.Descriptor().Oneofs().Get(0)); fd != nil {
		return m.Get(fd).Message()
	}
	return nil
}

// writer writes messages as JSON.
type writer struct {
	buf []byte
	err error
}

func (w *writer) fail(path string, err error) {
	if w.err == nil {
		w.err = &fhir.Error{Op: "typed", Kind: fhir.Exception, Err: fmt.Errorf("%s: %w", path, err),
			Issues: []fhir.Issue{{Severity: fhir.Fatal, Code: fhir.Exception, Expression: path, Message: "The value has no form in FHIR."}}}
	}
}

func (w *writer) text(s string) { w.buf = append(w.buf, s...) }

// member begins a property; the value follows.
func (w *writer) member(name string) {
	if last := w.buf[len(w.buf)-1]; last != '{' {
		w.text(",")
	}
	w.text(`"`)
	w.text(name)
	w.text(`":`)
}

// part writes a property and takes it back when its value turned out empty.
func (w *writer) part(name string, write func() bool) {
	before := len(w.buf)
	w.member(name)
	if !write() {
		w.buf = w.buf[:before]
	}
}

func (w *writer) resource(m protoreflect.Message, path string) bool {
	w.text(`{"resourceType":"`)
	w.text(string(m.Descriptor().Name()))
	w.text(`"`)
	w.members(m, path)
	w.text("}")
	return true
}

func (w *writer) object(m protoreflect.Message, path string) bool {
	start := len(w.buf)
	w.text("{")
	w.members(m, path)
	w.text("}")
	return len(w.buf) > start+len("{}")
}

func (w *writer) members(m protoreflect.Message, path string) {
	s := shapeOf(m.Descriptor())
	for _, f := range s.fields {
		holder := m
		if f.choice != nil {
			if !m.Has(f.choice) {
				continue
			}
			holder = m.Get(f.choice).Message()
		}
		if holder.Has(f.fd) {
			w.field(f, holder.Get(f.fd), path+"."+f.name)
		}
	}
	if s.class == referenceType {
		w.reference(m, path)
	}
}

func (w *writer) field(f *field, v protoreflect.Value, path string) {
	isPrimitive := f.shape().class == primitiveType
	switch {
	case isPrimitive && f.list:
		w.primitives(f.name, v.List(), path)
	case isPrimitive:
		w.primitive(f.name, v.Message(), path)
	case f.list:
		w.part(f.name, func() bool { return w.list(v.List(), path) })
	default:
		w.part(f.name, func() bool { return w.complex(v.Message(), path) })
	}
}

func (w *writer) list(list protoreflect.List, path string) bool {
	start := len(w.buf)
	w.text("[")
	for i := range list.Len() {
		before := len(w.buf)
		if before > start+1 {
			w.text(",")
		}
		if !w.complex(list.Get(i).Message(), fmt.Sprintf("%s[%d]", path, i)) {
			w.buf = w.buf[:before]
		}
	}
	w.text("]")
	return len(w.buf) > start+len("[]")
}

func (w *writer) complex(m protoreflect.Message, path string) bool {
	switch shapeOf(m.Descriptor()).class {
	case inlineType:
		r, err := Unpack(m.Interface().(*anypb.Any))
		if err != nil {
			w.fail(path, err)
			return false
		}
		w.buf = append(w.buf, r.JSON()...)
		return true
	case resourceType:
		r := oneResource(m)
		return r != nil && w.resource(r, path)
	}
	return w.object(m, path)
}

func (w *writer) primitive(name string, m protoreflect.Message, path string) {
	w.part(name, func() bool { return w.value(m, path) })
	w.part("_"+name, func() bool { return w.extras(m, path) })
}

func (w *writer) value(m protoreflect.Message, path string) bool {
	start := len(w.buf)
	b, err := shapeOf(m.Descriptor()).append(w.buf, m)
	if err != nil {
		w.fail(path, err)
	}
	w.buf = b
	return len(w.buf) > start
}

// extras writes what stands beside a primitive's value.
func (w *writer) extras(m protoreflect.Message, path string) bool {
	p := &shapeOf(m.Descriptor()).primitive
	start := len(w.buf)
	w.text("{")
	if m.Has(p.id) {
		w.part("id", func() bool { return w.value(m.Get(p.id).Message(), path+".id") })
	}
	if extensions := p.visible(m); len(extensions) > 0 {
		w.part("extension", func() bool { return w.extensions(extensions, path) })
	}
	w.text("}")
	return len(w.buf) > start+len("{}")
}

func (w *writer) extensions(extensions []*dpb.Extension, path string) bool {
	start := len(w.buf)
	w.text("[")
	for i, e := range extensions {
		before := len(w.buf)
		if before > start+1 {
			w.text(",")
		}
		if !w.object(e.ProtoReflect(), fmt.Sprintf("%s.extension[%d]", path, i)) {
			w.buf = w.buf[:before]
		}
	}
	w.text("]")
	return len(w.buf) > start+len("[]")
}

// primitives writes the two arrays of a repeating primitive, null where an
// item has no value or nothing beside it.
func (w *writer) primitives(name string, list protoreflect.List, path string) {
	w.nullable(name, list, path, w.value)
	w.nullable("_"+name, list, path, w.extras)
}

func (w *writer) nullable(name string, list protoreflect.List, path string, write func(protoreflect.Message, string) bool) {
	w.part(name, func() bool {
		some := false
		w.text("[")
		for i := range list.Len() {
			if i > 0 {
				w.text(",")
			}
			before := len(w.buf)
			if write(list.Get(i).Message(), fmt.Sprintf("%s[%d]", path, i)) {
				some = true
				continue
			}
			w.buf = append(w.buf[:before], "null"...)
		}
		w.text("]")
		// An array of nothing but null is kept where no array beside it says
		// as much: it is all that tells how many items there are.
		return some || name[0] != '_' && list.Len() > 0 && !w.anyExtras(list)
	})
}

func (w *writer) anyExtras(list protoreflect.List) bool {
	before := len(w.buf)
	defer func() { w.buf = w.buf[:before] }()
	for i := range list.Len() {
		if w.extras(list.Get(i).Message(), "") {
			return true
		}
	}
	return false
}

func (w *writer) reference(m protoreflect.Message, path string) {
	text, target := joinReference(m.Interface().(*dpb.Reference))
	if target == nil {
		return
	}
	p := &shapeOf(target.Descriptor()).primitive
	if text != "" && !p.noValue(target) {
		w.member("reference")
		w.buf = fhir.AppendString(w.buf, text)
	}
	w.part("_reference", func() bool { return w.extras(target, path+".reference") })
}
