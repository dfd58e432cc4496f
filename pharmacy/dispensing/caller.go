package dispensing

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// What a body says about who sends it, or who acts, is compared with the
// organisation that the caller is known to act for: it never decides. A caller
// is a pharmacy on the prescriptions that it holds or that are nominated to it,
// and where it is this server's; the prescriber on those that it sent.

// mayCancel refuses the cancellation of an order that another organisation
// prescribed. The number of a prescription names the organisation that issued it,
// so that one which is not here is refused alike to who did not.
func mayCancel(state fhir.State, m *message.Message, who fhir.Principal) error {
	if !who.Bound() {
		return nil
	}
	number := m.List("MedicationRequest")[0].Path("groupIdentifier", "value")
	orders, err := ordersOf(state, number.Text())
	if err != nil {
		return err
	}
	if len(orders) == 0 && issuedBy(number.Text(), who) {
		return nil
	}
	for _, o := range orders {
		own, err := prescribedBy(state, o, who)
		if err != nil || own {
			return err
		}
	}
	// The same whatever is here: the number tells nothing that the caller did not know.
	return who.NotFor(m.Event(), number, number.Text())
}

// issuedBy reports whether the number of a prescription has the caller's
// organisation in its middle, filled up with zeros.
func issuedBy(number string, who fhir.Principal) bool {
	parts := strings.Split(number, "-")
	if len(parts) != 3 {
		return false
	}
	middle := strings.TrimRight(parts[1], "0")
	for _, org := range append([]string{who.OnBehalf}, who.Delegates...) {
		if org != "" && strings.EqualFold(strings.TrimRight(org, "0"), middle) {
			return true
		}
	}
	return false
}

// prescribedBy reports whether an order was prescribed in an organisation that
// the caller acts for. The message that the order came in tells it alone, since
// nobody can change that; for an order without one it is who its requester works
// for.
func prescribedBy(state fhir.State, o *prescription.Order, who fhir.Principal) (bool, error) {
	b, err := read(state, "Bundle/"+message.OrderBundleID(o.Number()), "Bundle")
	if err != nil {
		return false, err
	}
	if b != nil {
		if m := message.Read(b, prescription.Law{}); strings.EqualFold(m.Number(), o.Number()) {
			return slices.ContainsFunc(append(m.Senders(), m.Requesters()...), func(n node) bool { return who.ActsFor(n.Text()) }), nil
		}
	}
	org, err := organizationOf(state, o.Resource.Root().Path("requester", "reference").Text())
	return org.ID != "" && who.ActsFor(org.ID), err
}

// sentFor reports whether the caller acts for who sent the prescription: what its
// orders say, and what its Task says only where it has none.
func (x *execution) sentFor(state fhir.State, who fhir.Principal) (bool, error) {
	if len(x.orders) == 0 {
		return x.Sender.ID != "" && who.ActsFor(x.Sender.ID), nil
	}
	for _, o := range x.orders {
		if own, err := prescribedBy(state, o, who); err != nil || own {
			return own, err
		}
	}
	return false, nil
}

// dispenserOf reports whether the caller is the pharmacy that the prescription is
// with, or is to go to: its owner, or, while nobody holds it, the pharmacy it is
// nominated to; where none is, this server's.
func (s *Service) dispenserOf(x *execution, who fhir.Principal) bool {
	switch {
	case !x.State.Open() && x.Owner.ID != "":
		return who.ActsFor(x.Owner.ID)
	case x.Nominee.ID != "":
		return who.ActsFor(x.Nominee.ID)
	case s.site.ODS != "":
		return who.ActsFor(s.site.ODS)
	}
	return true
}

// mayAct tells who asks, and refuses an operation on a Task to who is not its pharmacy, or for
// $cancel not its prescriber. The prescriber, who knows of the prescription, is
// told so (403), and so is the pharmacy that would cancel; to anybody else there
// is no such Task.
func (s *Service) mayAct(state fhir.State, x *execution, op string, who fhir.Principal) (prescription.Caller, error) {
	if !who.Bound() {
		return prescription.Caller{Principal: who}, nil
	}
	sent, err := x.sentFor(state, who)
	if err != nil {
		return prescription.Caller{}, err
	}
	dispenses := s.dispenserOf(x, who)
	if sent && s.site.ODS == "" && x.State.Open() && x.Nominee.ID == "" {
		dispenses = false // the prescriber is not a pharmacy because none is known
	}
	switch {
	case op == "cancel" && sent, op != "cancel" && dispenses, op == progressOp && sent:
		return prescription.Caller{Principal: who, Prescribes: sent, Dispenses: dispenses}, nil
	case sent || dispenses:
		return prescription.Caller{}, fhir.E(op, fhir.Forbidden, fhir.Issue{Rule: "actor", Message: "The caller's organisation does not do this.", Expression: "Task", Found: who.OnBehalf,
			Expected: map[bool]string{true: "the prescriber's organisation", false: "the pharmacy that has the prescription"}[op == "cancel"]})
	}
	return prescription.Caller{}, noTask(op, x.version.ID)
}

// mayTake refuses a pharmacy that takes a prescription for another.
func (t *taker) mayTake(op string, body *fhir.Resource, who fhir.Principal) error {
	if who.ActsFor(t.owner.ID) {
		return nil
	}
	said := node{}
	if body != nil {
		said = message.Parameter(body, "owner")
	}
	return who.NotFor(op, said, t.owner.ID)
}
