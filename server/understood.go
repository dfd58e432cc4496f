package server

import (
	"context"
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/inputs"
)

// understood refuses a call of an operation that asks for anything which the
// operation does not declare, with all else that is wrong with its body.
func (s *Server) understood(c *gin.Context, op *fhir.Operation, body *fhir.Resource) error {
	x := exchangeOf(c)
	call := &fhir.Call{Body: body, Params: withoutFormat(x.query)}
	bare := body != nil && op.Type == anyType && body.Type() == x.resourceType // Parameters are what is asked about
	refused := inputs.Refuse(op, call, bare)
	if refused == nil || body == nil || op.Name == "validate" {
		return refused
	}
	var broken, e *fhir.Error
	if _, err := s.checkFor(c.Request.Context(), op, body); errors.As(err, &broken) && errors.As(refused, &e) {
		e.Kind, e.Issues = broken.Kind, append(broken.Issues, e.Issues...)
	}
	return judged(refused, op.Judge, contentOf(op, body))
}

// checkFor is check for an operation. One that is lenient is asked about what may be
// wrong, and answers itself what is: its parameters alone are validated against what it declares.
func (s *Server) checkFor(ctx context.Context, op *fhir.Operation, body *fhir.Resource) ([]fhir.Issue, error) {
	if op.Lenient {
		return nil, nil
	}
	return s.check(ctx, body)
}

// contentOf is the message that a body of $process-message is or, as Parameters,
// has as its content; of any other operation it is the body itself.
func contentOf(op *fhir.Operation, body *fhir.Resource) *fhir.Resource {
	if op.Name != processMessage || body == nil || body.Type() != "Parameters" {
		return body
	}
	for p := range body.Get("parameter").Items() {
		if content := p.Get("resource"); p.Get("name").Text() == "content" && content.Exists() {
			return body.Sub(content)
		}
	}
	return body
}
