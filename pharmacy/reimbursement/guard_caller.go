package reimbursement

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// guardCaller refuses the plain write of a Claim to the NHS by a caller who does
// not act for the pharmacy that it is of, as every other way of sending it does.
func guardCaller(who fhir.Principal, before, after *fhir.Version) error {
	if after.Type != "Claim" || !who.Bound() {
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
		if org := nhs.Identifier(readClaim(r).pharmacy(), nhs.IDODS).Text(); IsEPS(r) && !who.ActsFor(org) {
			return who.NotFor("claim", readClaim(r).pharmacy(), org)
		}
	}
	return nil
}
