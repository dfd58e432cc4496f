package pharmacy

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
)

// GuardAudit keeps audit records as they were written: an AuditEvent may be
// created, and is never changed or deleted (IHE BALP: records are not altered).
func GuardAudit(_ context.Context, _ fhir.State, _ *fhir.Transaction, before, after *fhir.Version) error {
	if after.Type != "AuditEvent" || before == nil && !after.Deleted() {
		return nil
	}
	return fhir.E("audit", fhir.BusinessRule, fhir.Issue{Rule: "audit-is-kept", Expression: "AuditEvent",
		Message: "An AuditEvent is never changed or deleted.", Found: after.Ref(), Fix: "Record a further AuditEvent that refers to it."})
}
