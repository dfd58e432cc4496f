package server

import (
	"github.com/pestle-fhir/pestle/fhir"
)

// bundleText writes a Bundle whose entries hold stored resources, which are not
// parsed. head is the Bundle without its entries. What is big is not copied
// either: the Bundle is parts that are sent one after the other.
type bundleText struct {
	parts   [][]byte
	text    []byte // behind the parts
	entries int
	whole   map[int][]byte // resources of entries that are not redacted with the Bundle
}

// bigPart is how many bytes a resource has that is a part of its own.
const bigPart = 8 << 10

func newBundle(head fhir.Value) *bundleText {
	text := head.JSON()
	return &bundleText{text: append(make([]byte, 0, 4096), text[:len(text)-1]...)}
}

// entry adds an entry; tail holds its members besides fullUrl and resource.
func (b *bundleText) entry(fullURL string, resource []byte, tail fhir.Value) {
	if b.entries == 0 {
		b.text = append(b.text, `,"entry":[`...)
	} else {
		b.text = append(b.text, ',')
	}
	b.entries++
	open := byte('{')
	if fullURL != "" {
		b.text = fhir.AppendString(append(b.text, `{"fullUrl":`...), fullURL)
		open = ','
	}
	if len(resource) > 0 {
		b.text = append(append(b.text, open), `"resource":`...)
		b.resource(resource)
		open = ','
	}
	if rest := tail.JSON(); rest != nil {
		b.text = append(append(b.text, open), rest[1:]...)
		return
	}
	b.text = append(b.text, '}')
}

// aside keeps the resource of the next entry, which is put in by [bundleText.complete].
func (b *bundleText) aside(resource []byte) {
	if b.whole == nil {
		b.whole = map[int][]byte{}
	}
	b.whole[b.entries] = resource
}

// complete is a redacted Bundle with the resources that were kept aside.
func (b *bundleText) complete(text []byte) ([]byte, error) {
	r, err := fhir.Parse(text)
	if err != nil {
		return nil, err
	}
	var entries []any
	for e := range r.Get("entry").Items() {
		if resource := b.whole[len(entries)]; resource != nil {
			entries = append(entries, fhir.Obj("fullUrl", e.Get("fullUrl"), "resource", fhir.Raw(resource), "response", e.Get("response")))
			continue
		}
		entries = append(entries, e)
	}
	return fhir.Revise(r, "entry", fhir.List(entries...)).JSON(), nil
}

func (b *bundleText) resource(text []byte) {
	if len(text) < bigPart {
		b.text = append(b.text, text...)
		return
	}
	b.parts = append(b.parts, b.text, text)
	b.text = make([]byte, 0, 512)
}

// close returns the parts of the finished Bundle.
func (b *bundleText) close() [][]byte {
	if b.entries > 0 {
		b.text = append(b.text, ']')
	}
	return append(b.parts, append(b.text, '}'))
}

// bundleHead begins a Bundle that answers a query. total -1 is not counted.
func (s *Server) bundleHead(kind string, total int, links ...fhir.Value) fhir.Value {
	pairs := []any{
		"resourceType", "Bundle", "id", s.config.NewID(),
		"meta", fhir.Obj("lastUpdated", s.now().Format(fhir.InstantLayout)),
		"type", kind,
	}
	if total >= 0 {
		pairs = append(pairs, "total", total)
	}
	return fhir.Obj(append(pairs, "link", links)...)
}

func link(relation, url string) fhir.Value { return fhir.Obj("relation", relation, "url", url) }
