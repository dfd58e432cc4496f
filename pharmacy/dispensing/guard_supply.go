package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
)

// guardSupply holds supplies of controlled drugs to the law.
func (s *Service) guardSupply(state fhir.State, _, after *fhir.Version) error {
	if after.Deleted() {
		return nil
	}
	r, err := after.Resource()
	if err != nil {
		return err
	}
	mr := authorizing(r.Root())
	if !suppliedBy(r.Root()).IsPositive() || r.Get("status").Text() != "completed" || mr.Path("groupIdentifier", "system").Text() != idOrder {
		return nil
	}
	x, err := currentIssue(state, mr.Path("groupIdentifier", "value").Text())
	if err != nil || x == nil {
		return err
	}
	l := x.line(identifier(mr, idItem).Text())
	if l == nil {
		return nil
	}
	// MDR-16: the same test as before the operation, on the state of the commit.
	supply := Supply{Item: l.Item, Quantity: l.Quantity, Place: "MedicationDispense.whenHandedOver"}
	j := Judge{Law: s.law, FromReceipt: s.fromReceipt, When: readDate(r.Get("whenHandedOver").Text()), Past: true, Original: x.original != ""}
	if issues := x.lawful(l, supply, j); len(issues) > 0 {
		return refusal("MedicationDispense", issues...)
	}
	return nil
}
