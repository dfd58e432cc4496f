package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// guardElsewhere keeps the mark of what another pharmacy supplied: a record with it is
// neither in the register nor claimed, so that it must never be on a supply of this
// pharmacy. It is written by the take-on alone, is of no prescription here, and stays as
// it came; one that is wrong is marked as entered in error. done is false for any other
// record.
func guardElsewhere(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) (done bool, err error) {
	was, err := takenOn(before)
	if err != nil {
		return false, err
	}
	is, err := takenOn(after)
	if err != nil || was == nil && is == nil {
		return false, err
	}
	issue := fhir.Issue{Rule: "TAKE-1", Expression: "MedicationDispense", Message: "A record of what another pharmacy supplied is taken on as it came."}
	switch {
	case is != nil:
		number, _, err := suppliedOrder(state, is.Root())
		if err != nil {
			return true, err
		}
		if number != "" || is.Get("authorizingPrescription").Exists() {
			issue.Expression, issue.Expected, issue.Found = "MedicationDispense.meta.tag", "no tag "+nhs.FromElsewhere+" on a supply of a prescription", "the tag"
			return true, refusal("MedicationDispense", issue)
		}
		if tx.Derived {
			return true, nil
		}
		if was == nil {
			issue.Expected, issue.Found, issue.Fix = "pestle import", "a record with the tag "+nhs.FromElsewhere+", written by hand", "Leave the tag out, or import the record with pestle import."
			return true, refusal("MedicationDispense", issue)
		}
		if name := changedMember(was, is, []string{"id", "meta", "text", "note", "status"}); name != "" {
			issue.Expression, issue.Expected, issue.Found = "MedicationDispense."+name, was.Get(name).Brief(), is.Get(name).Brief()
		} else if status := is.Get("status").Text(); status != was.Get("status").Text() && status != "entered-in-error" {
			issue.Expression, issue.Expected, issue.Found = "MedicationDispense.status", was.Get("status").Text()+" or entered-in-error", status
		} else {
			return true, nil
		}
	case tx.Derived:
		return true, nil
	default:
		issue.Expected, issue.Found = "the tag "+nhs.FromElsewhere, "its removal, or that of the record"
	}
	issue.Fix = "Where it is wrong, change its status to entered-in-error and import the right one."
	return true, refusal("MedicationDispense", issue)
}

// takenOn is a version where it is a record of what another pharmacy supplied, nil
// otherwise.
func takenOn(v *fhir.Version) (*fhir.Resource, error) {
	if v == nil || v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil || !nhs.SuppliedElsewhere(r.Root()) {
		return nil, err
	}
	return r, nil
}
