package fhir

import (
	"bytes"
	"encoding/hex"
	"strconv"
)

// Content says which bytes a Binary holds that are kept outside of its JSON. In the
// JSON that is stored, an extension of Binary.data refers to them:
//
//	"_data":{"extension":[{"url":"…/StructureDefinition/content","extension":[
//	  {"url":"sha256","valueString":"<64 hexadecimal digits>"},
//	  {"url":"size","valueDecimal":1048576}]}]}
//
// Only the server writes it.
type Content struct {
	SHA256 [32]byte
	Size   int64 // in bytes
}

// LargeContent is the number of bytes from which on the content of a Binary is kept
// outside of its JSON, where a server has a place for it.
const LargeContent = 64 << 10

// ContentExtension is the URL of the extension that refers to a content.
const ContentExtension = "https://pestle-fhir.github.io/StructureDefinition/content"

// ContentOf is the content that a Binary refers to. One that refers to a content in
// a way that cannot be read has the zero Content.
func ContentOf(binary Node) (c Content, refers bool) {
	if binary.Get("resourceType").Text() != "Binary" {
		return c, false
	}
	for e := range binary.Path("_data", "extension").Items() {
		if e.Get("url").Text() != ContentExtension {
			continue
		}
		if refers { // two of them
			return Content{}, true
		}
		refers = true
		for part := range e.Get("extension").Items() {
			switch part.Get("url").Text() {
			case "sha256":
				if sum, err := hex.DecodeString(part.Get("valueString").Text()); err == nil && len(sum) == len(c.SHA256) {
					copy(c.SHA256[:], sum)
				}
			case "size":
				c.Size, _ = strconv.ParseInt(part.Get("valueDecimal").Text(), 10, 64)
			}
		}
	}
	if c.SHA256 == ([32]byte{}) || c.Size <= 0 {
		return Content{}, refers
	}
	return c, refers
}

// extension is what refers to the content.
func (c Content) extension() Value {
	return Obj("url", ContentExtension, "extension", List(
		Obj("url", "sha256", "valueString", hex.EncodeToString(c.SHA256[:])),
		Obj("url", "size", "valueDecimal", Raw(strconv.FormatInt(c.Size, 10)))))
}

// In is a Binary that refers to the content in the place of its data.
func (c Content) In(binary *Resource) *Resource {
	return withData(binary, Value{}, c.extension())
}

// WithData is a Binary that has data, base64 that is not escaped in JSON, in the place
// of the content that it refers to; without data it has neither.
func WithData(binary *Resource, data string) *Resource {
	v := Value{}
	if data != "" {
		v = Value{AppendString(nil, data)}
	}
	return withData(binary, v, Value{})
}

// withData is a Binary with other data and another reference to a content. What else
// is said of its data is kept.
func withData(binary *Resource, data, reference Value) *Resource {
	var out bytes.Buffer
	out.WriteByte('{')
	member := func(name string, text []byte) {
		if len(text) == 0 {
			return
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		out.Write(AppendString(nil, name))
		out.WriteByte(':')
		out.Write(text)
	}
	said := binary.Get("_data")
	extensions := []any{}
	for e := range said.Get("extension").Items() {
		if e.Get("url").Text() != ContentExtension {
			extensions = append(extensions, e)
		}
	}
	about := []any{}
	for m := range said.Members() {
		if m.Name() != "extension" {
			about = append(about, m.Name(), m)
		}
	}
	about = append(about, "extension", List(append(extensions, reference)...))
	for m := range binary.Root().Members() {
		if name := m.Name(); name != "data" && name != "_data" {
			member(name, m.Raw())
		}
	}
	member("data", data.JSON())
	member("_data", Obj(about...).JSON())
	out.WriteByte('}')
	r, err := Parse(out.Bytes())
	if err != nil { // it is made of what was parsed
		panic("fhir: " + err.Error())
	}
	return r
}
