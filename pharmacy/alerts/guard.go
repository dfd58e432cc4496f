package alerts

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Guard keeps alerts from callers' plain writes: the server raises and resolves them, and
// people acknowledge them by operations.
func Guard(_ context.Context, _ fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if after.Type != "Task" || pharmacy.Own(tx, after) || tx.Purges() {
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
		if !nhs.CodingOf(r.Get("code"), csAlert).Exists() {
			continue
		}
		return fhir.E("record", fhir.BusinessRule, fhir.Issue{Rule: "records-are-derived", Expression: "Task.code", Found: after.Ref(),
			Message: "An alert is raised and resolved by the server: it is not created, changed or deleted by a caller.",
			Fix:     "Acknowledge it with Task/[id]/$acknowledge-alert, or put it aside with Task/[id]/$dismiss-alert."})
	}
	return nil
}
