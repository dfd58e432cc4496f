package invoicing

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Duties refuse an act by the person who did an earlier one on the same record.
type Duties interface {
	Separate(state fhir.State, act, about string, who fhir.Principal, earlier string) error
}

// The Task by which one person asks that more is refunded than one person may, and
// another confirms it. Its systems are those of package reimbursement's Tasks.
const (
	csWork      = nhs.Own + "CodeSystem/money-work"
	csWorkInput = nhs.Own + "CodeSystem/money-work-input"
	refundTask  = "refund"

	refundOf     = "payment"
	refundAmount = "amount"
	refundReason = "reason"
)

// refundTaskID is the id of the Task that asks for the n-th refund of a payment.
func refundTaskID(notice string, n int) string {
	return pharmacy.ID("Task", refundTask, notice, strconv.Itoa(n))
}

// twoPersons reports whether the people who ask for a refund are compared: where their
// tokens name roles. Programs, and what a provider tells, are not people.
func (s *Service) twoPersons(who fhir.Principal) bool {
	return s.duties != nil && who.Bound() && len(who.Roles) > 0
}

// refundLimit is how much of a payment one person refunds, all refunds of it together.
func (s *Service) refundLimit(state fhir.State, of string, on nhs.Date) (int64, error) {
	book, err := s.shelf.book(state)
	if err != nil {
		return 0, err
	}
	return book.For(of, "", on).RefundLimit(), nil
}

// isRefundTask reports whether a resource is a Task that asks for a refund.
func isRefundTask(r *fhir.Resource) bool {
	return r != nil && r.Type() == "Task" && nhs.Coded(r.Get("code"), csWork) == refundTask
}

// workInput is the value of an input of such a Task.
func workInput(r *fhir.Resource, name, value string) fhir.Node {
	for in := range r.Get("input").Items() {
		if nhs.Coded(in.Get("type"), csWorkInput) == name {
			return in.Get(value)
		}
	}
	return fhir.Node{}
}

// asks is the Task by which somebody asks for a refund.
func (m *movement) asks(id string, who fhir.Principal) *fhir.Resource {
	input := func(name, kind string, value any) fhir.Value {
		return fhir.Obj("type", fhir.Obj("coding", fhir.List(fhir.Obj("system", csWorkInput, "code", name))), kind, value)
	}
	return fhir.Obj("resourceType", "Task", "id", id, "status", "requested", "intent", "proposal",
		"code", fhir.Obj("coding", fhir.List(fhir.Obj("system", csWork, "code", refundTask, "display", "Refund a payment"))),
		"description", fmt.Sprintf("Refund %s of %s. Another person confirms it by the same request.", prices.Sterling(-m.pence), m.of),
		"focus", fhir.Obj("reference", m.of), "authoredOn", m.recorded.UTC().Format(fhir.InstantLayout),
		"requester", fhir.Obj("identifier", fhir.Obj("value", who.Agent), "display", who.Display), "owner", organisation(m.pharmacy),
		"input", fhir.List(input(refundOf, "valueReference", fhir.Obj("reference", m.of)), input(refundAmount, "valueMoney", money(-m.pence)), input(refundReason, "valueString", m.note))).Resource()
}

// agreedRefund is what two people say of the n-th refund of a payment: nothing where
// one is enough, of all refunds of it that come to total pence. It returns the change
// that completes what another person asked for, or, where nobody asked for the same,
// the change that asks for it.
func (s *Service) agreedRefund(state fhir.State, m *movement, n int, total int64, who fhir.Principal) (done, ask *fhir.Change, err error) {
	if !s.twoPersons(who) {
		return nil, nil, nil
	}
	limit, err := s.refundLimit(state, m.pharmacy, nhs.DateOf(m.recorded))
	if err != nil || total <= limit {
		return nil, nil, err
	}
	id := refundTaskID(strings.TrimPrefix(m.of, "PaymentNotice/"), n)
	standing, err := state.Current("Task", id)
	if err != nil {
		return nil, nil, err
	}
	if standing == nil {
		return nil, &fhir.Change{Method: fhir.Update, Type: "Task", ID: id, Resource: m.asks(id, who), IfNoneMatch: true}, nil
	}
	task, err := standing.Resource()
	if err != nil {
		return nil, nil, err
	}
	if pence(workInput(task, refundAmount, "valueMoney")) != -m.pence {
		return nil, &fhir.Change{Method: fhir.Update, Type: "Task", ID: id, Resource: m.asks(id, who), IfMatch: standing.VersionID}, nil
	}
	if err := s.confirmsRefund(state, who, standing.Requester.Agent); err != nil {
		return nil, nil, err
	}
	completed := fhir.Revise(task, "status", "completed", "lastModified", m.recorded.UTC().Format(fhir.InstantLayout))
	return &fhir.Change{Method: fhir.Update, Type: "Task", ID: id, Resource: completed, IfMatch: standing.VersionID}, nil, nil
}

// confirmsRefund refuses who asked for a refund themselves.
func (s *Service) confirmsRefund(state fhir.State, who fhir.Principal, asked string) error {
	err := s.duties.Separate(state, "refund", "PaymentNotice", who, asked)
	if err == nil && who.Agent == asked {
		err = fhir.E("refund", fhir.Forbidden, fhir.Issue{Rule: "second-person", Message: "This needs another person: whoever asked for the refund does not confirm it.", Found: asked,
			Expected: "another person with a role that allows it", Fix: "Have a second person do it, with a token of their own."})
	}
	return err
}

// guardRefundTask keeps the Tasks that ask for refunds from plain writes, and their
// completion from who asked.
func (s *Service) guardRefundTask(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	var was, is *fhir.Resource
	var err error
	if before != nil && !before.Deleted() {
		if was, err = before.Resource(); err != nil {
			return err
		}
	}
	if !after.Deleted() {
		if is, err = after.Resource(); err != nil {
			return err
		}
	}
	switch {
	case !isRefundTask(was) && !isRefundTask(is) || tx.Purges():
		return nil
	case !pharmacy.Own(tx, after) || is == nil:
		return derivedRecord(after, ways["PaymentNotice"])
	case s.twoPersons(tx.Requester) && is.Get("status").Text() == "completed":
		if was == nil {
			return unaskedRefund(after.Ref())
		}
		return s.confirmsRefund(state, tx.Requester, before.Requester.Agent)
	}
	return nil
}

// guardRefund wants a refund that a person makes, and that takes more of a payment back
// than one person may, to be asked for by another: by the Task that the same commit
// completes.
func (s *Service) guardRefund(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if after.Type != "PaymentNotice" || before != nil || after.Deleted() || !s.twoPersons(tx.Requester) {
		return nil
	}
	r, err := after.Resource()
	if err != nil {
		return err
	}
	of, ok := strings.CutPrefix(r.Root().Path("response", "reference").Text(), "PaymentNotice/")
	amount := pence(r.Get("amount"))
	if !ok || amount >= 0 || !nhs.Identifier(r.Root(), idPayment).Exists() {
		return nil
	}
	ids, err := state.Find("PaymentNotice", "response="+nhs.Text("PaymentNotice/"+of))
	if err != nil {
		return err
	}
	total := -amount
	for _, id := range ids {
		if id == after.ID {
			continue
		}
		other, err := current(state, "PaymentNotice", "PaymentNotice/"+id)
		if err != nil {
			return err
		}
		if other != nil {
			total -= pence(other.Get("amount"))
		}
	}
	limit, err := s.refundLimit(state, r.Root().Path("provider", "identifier", "value").Text(), nhs.DateOf(after.LastUpdated))
	if err != nil || total <= limit {
		return err
	}
	if slices.ContainsFunc(tx.Changes, func(c fhir.Change) bool {
		return c.Type == "Task" && isRefundTask(c.Resource) && c.Resource.Get("status").Text() == "completed" &&
			workInput(c.Resource, refundOf, "valueReference").Get("reference").Text() == "PaymentNotice/"+of && pence(workInput(c.Resource, refundAmount, "valueMoney")) == -amount
	}) {
		return nil
	}
	return unaskedRefund(after.Ref())
}

func unaskedRefund(ref string) error {
	return fhir.E("refund", fhir.Forbidden, fhir.Issue{Rule: "second-person", Message: "A refund above the limit is made by two people: nobody has asked for this one.", Found: ref,
		Fix: "Ask for it: POST PaymentNotice/[id]/$refund. Another person confirms it by the same request."})
}
