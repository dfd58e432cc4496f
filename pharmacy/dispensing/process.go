package dispensing

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
)

// handlers are what follows of each kind of message when it keeps its rules.
var handlers = map[string]func(s *Service, call *fhir.Call, m *message.Message, state fhir.State) (*outcome, error){
	"prescription-order":        (*Service).receiveOrder,
	"prescription-order-update": (*Service).receiveCancellation,
	"dispense-notification":     (*Service).receiveNotification,
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
	m := message.Read(call.Body, s.rules().Law)
	if err := m.SentBy(call.Requester); err != nil {
		return nil, err
	}
	decide := handlers[m.Event()]
	if m.Event() != "prescription-order" {
		if err := s.catchUp(ctx, m.Number()); err != nil {
			return nil, err
		}
	}
	return s.carryOut(ctx, call, func(state fhir.State) (*outcome, error) { return decide(s, call, m, state) })
}

// judgeMessage gives all that the rules find wrong with a message.
func (s *Service) judgeMessage(body *fhir.Resource) []fhir.Issue {
	return message.Read(body, s.rules().Law).Judge()
}

func noBody(op, expected string) error {
	return fhir.E(op, fhir.Invalid, fhir.Issue{Rule: "BODY-1", Message: "The request has no body.", Expected: expected, Found: "nothing"})
}
