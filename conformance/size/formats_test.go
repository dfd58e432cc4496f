package size

import (
	"bytes"
	"encoding/json"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
)

// format is a way to write the same resource.
type format struct {
	name, contentType string
	write             func(oneLine string) []byte
}

var formats = []format{
	{"JSON, one line", "application/fhir+json", func(s string) []byte { return []byte(s) }},
	{"JSON, indented", "application/fhir+json", indented},
	{"XML, one line", "application/fhir+xml", func(s string) []byte { return inXML(s, xml.Encode) }},
	{"XML, indented", "application/fhir+xml", func(s string) []byte { return inXML(s, xml.EncodeIndent) }},
}

func indented(s string) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(s), "", "  "); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// inXML is the text as XML; a text that XML cannot hold is a mistake of a case.
func inXML(s string, encode func(*fhir.Resource) ([]byte, error)) []byte {
	r, err := fhir.Parse([]byte(s))
	if err != nil {
		panic(err)
	}
	text, err := encode(r)
	if err != nil {
		panic(err)
	}
	return text
}

// inFormats makes an axis of each format of what is sent to an address. The short
// form has one of them, by turns.
func inFormats(a axis, method, path string, status int, body func(n, k int) string) (all []axis) {
	for i, f := range formats {
		if !a.every && i != len(a.name)%len(formats) {
			continue
		}
		b := a
		b.name = a.name + ", " + f.name
		b.ask = func(n, k int) request {
			return request{method, path, f.write(body(n, k)), []string{"Content-Type", f.contentType, "Accept", f.contentType}, status}
		}
		all = append(all, b)
	}
	return all
}
