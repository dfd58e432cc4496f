package dispensing

import (
	"context"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// handlers are what is done with each kind of message: its rules beside the
// common ones, and what follows when it keeps them.
var handlers = map[string]struct {
	rules  []rule[*message]
	decide func(s *Service, call *fhir.Call, m *message, state fhir.State) (*outcome, error)
}{
	"prescription-order":        {orderRules, (*Service).receiveOrder},
	"prescription-order-update": {cancelRules, (*Service).receiveCancellation},
	"dispense-notification":     {notifyRules, (*Service).receiveNotification},
}

// processMessage is $process-message: it checks the message, and does what its
// event asks for.
func (s *Service) processMessage(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	if call.Body == nil {
		return nil, noBody("process-message", "a Bundle of type message")
	}
	if issues := s.judgeMessage(call.Body); fhir.HasErrors(issues) {
		return nil, &fhir.Error{Op: "process-message", Kind: fhir.BusinessRule, Issues: issues}
	}
	m := readMessage(call.Body, s.law)
	if err := m.sentBy(call.Requester); err != nil {
		return nil, err
	}
	h := handlers[m.event()]
	if m.event() != "prescription-order" {
		if err := s.catchUp(ctx, m.number()); err != nil {
			return nil, err
		}
	}
	return s.carryOut(ctx, call, func(state fhir.State) (*outcome, error) { return h.decide(s, call, m, state) })
}

// judgeMessage gives all that the rules find wrong with a message.
func (s *Service) judgeMessage(body *fhir.Resource) []fhir.Issue {
	m := readMessage(body, s.law)
	if issues := examine(m, envelopeRules); fhir.HasErrors(issues) {
		return issues
	}
	return examine(m, slices.Concat(commonRules, handlers[m.event()].rules))
}

func noBody(op, expected string) error {
	return fhir.E(op, fhir.Invalid, fhir.Issue{Message: "The request has no body.", Expected: expected, Found: "nothing"})
}
