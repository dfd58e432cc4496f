package message

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Events are the messages that $process-message takes.
var Events = []string{"prescription-order", "prescription-order-update", "dispense-notification"}

// EnvelopeRules decide whether there is a message at all; when one of them
// fails, there is nothing the other rules could look at.
var EnvelopeRules = []Rule[*Message]{
	{"B1", isBundle},
	{"FIELD", hasFields},
	{"B2", hasEvent},
}

// B1: the body of $process-message is a Bundle.
func isBundle(m *Message, f *Findings) {
	if got := m.Bundle.Type(); got != "Bundle" {
		f.At(m.Bundle.Root(), fhir.Issue{
			Severity: fhir.Fatal, Code: fhir.ValueCode, Message: "The body must be a message, which is a Bundle.",
			Expected: "resourceType Bundle", Found: fhir.OrNothing(got), Details: nhs.Facade("INVALID_VALUE", "ResourceType must be Bundle"),
		})
	}
}

// FIELD: a Bundle without one of these is not a message.
func hasFields(m *Message, f *Findings) {
	if m.Bundle.Type() != "Bundle" {
		return
	}
	for _, name := range []string{"identifier", "type", "entry"} {
		if n := m.Bundle.Get(name); !n.Exists() || n.Kind() == fhir.Array && n.Len() == 0 {
			f.At(m.Bundle.Root(), fhir.Issue{
				Code: fhir.ValueCode, Message: "The message has no '" + name + "'.", Expected: "Bundle." + name, Found: "nothing",
				Details: nhs.Facade("MISSING_FIELD", "ResourceType Bundle must contain '"+name+"' field"),
			})
		}
	}
	if n := m.Bundle.Get("type"); n.Exists() && n.Text() != "message" {
		f.At(n, fhir.Issue{
			Code: fhir.ValueCode, Message: "The Bundle is no message.", Expected: "type message", Found: n.Text(),
			Fix: "Send collections and transactions to the base URL.", Details: nhs.Facade("INVALID_VALUE", "Bundle type must be message"),
		})
	}
}

// B2: a MessageHeader says which of the accepted events the message is about.
func hasEvent(m *Message, f *Findings) {
	if m.Bundle.Type() != "Bundle" || m.Bundle.Get("entry").Len() == 0 {
		return
	}
	if !m.Header.Exists() {
		f.At(m.Bundle.Get("entry"), fhir.Issue{
			Severity: fhir.Fatal, Code: fhir.ValueCode, Message: "The message has no MessageHeader.",
			Expected: "a first entry with a MessageHeader", Found: "none",
			Details: nhs.Facade("MISSING_FIELD", "Bundle must contain a MessageHeader"),
		})
		return
	}
	if event := m.Header.Get("eventCoding"); event.Get("system").Text() != nhs.CSEvent || !slices.Contains(Events, event.Get("code").Text()) {
		place := event.Get("code")
		if !place.Exists() {
			place = m.Header
		}
		f.At(place, fhir.Issue{
			Severity: fhir.Fatal, Code: fhir.ValueCode, Message: "The message is about an event that this service does not take.",
			Expected: "eventCoding of " + nhs.CSEvent + ": prescription-order, prescription-order-update or dispense-notification",
			Found:    fhir.OrNothing(event.Get("code").Text()), Details: nhs.Facade("INVALID_VALUE", "MessageHeader.eventCoding.code is not supported"),
		})
	}
}
