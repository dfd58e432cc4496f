package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// guardTask holds the Tasks of prescriptions to the state machine.
func (s *Service) guardTask(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	to, err := stateOf(after)
	if err != nil {
		return err
	}
	from, err := stateOf(before)
	if err != nil {
		return err
	}
	switch {
	case from == nil && to == nil:
		return guardWork(tx, before, after)
	case from == nil:
		return guardNewTask(state, after, *to)
	case to == nil && from.Open():
		return guardOpenWork(tx, before, from, to)
	case to == nil || !prescription.MayBecome(*from, *to):
		found := "no Task of a prescription"
		if to != nil {
			found = to.String()
		}
		// 0012: an illegal move.
		return refusal("Task", fhir.Issue{Rule: "0012", Message: "The Task cannot make this move.", Expression: "Task.businessStatus",
			Expected: prescription.NextStates(*from), Found: found, Fix: "Use the operations on Task.", Details: nhs.EPS("PRESCRIPTION_INVALID_STATE_TRANSITION")})
	}
	if err := s.guardDates(state, before, after); err != nil {
		return err
	}
	if err := guardProgress(tx, before, after, *from, *to); err != nil {
		return err
	}
	if err := guardOpenWork(tx, before, from, to); err != nil {
		return err
	}
	if err := s.guardActs(state, tx, before, after); err != nil {
		return err
	}
	return guardContent(state, before, after, *from, *to)
}

// guardActs keeps what needs another person than an earlier act: who prescribed an
// item does not approve it, and who approved it does not check it, but where a check
// says that nobody else is there.
func (s *Service) guardActs(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	approved, checked, err := recordsIn(before)
	if err != nil || s.duties == nil {
		return err
	}
	nowApproved, nowChecked, err := recordsIn(after)
	if err != nil || nowApproved <= approved && nowChecked <= checked {
		return err
	}
	x, err := readTask(state, after)
	if err != nil || x == nil {
		return err
	}
	for _, a := range x.Approvals[min(approved, nowApproved):] {
		if l := x.Line(a.Item); l != nil {
			if err := s.duties.Separate(state, "approve", l.Schedule, tx.Requester, prescriberOf(x.orderFor(l))); err != nil {
				return err
			}
		}
	}
	for _, c := range x.Checks[min(checked, nowChecked):] {
		l := x.Line(c.Item)
		if l == nil || c.Alone {
			continue
		}
		for _, a := range x.Approvals {
			if a.Void || !nhs.SameUUID(a.Item, l.Item) {
				continue
			}
			if err := s.duties.Separate(state, "check", l.Schedule, tx.Requester, a.Who.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// prescriberOf is the name of who prescribed an order: a reference, or an identifier.
func prescriberOf(o *prescription.Order) string {
	requester := o.Resource.Get("requester")
	if ref := requester.Get("reference").Text(); ref != "" {
		return ref
	}
	if id := requester.Get("identifier"); id.Exists() {
		return id.Get("system").Text() + "|" + id.Get("value").Text()
	}
	return ""
}

// recordsIn is how many approvals and checks a Task records.
func recordsIn(v *fhir.Version) (approved, checked int, err error) {
	r, err := v.Resource()
	if err != nil || r == nil {
		return 0, 0, err
	}
	for in := range r.Get("input").Items() {
		switch nhs.Coded(in.Get("type"), csRecord) {
		case recordApproved:
			approved++
		case recordChecked:
			checked++
		}
	}
	return approved, checked, nil
}

// guardDates keeps the days between which a prescription may be supplied: they
// follow from its orders and their signature. A follower that did not see the
// newest of them yet meets a conflict, and steps again.
func (s *Service) guardDates(state fhir.State, before, after *fhir.Version) error {
	old, err := before.Resource()
	if err != nil {
		return err
	}
	r, err := after.Resource()
	if err != nil || sameDates(old, r) {
		return err
	}
	orders, err := ordersOf(state, r.Root().Path("groupIdentifier", "value").Text())
	if err != nil {
		return err
	}
	if len(orders) > 0 {
		d, err := s.draft(state, orders)
		if err != nil || sameDates(d.newTask(s.rules().Law, d.authored), r) {
			return err
		}
	}
	// MDR-16, HMR-217: validity counts from the signature, not from what the Task says.
	return refusal("Task", fhir.Issue{Code: fhir.Conflict, Rule: "MDR-16", Message: "The dates of a prescription follow from its orders.", Expression: "Task.restriction",
		Expected: old.Get("restriction").Brief(), Found: r.Get("restriction").Brief(), Fix: "Leave authoredOn and restriction as they are."})
}

func sameDates(a, b *fhir.Resource) bool {
	return a.Get("authoredOn").SameAs(b.Get("authoredOn")) && a.Get("restriction").SameAs(b.Get("restriction"))
}

// guardContent refuses a state that the rest of the Task does not bear out: a
// dispenser that is not named or another than holds it, a prescription that is
// finished while items are outstanding or nothing was notified.
func guardContent(state fhir.State, before, after *fhir.Version, from, to prescription.State) error {
	x, err := readTask(state, after)
	if err != nil {
		return err
	}
	old, err := readTask(state, before)
	if err != nil {
		return err
	}
	issue := fhir.Issue{Rule: "0012", Expression: "Task.businessStatus", Found: to.String(), Fix: "Use the operations on Task.", Details: nhs.EPS("PRESCRIPTION_INVALID_STATE_TRANSITION")}
	switch {
	case x == nil:
		issue.Message = "The Task has lost its items."
	case to.WithDispenser() && (x.Owner.ID == "" || x.release.id == ""):
		issue.Message = "The Task does not say which pharmacy holds the prescription, and since when."
	case to.WithDispenser() && from.WithDispenser() && old != nil && old.Owner.ID != x.Owner.ID:
		issue.Message, issue.Expression = "Another pharmacy holds the prescription.", "Task.owner"
		issue.Expected, issue.Found, issue.Fix = old.Owner.ID, x.Owner.ID, "Return it first, so that the other pharmacy can accept it."
	case (to == prescription.Dispensed || to == prescription.NoneDispensed) && x.Settle() != to:
		issue.Message = "The notifications do not amount to this."
		issue.Expected = x.Settle().String()
	default:
		return nil
	}
	return refusal("Task", issue)
}

// guardNewTask lets only Tasks begin that wait, or that are over already.
func guardNewTask(state fhir.State, after *fhir.Version, to prescription.State) error {
	r, err := after.Resource()
	if err != nil {
		return err
	}
	if to.Open() || to == prescription.Cancelled {
		for issue := 1; issue <= maxIssues; issue++ {
			if number := r.Root().Path("groupIdentifier", "value").Text(); after.ID == TaskID(number, issue) {
				return longIDFree(state, nhs.Identifier(r.Root(), nhs.IDOrderUUID), number)
			}
		}
	}
	return refusal("Task", fhir.Issue{Rule: "0012", Message: "The Task of a prescription comes from its orders.", Expression: "Task",
		Fix: "Send the MedicationRequests; the server makes the Task.", Details: nhs.EPS("PRESCRIPTION_INVALID_STATE_TRANSITION")})
}

// maxIssues is how often a repeat dispensing prescription may be issued.
const maxIssues = 99

// stateOf is the state of a Task of a prescription; nil for any other version.
func stateOf(v *fhir.Version) (*prescription.State, error) {
	if v == nil || v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil || !isOurs(r) {
		return nil, err
	}
	return &prescription.State{Status: r.Get("status").Text(), Business: nhs.Coded(r.Get("businessStatus"), nhs.CSBusinessStatus)}, nil
}
