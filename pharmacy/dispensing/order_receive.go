package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// receiveOrder stores a prescription with all its parts. What follows from it
// is the follower's.
func (s *Service) receiveOrder(call *fhir.Call, m *message.Message, state fhir.State) (*outcome, error) {
	mr := m.List("MedicationRequest")[0]
	number := mr.Path("groupIdentifier", "value")
	if err := known(state, number); err != nil {
		return nil, err
	}
	if err := alive(state, m, s.site.ODS, call.Requester); err != nil {
		return nil, err
	}
	remarks, err := remarksOn(state, m, s.site.ODS, call.Requester)
	if err != nil {
		return nil, err
	}
	return &outcome{changes: m.Parts(number.Text()), reply: informational(call, remarks...)}, nil
}

// known refuses a prescription that is here already.
func known(state fhir.State, number node) error {
	before, err := state.Current("Bundle", message.OrderBundleID(number.Text()))
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
		Fix: "Repeat a request with its own X-Request-ID; give another prescription another id.", Details: nhs.EPS("DUPLICATE_PRESCRIPTION_ID"),
	})
}

// alive refuses a prescription for a patient whom the server knows to be dead.
func alive(state fhir.State, m *message.Message, site string, who fhir.Principal) error {
	for p := range m.All("Patient") {
		stored, err := patientOf(state, site, who, nhs.Identifier(p, nhs.IDNHS).Text())
		if err != nil {
			return err
		}
		if stored != nil && message.Deceased(stored.Root()).Exists() {
			issue := message.DeceasedIssue
			issue.Rule, issue.Expression, issue.Position = "0001", p.Expression(), p.Position()
			return refusal("prescription-order", issue)
		}
	}
	return nil
}
