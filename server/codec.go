package server

import (
	"bytes"
	"encoding/json"

	"github.com/pestle-fhir/pestle/fhir"
)

// Codec is a wire format of resources. Inside, everything is JSON.
type Codec struct {
	Name  string   // for _format: "xml"
	Types []string // MIME types; the first is the one that is sent
	// Decode gives the resource with the positions of the text received.
	Decode func(text []byte) (*fhir.Resource, error)
	Encode func(*fhir.Resource) ([]byte, error)
}

// jsonCodec is R4's JSON. Resources are JSON already, so that encoding is no
// work; text/json is an old name that clients still send.
var jsonCodec = Codec{
	Name:   "json",
	Types:  []string{"application/fhir+json", "application/json", "text/json"},
	Decode: fhir.Parse,
	Encode: func(r *fhir.Resource) ([]byte, error) { return r.JSON(), nil },
}

// encode writes stored JSON in a wire format.
func (f *format) encode(text []byte) ([]byte, error) {
	if f.codec.Name == jsonCodec.Name {
		if !f.pretty {
			return text, nil
		}
		var b bytes.Buffer
		err := json.Indent(&b, text, "", "  ")
		return b.Bytes(), err
	}
	r, err := fhir.Parse(text)
	if err != nil {
		return nil, err
	}
	return f.codec.Encode(r)
}
