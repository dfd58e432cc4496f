package dispensing

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// guardIdentity keeps what tells whose a prescription is: the ODS code of an
// Organization, and the organisation of a PractitionerRole. Who would change one
// must act for the organisation that it names and for the one that it is to name.
// Making one anew under the id of a deleted one is a change too.
func guardIdentity(state fhir.State, who fhir.Principal, before, after *fhir.Version) error {
	if after.Deleted() || who.KeepsDirectory {
		return nil
	}
	if before == nil || before.Deleted() {
		first, err := state.First(after.Type, after.ID)
		if err != nil || first == nil || first.VersionID == after.VersionID {
			return err
		}
		before = first
	}
	was, err := identityOf(state, before)
	if err != nil {
		return err
	}
	is, err := identityOf(state, after)
	if err != nil || strings.EqualFold(was, is) {
		return err
	}
	if was == "" {
		was = before.Requester.OnBehalf
	}
	for _, code := range []string{was, is} {
		if code != "" && !who.ActsFor(code) {
			return who.NotFor("guard", fhir.Node{}, code)
		}
	}
	return nil
}

// identityOf is the ODS code that an Organization or PractitionerRole represents,
// "" where it names none.
func identityOf(state fhir.State, v *fhir.Version) (string, error) {
	r, err := v.Resource()
	if err != nil {
		return "", err
	}
	if v.Type == "Organization" {
		return nhs.Identifier(r.Root(), nhs.IDODS).Text(), nil
	}
	party := prescription.ReadParty(r.Get("organization"))
	org, err := read(state, party.Ref, "Organization")
	if err == nil && org != nil {
		party.ID = nhs.Identifier(org.Root(), nhs.IDODS).Text()
	}
	return party.ID, err
}
