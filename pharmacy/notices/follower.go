package notices

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
)

// follower asks for a message of each cause.
type follower struct{ s *Service }

// Name is the name of the cursor.
func (follower) Name() string { return "notices" }

// Consumes are the Tasks of prescriptions and queues, and the records of payments that
// were asked for.
func (follower) Consumes() []string { return []string{"Task", "Basic"} }

// Produces are the requests. The Communications are written by who sends them: answers to
// queries are Communications too, from which Tasks follow.
func (follower) Produces() []string { return []string{"CommunicationRequest"} }

// Step asks for a message of what a version tells. What is too old for any template is
// passed over, so that a server that begins to tell patients does not tell of its past.
func (f follower) Step(_ context.Context, state fhir.State, v *fhir.Version) ([]fhir.Change, error) {
	if v.Deleted() || f.s.clock().Sub(v.LastUpdated) > f.s.templates.longest() {
		return nil, nil
	}
	c, err := causeOf(state, v)
	if err != nil || c == nil || c.patient == "" || f.s.site != "" && c.pharmacy != f.s.site {
		return nil, err
	}
	return []fhir.Change{{Method: fhir.Create, Type: "CommunicationRequest", ID: c.id(), Resource: c.element(), IfAbsent: true}}, nil
}
