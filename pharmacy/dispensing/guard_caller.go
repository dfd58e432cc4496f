package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// guardCaller holds the plain writes of a caller to what their organisation may
// do with a prescription: its prescriber writes its orders, its pharmacy its Task
// and its records of supply. The operations ask for themselves.
func (s *Service) guardCaller(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if tx.Derived || !tx.Requester.Bound() {
		return nil
	}
	var may func(state fhir.State, v *fhir.Version, who fhir.Principal) (bool, error)
	switch after.Type {
	case "MedicationRequest":
		may = mayOrder
	case "Task":
		may = s.mayTask
	case "MedicationDispense":
		may = s.maySupply
	case "Bundle":
		may = mayKeep
	case "Organization", "PractitionerRole":
		return guardIdentity(state, tx.Requester, before, after)
	default:
		return nil
	}
	for _, v := range []*fhir.Version{before, after} {
		if v == nil || v.Deleted() {
			continue
		}
		if ok, err := may(state, v, tx.Requester); err != nil {
			return err
		} else if !ok {
			return fhir.E("guard", fhir.Forbidden, fhir.Issue{Rule: "actor", Expression: after.Type, Message: "The caller's organisation may not write this " + after.Type + ".",
				Found: fhir.OrNothing(tx.Requester.OnBehalf), Expected: "of a prescription: its prescriber for the orders, its pharmacy for the Task and the supplies"})
		}
	}
	return nil
}

// mayOrder reports whether the caller may write an order: one of a prescription
// is its prescriber's, and so are all others of its number. Whoever else adds one
// is told nothing of them.
func mayOrder(state fhir.State, v *fhir.Version, who fhir.Principal) (bool, error) {
	o, err := prescription.ReadOrder(v)
	if err != nil || !o.Prescribed() {
		return err == nil, err
	}
	orders, err := ordersOf(state, o.Number())
	if err != nil {
		return false, err
	}
	for _, other := range append(orders, o) {
		if may, err := orderedBy(state, other, who); err != nil || !may {
			return false, err
		}
	}
	return true, nil
}

// orderedBy is prescribedBy, or, where an order came without a message and does not
// tell who prescribed it, whether the caller wrote it first.
func orderedBy(state fhir.State, o *prescription.Order, who fhir.Principal) (bool, error) {
	own, err := prescribedBy(state, o, who)
	if own || err != nil {
		return own, err
	}
	org, err := organizationOf(state, o.Resource.Root().Path("requester", "reference").Text())
	if err != nil || org.ID != "" {
		return false, err
	}
	sent, err := read(state, "Bundle/"+message.OrderBundleID(o.Number()), "Bundle")
	if err != nil || sent != nil {
		return false, err
	}
	first, err := state.First("MedicationRequest", o.Version.ID)
	if first == nil {
		first = o.Version
	}
	return who.ActsFor(first.Requester.OnBehalf), err
}

// mayTask reports whether the caller may write the Task of a prescription; one
// of another kind anybody may.
func (s *Service) mayTask(state fhir.State, v *fhir.Version, who fhir.Principal) (bool, error) {
	x, err := readTask(state, v)
	if err != nil || x == nil || s.dispenserOf(x, who) {
		return err == nil, err
	}
	if !x.State.Open() && x.State != prescription.Cancelled {
		return false, nil
	}
	return x.sentFor(state, who)
}

// maySupply reports whether the caller may write a MedicationDispense: one of a
// prescription is its pharmacy's.
func (s *Service) maySupply(state fhir.State, v *fhir.Version, who fhir.Principal) (bool, error) {
	r, err := v.Resource()
	if err != nil {
		return false, err
	}
	number, _, err := suppliedOrder(state, r.Root())
	if err != nil || number == "" {
		return err == nil, err
	}
	x, err := currentIssue(state, number)
	return err == nil && (x == nil || s.dispenserOf(x, who)), err
}

// mayKeep keeps callers from writing what $process-message keeps: by its message
// the sender of a prescription is known.
func mayKeep(_ fhir.State, v *fhir.Version, _ fhir.Principal) (bool, error) {
	r, err := v.Resource()
	if err != nil || r.Get("type").Text() != "message" {
		return err == nil, err
	}
	m := message.Read(r, prescription.Law{})
	return v.ID != message.OrderBundleID(m.Number()) && v.ID != message.NotificationBundleID(m.ID()), nil
}
