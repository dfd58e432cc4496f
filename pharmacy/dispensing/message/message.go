package message

import (
	"iter"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Message is an EPS message: a Bundle whose MessageHeader says what it is
// about and whose other entries are the parts.
type Message struct {
	Bundle  *fhir.Resource
	law     prescription.Law
	Header  node
	Entries []entry
}

// entry is one part of a message.
type entry struct {
	FullURL  string
	Resource node
}

// Read reads a Bundle as a message that is judged by a law. It refuses nothing;
// see [Message.Judge].
func Read(bundle *fhir.Resource, law prescription.Law) *Message {
	m := &Message{Bundle: bundle, law: law}
	for e := range bundle.Get("entry").Items() {
		r := e.Get("resource")
		if r.Kind() != fhir.Object {
			continue
		}
		m.Entries = append(m.Entries, entry{e.Get("fullUrl").Text(), r})
		if nhs.TypeOf(r) == "MessageHeader" && !m.Header.Exists() {
			m.Header = r
		}
	}
	return m
}

// ID is the message's identifier, by which replies and amendments name it.
func (m *Message) ID() string { return m.Bundle.Root().Path("identifier", "value").Text() }

// Event is the code of what the message is about.
func (m *Message) Event() string { return m.Header.Path("eventCoding", "code").Text() }

// Number is the short-form id of the prescription that the message is about.
func (m *Message) Number() string {
	for _, mr := range m.Lines() {
		if number := mr.Path("groupIdentifier", "value").Text(); number != "" {
			return number
		}
	}
	return ""
}

// All walks the parts of a type.
func (m *Message) All(typ string) iter.Seq[node] {
	return func(yield func(node) bool) {
		for _, e := range m.Entries {
			if nhs.TypeOf(e.Resource) == typ && !yield(e.Resource) {
				return
			}
		}
	}
}

// List are the parts of a type.
func (m *Message) List(typ string) []node { return slices.Collect(m.All(typ)) }

// Resolve follows a Reference to the part it names, absent when there is none.
func (m *Message) Resolve(reference node) node {
	return m.find(reference.Get("reference").Text())
}

func (m *Message) find(ref string) node {
	if ref == "" {
		return node{}
	}
	for _, e := range m.Entries {
		if strings.EqualFold(e.FullURL, ref) || nhs.TypeOf(e.Resource)+"/"+e.Resource.Get("id").Text() == ref {
			return e.Resource
		}
	}
	return node{}
}

// OrderBundleID is the id of the Bundle that keeps the message of a
// prescription. It follows from the prescription alone, so that no second
// message can bring the same prescription.
func OrderBundleID(order string) string { return pharmacy.ID("Bundle", "prescription-order", order) }

// NotificationBundleID is the id of the Bundle that keeps a dispense notification.
func NotificationBundleID(id string) string {
	return pharmacy.ID("Bundle", "dispense-notification", strings.ToLower(id))
}
