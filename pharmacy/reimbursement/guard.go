package reimbursement

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Guard keeps the records of money. A caller's plain write changes none of them
// ([guardRecord]). The Claim for a prescription is not deleted whoever asks, and
// not replaced by one that does not name it; Claims of any other kind are free. A
// month is closed by two persons where the options ask for them.
func Guard(o Options) fhir.Guard {
	return func(_ context.Context, state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
		if err := guardMoney(state, tx, before, after); err != nil {
			return err
		}
		return o.guardClosing(state, tx, before, after)
	}
}

func guardMoney(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if !pharmacy.Own(tx, after) {
		if err := guardCaller(tx.Requester, before, after); err != nil {
			return err
		}
		if err := guardRecord(tx, before, after); err != nil {
			return err
		}
		if err := guardNotice(state, after); err != nil {
			return err
		}
	}
	if before == nil || before.Type != "Claim" || before.Deleted() {
		return nil
	}
	r, err := before.Resource()
	if err != nil || !IsEPS(r) {
		return err
	}
	was := readClaim(r)
	issue, _ := was.issue()
	if ClaimID(was.order(), issue) != before.ID {
		return nil
	}
	if after == nil || after.Deleted() {
		return fhir.E("claim", fhir.BusinessRule, fhir.Issue{Expression: "Claim", Rule: "claim-stays",
			Message: "The claim for a prescription cannot be deleted.", Fix: "Amend it, or withdraw the dispense notification."})
	}
	r, err = after.Resource()
	if err != nil {
		return err
	}
	is := readClaim(r)
	if is.order() != was.order() {
		return fhir.E("claim", fhir.BusinessRule, fhir.Issue{Expression: "Claim.prescription", Rule: "claim-stays",
			Message: "The claim for a prescription cannot become one for another.", Expected: was.order(), Found: is.order()})
	}
	if is.message() == was.message() || is.replaces().Get("value").Text() == was.message() || own(before, was.message()) {
		return nil
	}
	return fhir.E("claim", fhir.BusinessRule, fhir.Issue{Expression: "Claim.extension('" + nhs.ExtReplacement + "')", Rule: "0021", Details: eps("DISPENSE_AMEND_IDENTIFIER_MISMATCH"),
		Message: "The claim that stands is only replaced by an amendment that names it.", Expected: was.message(), Found: is.replaces().Get("value").Text()})
}
