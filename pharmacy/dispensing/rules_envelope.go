package dispensing

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// events are the messages that $process-message takes.
var events = []string{"prescription-order", "prescription-order-update", "dispense-notification"}

// envelopeRules decide whether there is a message at all; when one of them
// fails, there is nothing the other rules could look at.
var envelopeRules = []rule[*message]{
	{"B1", isBundle},
	{"FIELD", hasFields},
	{"B2", hasEvent},
}

// B1: the body of $process-message is a Bundle.
func isBundle(m *message, f *findings) {
	if got := m.bundle.Type(); got != "Bundle" {
		f.at(m.bundle.Root(), fhir.Issue{
			Severity: fhir.Fatal, Code: fhir.ValueCode, Message: "The body must be a message, which is a Bundle.",
			Expected: "resourceType Bundle", Found: orNothing(got), Details: facade("INVALID_VALUE", "ResourceType must be Bundle"),
		})
	}
}

// FIELD: a Bundle without one of these is not a message.
func hasFields(m *message, f *findings) {
	if m.bundle.Type() != "Bundle" {
		return
	}
	for _, name := range []string{"identifier", "type", "entry"} {
		if n := m.bundle.Get(name); !n.Exists() || n.Kind() == fhir.Array && n.Len() == 0 {
			f.at(m.bundle.Root(), fhir.Issue{
				Code: fhir.ValueCode, Message: "The message has no '" + name + "'.", Expected: "Bundle." + name, Found: "nothing",
				Details: facade("MISSING_FIELD", "ResourceType Bundle must contain '"+name+"' field"),
			})
		}
	}
	if n := m.bundle.Get("type"); n.Exists() && n.Text() != "message" {
		f.at(n, fhir.Issue{
			Code: fhir.ValueCode, Message: "The Bundle is no message.", Expected: "type message", Found: n.Text(),
			Fix: "Send collections and transactions to the base URL.", Details: facade("INVALID_VALUE", "Bundle type must be message"),
		})
	}
}

// B2: a MessageHeader says which of the accepted events the message is about.
func hasEvent(m *message, f *findings) {
	if m.bundle.Type() != "Bundle" || m.bundle.Get("entry").Len() == 0 {
		return
	}
	if !m.header.Exists() {
		f.at(m.bundle.Get("entry"), fhir.Issue{
			Severity: fhir.Fatal, Code: fhir.ValueCode, Message: "The message has no MessageHeader.",
			Expected: "a first entry with a MessageHeader", Found: "none",
			Details: facade("MISSING_FIELD", "Bundle must contain a MessageHeader"),
		})
		return
	}
	if event := m.header.Get("eventCoding"); event.Get("system").Text() != nhs.CSEvent || !slices.Contains(events, event.Get("code").Text()) {
		place := event.Get("code")
		if !place.Exists() {
			place = m.header
		}
		f.at(place, fhir.Issue{
			Severity: fhir.Fatal, Code: fhir.ValueCode, Message: "The message is about an event that this service does not take.",
			Expected: "eventCoding of " + nhs.CSEvent + ": prescription-order, prescription-order-update or dispense-notification",
			Found:    orNothing(event.Get("code").Text()), Details: facade("INVALID_VALUE", "MessageHeader.eventCoding.code is not supported"),
		})
	}
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
