package register

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// guardGoods wants that what the pharmacy supplied on a requisition is recorded by the
// operation that enters it: a SupplyRequest or a SupplyDelivery of a drug that the register
// is kept for is not completed by hand, and not altered when it is.
func (s *Service) guardGoods(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if pharmacy.Own(tx, after) || tx.Purges() {
		return nil
	}
	was, err := s.completed(state, before, tx.Requester)
	if err != nil {
		return err
	}
	is, err := s.completed(state, after, tx.Requester)
	if err != nil || !was && !is {
		return err
	}
	issue := fhir.Issue{Rule: "REG-6", Expression: after.Type + ".status", Message: "What the pharmacy supplied of a drug of the register is recorded by the operation that enters it in the register.", Found: "completed",
		Fix: "Leave the requisition active, and record the supply by Basic/$supply-requisition with it as the requisition. What a patient is supplied is a MedicationDispense."}
	if was {
		// MDR-20: the requisition is what an entry was made on.
		issue = fhir.Issue{Rule: "MDR-20", Expression: after.Type, Message: "The record of a supply on a requisition is neither altered nor removed.", Expected: "version " + before.VersionID + " as it is", Found: "a change",
			Fix: "Correct the register by Basic/$correct-register, which adds a dated note."}
	}
	return refusal(after.Type, issue)
}

// completed reports whether a version says that the pharmacy supplied a drug that the
// register is kept for. What does not name its supplier is taken for the pharmacy's.
func (s *Service) completed(state fhir.State, v *fhir.Version, who fhir.Principal) (bool, error) {
	if v == nil || v.Deleted() {
		return false, nil
	}
	r, err := v.Resource()
	if err != nil || r.Get("status").Text() != "completed" {
		return false, err
	}
	ours := !r.Get("supplier").Exists()
	for supplier := range r.Get("supplier").Items() {
		ods := nhs.Identifier(supplier, nhs.IDODS).Text()
		if org, err := current(state, supplier.Get("reference").Text()); err != nil {
			return false, err
		} else if ods == "" && org != nil {
			ods = nhs.Identifier(org.Root(), nhs.IDODS).Text()
		}
		ours = ours || ods != "" && (ods == s.site || who.ActsFor(ods))
	}
	if !ours {
		return false, nil
	}
	on := nhs.DateOf(v.LastUpdated)
	_, p, err := medicineOf(state, s.medicines, r.Root(), "", on)
	return err == nil && kept(p.Schedule, on, s.also), err
}
