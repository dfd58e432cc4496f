package message

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// EventRules are the rules of each kind of message, beside the common ones.
var EventRules = map[string][]Rule[*Message]{
	"prescription-order":        OrderRules,
	"prescription-order-update": CancelRules,
	"dispense-notification":     NotifyRules,
}

// Judge returns all that the rules find wrong with a message. Where there is no
// message at all, it says no more than that.
func (m *Message) Judge() []fhir.Issue {
	if issues := Examine(m, EnvelopeRules); fhir.HasErrors(issues) {
		return issues
	}
	return Examine(m, slices.Concat(CommonRules, EventRules[m.Event()]))
}
