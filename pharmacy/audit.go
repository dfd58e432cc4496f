package pharmacy

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
)

// GuardAudit refuses every AuditEvent: the server records accesses in a log of
// its own, and an AuditEvent that somebody sends would say what nobody recorded.
func GuardAudit(_ context.Context, _ fhir.State, tx *fhir.Transaction, _, after *fhir.Version) error {
	if after.Type != "AuditEvent" || tx.Purges() { // whose guard reads them
		return nil
	}
	return fhir.E("audit", fhir.Forbidden, fhir.Issue{Rule: "audit", Expression: "AuditEvent",
		Message: "An AuditEvent is recorded by the server itself: nobody writes, changes or deletes one.", Found: after.Ref(), Fix: "Leave it out. Who wrote a resource is recorded with its version."})
}
