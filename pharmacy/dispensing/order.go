package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// receiveOrder stores a prescription with all its parts. What follows from it
// is the follower's.
func (s *Service) receiveOrder(call *fhir.Call, m *message, state fhir.State) (*outcome, error) {
	mr := m.list("MedicationRequest")[0]
	number := mr.Path("groupIdentifier", "value")
	if err := m.known(state, number); err != nil {
		return nil, err
	}
	if err := m.alive(state, s.site.ODS, call.Requester); err != nil {
		return nil, err
	}
	remarks, err := m.remarksOn(state, s.site.ODS, call.Requester)
	if err != nil {
		return nil, err
	}
	return &outcome{changes: m.parts(number.Text()), reply: informational(call, remarks...)}, nil
}

// known refuses a prescription that is here already.
func (m *message) known(state fhir.State, number node) error {
	before, err := state.Current("Bundle", orderMessageID(number.Text()))
	if err != nil {
		return err
	}
	orders, err := ordersOf(state, number.Text())
	if err != nil || before == nil && len(orders) == 0 {
		return err
	}
	// 0002: duplicate prescription.
	return refusal("prescription-order", fhir.Issue{
		Code: fhir.Duplicate, Rule: "0002", Message: "The prescription " + number.Text() + " is here already.",
		Expression: number.Expression(), Position: number.Position(),
		Fix: "Repeat a request with its own X-Request-ID; give another prescription another id.", Details: eps("DUPLICATE_PRESCRIPTION_ID"),
	})
}

// alive refuses a prescription for a patient whom the server knows to be dead.
func (m *message) alive(state fhir.State, site string, who fhir.Principal) error {
	for p := range m.all("Patient") {
		stored, err := patientOf(state, site, who, nhs.Identifier(p, nhs.IDNHS).Text())
		if err != nil {
			return err
		}
		if stored != nil && deceased(stored.Root()).Exists() {
			issue := deceasedIssue
			issue.Rule, issue.Expression, issue.Position = "0001", p.Expression(), p.Position()
			return refusal("prescription-order", issue)
		}
	}
	return nil
}
