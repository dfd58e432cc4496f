package dispensing

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// guards are what a commit must keep, by the type of the resource it changes.
var guards = map[string]func(s *Service, state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error{
	"MedicationRequest":  (*Service).guardOrder,
	"Task":               (*Service).guardTask,
	"MedicationDispense": (*Service).guardSupply,
	"Bundle":             (*Service).guardMessage,
	"Patient":            (*Service).guardPatient,

	"CommunicationRequest": (*Service).guardQuery,
}

// Guard vetoes commits that break the rules of prescriptions, whatever way
// they come: an item that does not fit its prescription, a signed order that
// is altered, a Task that makes an illegal move, a supply that controlled drug
// law forbids. Resources that belong to no prescription are none of its
// business.
func (s *Service) Guard(_ context.Context, state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if err := s.guardCaller(state, tx, before, after); err != nil {
		return err
	}
	if err := s.guardProof(state, tx, before, after); err != nil {
		return err
	}
	if guard, ok := guards[after.Type]; ok {
		return guard(s, state, tx, before, after)
	}
	return nil
}

// guardMessage keeps the messages of prescriptions and of their supplies as
// they came: they bear signatures, and are what later steps count on.
func (s *Service) guardMessage(_ fhir.State, _ *fhir.Transaction, before, _ *fhir.Version) error {
	if before == nil || before.Deleted() {
		return nil
	}
	r, err := before.Resource()
	if err != nil || r.Get("type").Text() != "message" {
		return err
	}
	m := message.Read(r, prescription.Law{})
	if id := before.ID; id != message.OrderBundleID(m.Number()) && id != message.NotificationBundleID(m.ID()) {
		return nil
	}
	// HMR-219: the signed message is the evidence.
	return refusal("Bundle", fhir.Issue{Rule: "HMR-219", Message: "A message that was processed stays as it came.", Expression: "Bundle",
		Fix: "Send an amendment, or cancel and prescribe anew."})
}

// Guard is the guard of a service with these options, for a database that is
// opened before the service that works on it.
func Guard(opts Options) fhir.Guard { return New(nil, opts).Guard }
