package reimbursement

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// judgeRevision holds the claim to the one that stands, if any: one that
// another system made is only changed by an amendment that names it.
func (v *verdict) judgeRevision(before *fhir.Version, fees *tariff.Fees, d *dispensed, now time.Time) error {
	replaces := v.replaces().Get("value")
	if before == nil || before.Deleted() {
		if replaces.Exists() {
			v.say(replaces, replaces.Expression(), fhir.BusinessRule, "0021", eps("DISPENSE_AMEND_IDENTIFIER_MISMATCH"), "There is no claim for the prescription that could be amended.", "", replaces.Text())
		}
		return nil
	}
	r, err := before.Resource()
	if err != nil {
		return err
	}
	standing := readClaim(r).message()
	switch {
	case !replaces.Exists() && !own(before, standing):
		v.say(v.Root(), "Claim", fhir.Duplicate, "0012", eps("PRESCRIPTION_INVALID_STATE_TRANSITION"), "The prescription was claimed before.",
			"an amendment: "+nhs.ExtReplacement+" with the identifier of the claim that stands", "a further claim")
	case replaces.Exists() && replaces.Text() != standing:
		v.say(replaces, replaces.Expression(), fhir.BusinessRule, "0021", eps("DISPENSE_AMEND_IDENTIFIER_MISMATCH"), "The amendment does not name the claim that stands.", standing, replaces.Text())
	}
	if v.message() == standing {
		v.say(v.Get("identifier"), "Claim.identifier", fhir.Duplicate, "CL7", spine("INVALID_RESOURCE_ID"), "The claim that stands has the same identifier.", "a new UUID for each claim and amendment", standing)
	}
	if last := amendableUntil(fees, d.day, nhs.Midnight(now)); !last.IsZero() && replaces.Exists() && nhs.Midnight(now).After(last) {
		v.say(replaces, replaces.Expression(), fhir.BusinessRule, "0100", spine("CLAIM_AMEND_PERIOD_ISSUE"), "The time for amending the claim is over.", "by "+last.Format(time.DateOnly), nhs.Midnight(now).Format(time.DateOnly))
	}
	return nil
}

// own reports whether a Claim is one that the server made itself.
func own(v *fhir.Version, message string) bool { return message == messageID(v.ID, v.VersionID) }
