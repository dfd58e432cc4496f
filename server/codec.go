package server

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
)

// Codec is a wire format of resources. Inside, everything is JSON.
type Codec struct {
	Name  string   // for _format: "xml"
	Types []string // MIME types; the first is the one that is sent
	// Decode gives the resource with the positions of the text received. It
	// may give one beside its error, where only rules of the format are broken.
	// When ctx ends first, the error is that of ctx.
	Decode func(ctx context.Context, text []byte) (*fhir.Resource, error)
	Encode func(*fhir.Resource) ([]byte, error)
	Pretty func(*fhir.Resource) ([]byte, error) // for _pretty; Encode where it is nil
}

// jsonCodec is R4's JSON. Resources are JSON already, so that encoding is no
// work; text/json is an old name that clients still send.
var jsonCodec = Codec{
	Name:   "json",
	Types:  []string{"application/fhir+json", "application/json", "text/json"},
	Decode: fhir.ParseContext,
	Encode: func(r *fhir.Resource) ([]byte, error) { return r.JSON(), nil },
	Pretty: func(r *fhir.Resource) ([]byte, error) { return indented(r.JSON()) },
}

func indented(text []byte) ([]byte, error) {
	var b bytes.Buffer
	err := json.Indent(&b, text, "", "  ")
	return b.Bytes(), err
}

// xmlCodec is R4's XML.
var xmlCodec = Codec{
	Name:   "xml",
	Types:  []string{"application/fhir+xml", "application/xml", "text/xml"},
	Decode: xml.DecodeContext,
	Encode: xml.Encode,
	Pretty: xml.EncodeIndent,
}

// values is about how many values a piece of a resource's text has, and never
// fewer: each begins after a mark that other text may hold as well.
func (c *Codec) values(text []byte) int {
	marks := []string{",", "{", "["}
	if c.Name == xmlCodec.Name {
		marks = []string{"<", "="}
	}
	n := 0
	for _, mark := range marks {
		n += bytes.Count(text, []byte(mark))
	}
	return n
}

// plain reports whether an answer is sent as it is stored.
func (f *format) plain() bool { return f.codec.Name == jsonCodec.Name && !f.pretty }

// weight is how many times its bytes an answer takes in memory: as it was read
// and as it is sent, and where it is written anew, in another format or without
// what is hidden from the caller, the tree of it.
func (x *exchange) weight() int64 {
	if x.format.plain() && x.identity.Hidden == nil {
		return 2
	}
	return 10
}

// encode writes stored JSON in a wire format.
func (f *format) encode(text []byte) ([]byte, error) {
	if f.plain() {
		return text, nil // as it is stored, without a parse
	}
	r, err := fhir.Parse(text)
	if err != nil {
		return nil, err
	}
	if f.pretty && f.codec.Pretty != nil {
		return f.codec.Pretty(r)
	}
	return f.codec.Encode(r)
}
