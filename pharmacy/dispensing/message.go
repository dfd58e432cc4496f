package dispensing

import (
	"iter"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// message is an EPS message: a Bundle whose MessageHeader says what it is
// about and whose other entries are the parts.
type message struct {
	bundle  *fhir.Resource
	law     Law
	header  node
	entries []entry
}

// entry is one part of a message.
type entry struct {
	fullURL  string
	resource node
}

func readMessage(bundle *fhir.Resource, law Law) *message {
	m := &message{bundle: bundle, law: law}
	for e := range bundle.Get("entry").Items() {
		r := e.Get("resource")
		if r.Kind() != fhir.Object {
			continue
		}
		m.entries = append(m.entries, entry{e.Get("fullUrl").Text(), r})
		if typeOf(r) == "MessageHeader" && !m.header.Exists() {
			m.header = r
		}
	}
	return m
}

func typeOf(resource node) string { return resource.Get("resourceType").Text() }

// id is the message's identifier, by which replies and amendments name it.
func (m *message) id() string { return m.bundle.Root().Path("identifier", "value").Text() }

// event is the code of what the message is about.
func (m *message) event() string { return m.header.Path("eventCoding", "code").Text() }

// number is the short-form id of the prescription that the message is about.
func (m *message) number() string {
	for _, mr := range m.lines() {
		if number := mr.Path("groupIdentifier", "value").Text(); number != "" {
			return number
		}
	}
	return ""
}

// all walks the parts of a type.
func (m *message) all(typ string) iter.Seq[node] {
	return func(yield func(node) bool) {
		for _, e := range m.entries {
			if typeOf(e.resource) == typ && !yield(e.resource) {
				return
			}
		}
	}
}

func (m *message) list(typ string) []node { return slices.Collect(m.all(typ)) }

// resolve follows a Reference to the part it names, absent when there is none.
func (m *message) resolve(reference node) node {
	return m.find(reference.Get("reference").Text())
}

func (m *message) find(ref string) node {
	if ref == "" {
		return node{}
	}
	for _, e := range m.entries {
		if strings.EqualFold(e.fullURL, ref) || typeOf(e.resource)+"/"+e.resource.Get("id").Text() == ref {
			return e.resource
		}
	}
	return node{}
}

// orderMessageID is the id of the Bundle that keeps the message of a
// prescription. It follows from the prescription alone, so that no second
// message can bring the same prescription.
func orderMessageID(order string) string { return pharmacy.ID("Bundle", "prescription-order", order) }
