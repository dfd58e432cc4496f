package dispensing

import (
	"strings"

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
	if r.Get("status").Text() != "completed" || !handsOver(r.Root()) {
		return nil
	}
	x, l, err := suppliedLine(state, r.Root())
	if err != nil || l == nil {
		return err
	}
	// MDR-16: the same test as before the operation, on the state of the commit.
	supply := Supply{Item: l.Item, Quantity: l.Quantity, Place: "MedicationDispense.whenHandedOver"}
	j := Judge{Law: s.law, FromReceipt: s.fromReceipt, When: readDate(r.Get("whenHandedOver").Text()), Past: true, Original: x.original != ""}
	if issues := x.lawful(l, supply, j); len(issues) > 0 {
		return refusal("MedicationDispense", issues...)
	}
	return nil
}

// handsOver reports whether a MedicationDispense that is completed tells of a
// supply: one that does not say what became of its item does.
func handsOver(d node) bool {
	return coded(d.Get("type"), csLineStatus) == "" || suppliedBy(d).IsPositive()
}

// suppliedLine is the item that a MedicationDispense is for, whether it carries
// the order inside or refers to the server's; nil where it is of no
// prescription that has a Task.
func suppliedLine(state fhir.State, d node) (*execution, *Line, error) {
	number, item := "", ""
	if mr := authorizing(d); mr.Path("groupIdentifier", "system").Text() == idOrder {
		number, item = mr.Path("groupIdentifier", "value").Text(), identifier(mr, idItem).Text()
	}
	for ref := range d.Get("authorizingPrescription").Items() {
		current, _, _ := strings.Cut(ref.Get("reference").Text(), "/_history/")
		if localID(current, "MedicationRequest") == "" {
			continue
		}
		o, err := currentOrder(state, current)
		if err != nil {
			return nil, nil, err
		}
		if o != nil && o.number() != "" {
			number, item = o.number(), o.item()
		}
	}
	if number == "" {
		return nil, nil, nil
	}
	x, err := currentIssue(state, number)
	if err != nil || x == nil {
		return nil, nil, err
	}
	return x, x.line(item), nil
}
