package typed

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	apb "github.com/google/fhir/go/proto/google/fhir/proto/annotations_go_proto"
	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pestle-fhir/pestle/fhir"
)

// primitive reads and writes the value of one primitive type.
type primitive struct {
	name          protoreflect.Name
	value         protoreflect.FieldDescriptor // nil of the time-like types
	id, extension protoreflect.FieldDescriptor // extension is nil of xhtml
	times         *timeFields
	codes         []string // of an enum: its codes by number, "" where there is none
	numbers       map[string]protoreflect.EnumNumber
}

func primitiveOf(d protoreflect.MessageDescriptor) primitive {
	fields := d.Fields()
	p := primitive{name: d.Name(), value: fields.ByName("value"), id: fields.ByName("id"), extension: fields.ByName("extension")}
	if p.value == nil {
		p.times = timeFieldsOf(d)
	} else if p.value.Kind() == protoreflect.EnumKind {
		p.readCodes(p.value.Enum())
	}
	return p
}

func (p *primitive) readCodes(enum protoreflect.EnumDescriptor) {
	p.numbers = map[string]protoreflect.EnumNumber{}
	for i := range enum.Values().Len() {
		v := enum.Values().Get(i)
		if v.Number() == 0 {
			continue // "uninitialized"
		}
		code := proto.GetExtension(v.Options(), apb.E_FhirOriginalCode).(string)
		if code == "" {
			code = strings.ReplaceAll(strings.ToLower(string(v.Name())), "_", "-")
		}
		for len(p.codes) <= int(v.Number()) {
			p.codes = append(p.codes, "")
		}
		p.codes[v.Number()] = code
		p.numbers[code] = v.Number()
	}
}

// expected says what a value of the type looks like.
func (p *primitive) expected() string {
	switch p.name {
	case "Boolean":
		return "true or false"
	case "Integer":
		return "a whole number from -2147483648 to 2147483647"
	case "PositiveInt":
		return "a whole number from 1 to 2147483647"
	case "UnsignedInt":
		return "a whole number from 0 to 2147483647"
	case "Decimal":
		return "a number"
	case "Base64Binary":
		return "a string in base64"
	case "Date", "DateTime", "Instant", "Time":
		return p.times.expected
	}
	if p.numbers != nil {
		const many = 20
		codes := slices.DeleteFunc(slices.Clone(p.codes), func(c string) bool { return c == "" })
		if len(codes) > many {
			codes = append(codes[:many], "…")
		}
		return "one of the codes " + strings.Join(codes, ", ")
	}
	return "a string that is not empty"
}

// read sets the value and reports whether the message can hold it.
func (p *primitive) read(m protoreflect.Message, n fhir.Node) bool {
	text := n.Text()
	switch p.name {
	case "Boolean":
		m.Set(p.value, protoreflect.ValueOfBool(n.Bool()))
		return n.Kind() == fhir.True || n.Kind() == fhir.False
	case "Integer":
		i, err := strconv.ParseInt(text, 10, 32)
		m.Set(p.value, protoreflect.ValueOfInt32(int32(i)))
		return n.Kind() == fhir.Number && err == nil
	case "PositiveInt", "UnsignedInt":
		i, err := strconv.ParseUint(text, 10, 31)
		m.Set(p.value, protoreflect.ValueOfUint32(uint32(i)))
		return n.Kind() == fhir.Number && err == nil && (i > 0 || p.name == "UnsignedInt")
	case "Decimal":
		m.Set(p.value, protoreflect.ValueOfString(text))
		return n.Kind() == fhir.Number
	}
	if n.Kind() != fhir.String || text == "" || !p.setString(m, text) {
		return false
	}
	if p.times != nil || p.name == "Base64Binary" {
		p.keepText(m, text)
	}
	return true
}

// setString sets the value of a type whose JSON is a string.
func (p *primitive) setString(m protoreflect.Message, text string) bool {
	switch {
	case p.times != nil:
		return p.times.parse(m, text)
	case p.numbers != nil:
		number, ok := p.numbers[text]
		m.Set(p.value, protoreflect.ValueOfEnum(number))
		return ok
	case p.name == "Base64Binary":
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		m.Set(p.value, protoreflect.ValueOfBytes(data))
		return err == nil
	}
	m.Set(p.value, protoreflect.ValueOfString(text))
	return true
}

// string is the text of a value whose JSON is a string, "" when there is none.
func (p *primitive) string(m protoreflect.Message) (string, error) {
	switch {
	case p.times != nil:
		return p.times.format(m)
	case p.numbers != nil:
		number := int(m.Get(p.value).Enum())
		if number < 0 || number >= len(p.codes) {
			return "", fmt.Errorf("%s has no code %d", p.value.Enum().FullName(), number)
		}
		return p.codes[number], nil
	case p.name == "Base64Binary":
		return base64.StdEncoding.EncodeToString(m.Get(p.value).Bytes()), nil
	}
	return m.Get(p.value).String(), nil
}

// append writes the value as JSON, nothing when there is none.
func (p *primitive) append(b []byte, m protoreflect.Message) ([]byte, error) {
	if p.noValue(m) {
		return b, nil
	}
	switch p.name {
	case "Boolean":
		return strconv.AppendBool(b, m.Get(p.value).Bool()), nil
	case "Integer":
		return strconv.AppendInt(b, m.Get(p.value).Int(), 10), nil
	case "PositiveInt", "UnsignedInt":
		return strconv.AppendUint(b, m.Get(p.value).Uint(), 10), nil
	case "Decimal":
		return append(b, m.Get(p.value).String()...), nil
	}
	text, err := p.string(m)
	if err != nil {
		return b, err
	}
	if kept := p.keptText(m); kept != "" {
		again := m.New()
		if p.setString(again, kept) {
			if same, err := p.string(again); err == nil && same == text {
				text = kept
			}
		}
	}
	if text == "" {
		return b, nil
	}
	return fhir.AppendString(b, text), nil
}

func setText(m protoreflect.Message, text string) {
	m.Set(m.Descriptor().Fields().ByName("value"), protoreflect.ValueOfString(text))
}

// The extensions that say about a primitive what the message has no field for.
// They never leave the message.
const (
	noValueURL = "https://g.co/fhir/StructureDefinition/primitiveHasNoValue"
	textURL    = "urn:pestle:text"
)

func isInternal(e *dpb.Extension) bool {
	url := e.GetUrl().GetValue()
	return url == noValueURL || url == textURL
}

// visible are the extensions that FHIR is to see.
func (p *primitive) visible(m protoreflect.Message) []*dpb.Extension {
	return slices.DeleteFunc(p.extensions(m), isInternal)
}

func (p *primitive) extensions(m protoreflect.Message) []*dpb.Extension {
	if p.extension == nil {
		return nil
	}
	list := m.Get(p.extension).List()
	out := make([]*dpb.Extension, list.Len())
	for i := range out {
		out[i], _ = list.Get(i).Message().Interface().(*dpb.Extension)
	}
	return out
}

func (p *primitive) add(m protoreflect.Message, e *dpb.Extension) {
	if p.extension != nil {
		m.Mutable(p.extension).List().Append(protoreflect.ValueOfMessage(e.ProtoReflect()))
	}
}

func (p *primitive) markNoValue(m protoreflect.Message) {
	p.add(m, &dpb.Extension{
		Url:   &dpb.Uri{Value: noValueURL},
		Value: &dpb.Extension_ValueX{Choice: &dpb.Extension_ValueX_Boolean{Boolean: &dpb.Boolean{Value: true}}},
	})
}

func (p *primitive) noValue(m protoreflect.Message) bool {
	return slices.ContainsFunc(p.extensions(m), func(e *dpb.Extension) bool { return e.GetUrl().GetValue() == noValueURL })
}

// keepText remembers the text of a value that would print differently.
func (p *primitive) keepText(m protoreflect.Message, text string) {
	if printed, err := p.string(m); err == nil && printed == text {
		return
	}
	p.add(m, &dpb.Extension{
		Url:   &dpb.Uri{Value: textURL},
		Value: &dpb.Extension_ValueX{Choice: &dpb.Extension_ValueX_StringValue{StringValue: &dpb.String{Value: text}}},
	})
}

func (p *primitive) keptText(m protoreflect.Message) string {
	for _, e := range p.extensions(m) {
		if e.GetUrl().GetValue() == textURL {
			return e.GetValue().GetStringValue().GetValue()
		}
	}
	return ""
}
