package dispensing

import (
	"slices"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// guardOrder holds orders to the rules of their prescription. One that becomes
// part of a prescription by an update is held to what a new one must keep.
func (s *Service) guardOrder(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if after.Deleted() {
		return guardRemoval(state, before)
	}
	o, err := prescription.ReadOrder(after)
	if err != nil {
		return err
	}
	var old *prescription.Order
	if before != nil && !before.Deleted() {
		if old, err = prescription.ReadOrder(before); err != nil {
			return err
		}
	}
	if old != nil && old.Prescribed() {
		if err := guardChange(state, old, o.Resource); err != nil || old.Issued() {
			return err
		}
	}
	if !o.Prescribed() || !o.Issued() {
		return nil
	}
	if err := rightPatients(state, s.site.ODS, tx); err != nil {
		return err
	}
	return s.guardNewOrder(state, o)
}

// guardNewOrder is for an order that no prescription had before.
func (s *Service) guardNewOrder(state fhir.State, o *prescription.Order) error {
	x, err := currentIssue(state, o.Number())
	if err != nil || x != nil && x.hasOrder(o) {
		return err
	}
	orders, err := ordersOf(state, o.Number())
	if err != nil {
		return err
	}
	if len(orders) == 0 {
		orders = []*prescription.Order{o} // without a number, which no search finds
	}
	var f message.Findings
	f.Rule = "MDR-15"
	message.ControlledLine(o.Resource.Root(), &f, s.rules().Law, nhs.Later(nhs.ReadDate(o.Resource.Get("authoredOn").Text()), nhs.DateOf(o.Version.LastUpdated)))
	issues := append(message.GroupIssues(orders), f.Issues...)
	if abroad, ok, err := s.issuedAbroad(state, o); err != nil {
		return err
	} else if ok {
		issues = append(issues, abroad)
	}
	if len(issues) > 0 {
		return refusal("MedicationRequest", issues...)
	}
	if err := numbersFree(state, o); err != nil {
		return err
	}
	if x == nil || x.Issue == 1 && x.State.Open() {
		return nil
	}
	// 0012: a pharmacy has it already.
	return refusal("MedicationRequest", fhir.Issue{Rule: "0012", Message: "The prescription can take no further item.", Found: x.State.String(),
		Expression: "MedicationRequest.groupIdentifier", Fix: "Send the item as a prescription of its own.", Details: nhs.EPS("PRESCRIPTION_INVALID_STATE_TRANSITION")})
}

// issuedAbroad is MDR-15 of an order that nobody may supply, for its issuer is abroad.
func (s *Service) issuedAbroad(state fhir.State, o *prescription.Order) (issue fhir.Issue, ok bool, err error) {
	sent, err := read(state, "Bundle/"+message.OrderBundleID(o.Number()), "Bundle")
	if err != nil {
		return issue, false, err
	}
	mr, in := broughtBy(sent, o)
	issuer, err := issuerOf(state, mr, in)
	if err != nil {
		return issue, false, err
	}
	on := nhs.Later(nhs.ReadDate(mr.Get("authoredOn").Text()), nhs.DateOf(o.Version.LastUpdated))
	issue, ok = s.rules().Law.IssuedAbroad(mr, s.rules().ScheduleOf(mr, on), issuer, on)
	issue.Expression, issue.Position = "MedicationRequest.requester", o.Resource.Get("requester").Position()
	return issue, ok, nil
}

// progress are the elements of a signed order that may change; the signature
// covers the others.
var progress = []string{"id", "meta", "text", "status", "statusReason", "extension", "eventHistory", "detectedIssue"}

// sameExtensions compares the extensions that a prescriber signs.
func sameExtensions(a, b node) bool {
	signed := func(n node) (list []node) {
		for e := range n.Get("extension").Items() {
			if url := e.Get("url").Text(); url != nhs.ExtHistory && url != nhs.ExtDispensing {
				list = append(list, e)
			}
		}
		return list
	}
	return slices.EqualFunc(signed(a), signed(b), node.SameAs)
}

// guardChange keeps a signed order as it was signed, and its status in step
// with its Task.
func guardChange(state fhir.State, before *prescription.Order, after *fhir.Resource) error {
	old := before.Resource
	if name := altered(old, after); name != "" {
		// HMR-219: a change of what was signed must be detectable, so there is none.
		at, was, is := differs("MedicationRequest."+name, old.Get(name), after.Get(name))
		return refusal("MedicationRequest", fhir.Issue{Rule: "HMR-219", Message: "An order cannot be altered after it was signed.",
			Expression: at, Position: is.Position(), Expected: fhir.OrNothing(was.Brief()), Found: fhir.OrNothing(is.Brief()),
			Fix: "Cancel the order and prescribe anew."})
	}
	from, to := old.Get("status"), after.Get("status")
	if from.Text() == to.Text() {
		return nil
	}
	return inStep(state, before, to)
}

// differs is the first element in which two elements of one name differ, as deep as both
// have it, and what it was and is.
func differs(at string, was, is node) (string, node, node) {
	switch {
	case was.Kind() == fhir.Object && is.Kind() == fhir.Object:
		for _, side := range []node{was, is} {
			for m := range side.Members() {
				if a, b := was.Get(m.Name()), is.Get(m.Name()); !a.SameAs(b) {
					return differs(at+"."+m.Name(), a, b)
				}
			}
		}
	case was.Kind() == fhir.Array && is.Kind() == fhir.Array:
		for i := range min(was.Len(), is.Len()) {
			if a, b := was.Item(i), is.Item(i); !a.SameAs(b) {
				return differs(at+"["+strconv.Itoa(i)+"]", a, b)
			}
		}
	}
	return at, was, is
}

// altered is the first element of what was signed that differs, "" for none.
func altered(old, after *fhir.Resource) string {
	if !sameExtensions(old.Root(), after.Root()) {
		return "extension"
	}
	return changedMember(old, after, progress)
}

// inStep refuses a status that the order's Task does not bear out.
func inStep(state fhir.State, o *prescription.Order, to node) error {
	x, err := currentIssue(state, o.Number())
	if err != nil || x == nil || !x.hasOrder(o) {
		return err
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Ref == o.Version.Ref() && to.Text() != x.OrderStatus(l) {
			// 0013: the item's status follows from its Task.
			return refusal("MedicationRequest", fhir.Issue{Rule: "0013", Message: "The status of an order follows from what becomes of it.",
				Expression: to.Expression(), Position: to.Position(), Expected: x.OrderStatus(l), Found: to.Text(),
				Fix: "Use Task/$cancel, $dispense or $withdraw, or send a prescription-order-update.", Details: nhs.EPS("MEDICATIONREQUEST_INVALID_STATE_TRANSITION")})
		}
	}
	return nil
}

// guardRemoval keeps orders that a Task counts on.
func guardRemoval(state fhir.State, before *fhir.Version) error {
	if before == nil || before.Deleted() {
		return nil
	}
	r, err := before.Resource()
	if err != nil || r.Root().Path("groupIdentifier", "system").Text() != nhs.IDOrder {
		return err
	}
	v, err := state.Current("Task", TaskID(r.Root().Path("groupIdentifier", "value").Text(), 1))
	if err != nil || v == nil || v.Deleted() {
		return err
	}
	return refusal("MedicationRequest", fhir.Issue{Rule: "0013", Message: "The order is part of a prescription under way.", Expression: "MedicationRequest",
		Fix: "Cancel it instead.", Details: nhs.EPS("MEDICATIONREQUEST_INVALID_STATE_TRANSITION")})
}
