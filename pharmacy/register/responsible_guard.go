package register

import (
	"cmp"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Asked says of which supplies it is asked whether a responsible pharmacist is signed
// in.
type Asked string

// Of none, or of those of people, whom the server knows by the roles in their token: a
// system without roles, such as a PMR, has its own record.
const (
	AskNobody  Asked = "none"
	AskPersons Asked = "persons"
)

// guardResponsible keeps the record of responsible pharmacists: the operation alone
// writes it, and nobody removes it.
func guardResponsible(tx *fhir.Transaction, before, after *fhir.Version) error {
	for _, v := range []*fhir.Version{before, after} {
		if v == nil || v.Deleted() {
			continue
		}
		r, err := v.Resource()
		if err != nil {
			return err
		}
		of := nhs.Extension(r.Root(), extResponsible).Exists() || nhs.Identifier(r.Root(), idResponsible).Exists() || nhs.Identifier(r.Root(), idPerson).Exists()
		for c := range r.Get("code").Get("coding").Items() {
			of = of || c.Get("system").Text() == csResponsible
		}
		if of && (!pharmacy.Own(tx, after) || after.Deleted()) {
			return refusal("responsible-pharmacist", fhir.Issue{Rule: "RP-record", Expression: "Basic", Message: "The record of responsible pharmacists is written by signing in and out, and is not removed.", Found: after.Ref(),
				Fix: "Use Basic/$responsible-pharmacist: a correction is a further act with a note."})
		}
	}
	return nil
}

// guardSupply refuses a supply while no responsible pharmacist is signed in at the
// caller's pharmacy, by whatever way it comes.
func (s *Service) guardSupply(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if s.present != AskPersons || len(tx.Requester.Roles) == 0 || !tx.Requester.Bound() || after.Deleted() {
		return nil
	}
	stated, err := statesSupply(after)
	if err != nil || !stated {
		return err
	}
	if before != nil {
		if stated, err = statesSupply(before); err != nil || stated {
			return err // nothing is supplied now
		}
	}
	org := cmp.Or(tx.Requester.OnBehalf, s.site)
	p, err := responsibleOf(state, org)
	if err != nil || p.Presence == SignedIn || p.Presence == Absent && ruleOn(ruleInAbsence, nhs.DateOf(after.LastUpdated)) == "allowed" {
		return err
	}
	found := "nobody is signed in"
	if p.Presence == Absent {
		found = cmp.Or(p.Who.Name, p.Who.ID) + " is absent since " + p.Left.UTC().Format(time.RFC3339)
	}
	return refusal("supply", fhir.Issue{Rule: "RP-supply", Expression: "MedicationDispense", Message: "Nothing is supplied while no responsible pharmacist is present at the pharmacy.",
		Expected: "a responsible pharmacist who is signed in for " + org, Found: found, Fix: "A pharmacist signs in, or returns, with Basic/$responsible-pharmacist."})
}

func statesSupply(v *fhir.Version) (bool, error) {
	if v.Deleted() {
		return false, nil
	}
	r, err := v.Resource()
	if err != nil {
		return false, err
	}
	_, ok := StatesSupply(r.Root())
	return ok, nil
}
