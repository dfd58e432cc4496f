package notices

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Guard keeps the records of messages and of notes from callers' plain writes: what was told
// to a patient is what the server told, and whom a note is for is what its writer said.
func Guard(_ context.Context, _ fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if after.Type != "Communication" && after.Type != "CommunicationRequest" || tx.Purges() || pharmacy.Own(tx, after) {
		return nil
	}
	for _, v := range []*fhir.Version{before, after} {
		if v == nil || v.Deleted() {
			continue
		}
		r, err := v.Resource()
		if err != nil {
			return err
		}
		if nhs.CodingOf(r.Get("category"), csNote).Exists() {
			return fhir.E("record", fhir.BusinessRule, fhir.Issue{Rule: "records-are-derived", Expression: after.Type + ".category", Found: after.Ref(),
				Message: "A note is written by its operation, and not changed or deleted.", Fix: "Write one with Task/[id]/$note or Patient/[id]/$note; what was wrong is put right by another note."})
		}
		if !nhs.CodingOf(r.Get("category"), csNotice).Exists() {
			continue
		}
		return fhir.E("record", fhir.BusinessRule, fhir.Issue{Rule: "records-are-derived", Expression: after.Type + ".category", Found: after.Ref(),
			Message: "What patients are told is recorded by the server itself: it is not created, changed or deleted by a caller.",
			Fix:     "Send a message again with CommunicationRequest/[id]/$resend; say what a patient wants to be told with Patient/[id]/$notices."})
	}
	return nil
}
