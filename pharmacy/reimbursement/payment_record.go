package reimbursement

import (
	"context"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// maxDifferences bounds the lines of a payment that differ: with more, it is not the
// payment of that month.
const maxDifferences = 5000

// Codes of csWork and csWorkInput for the differences in payments, and the decision on
// one that nobody has taken yet.
const (
	differenceTask = "payment-difference"
	inputKind      = "kind"
	inputName      = "figure"
	inputClaim     = "claim"
	inputExpected  = "expected"
	inputPaid      = "paid"
	undecided      = "open"
)

// paymentID is the id of the record of a payment.
func paymentID(org, reference string) string {
	return pharmacy.ID("PaymentReconciliation", org, reference)
}

// record records a payment with its differences, in one commit. What was recorded
// before under its reference is returned as it was.
func (s *Service) record(ctx context.Context, in *incoming, call *fhir.Call) (*fhir.Reply, error) {
	s.closing.Lock() // each run is matched with one payment
	defer s.closing.Unlock()
	state := s.db.State(ctx)
	id := paymentID(in.org, in.reference)
	before, err := state.Current("PaymentReconciliation", id)
	if err != nil {
		return nil, err
	}
	if before != nil {
		return again(in, before)
	}
	others, err := paymentsOf(state, in.month, in.org)
	if err != nil {
		return nil, err
	}
	last, err := lastRun(state, in.month, in.org)
	if err != nil {
		return nil, err
	}
	if last == 0 {
		return nil, fhir.E("payment", fhir.BusinessRule, fhir.Issue{Rule: "month-is-closed", Expression: "month", Message: "The month is not closed, so nothing was submitted that could be paid.",
			Expected: "a month that was closed", Found: in.month.String() + " of " + in.org, Fix: "Close it: POST Claim/$close-month."})
	}
	if in.run > last {
		return nil, noRun(ExportRequest{Month: in.month, Run: in.run})
	}
	if in.run > 0 {
		last = in.run
	}
	first, list, err := s.differences(ctx, in, others, last)
	if err != nil {
		return nil, err
	}
	if len(list) > maxDifferences {
		return nil, fhir.E("payment", fhir.BusinessRule, fhir.Issue{Rule: "PAID-3", Expression: "detail", Message: "Too many lines differ for a payment of this month. Nothing was recorded.",
			Expected: "at most " + strconv.Itoa(maxDifferences) + " lines that differ", Found: strconv.Itoa(len(list)), Fix: "Look whether the payment is of another month, run or pharmacy."})
	}
	account, err := state.Current("Invoice", invoiceID(in.month, in.org, last))
	if err != nil {
		return nil, err
	}
	changes := []fhir.Change{{Method: fhir.Create, Type: "PaymentReconciliation", ID: id, IfAbsent: true, Resource: in.resource(id, account, first, last, list, call), Expression: "PaymentReconciliation"}}
	for _, d := range list {
		task := in.task(state, id, account, d, call)
		changes = append(changes, fhir.Change{Method: fhir.Create, Type: "Task", ID: task.ID(), IfAbsent: true, Resource: task, Expression: "Task"})
	}
	if settled, err := in.settles(state, others); err != nil {
		return nil, err
	} else if settled != nil {
		changes = append(changes, settled...)
	}
	reply, err := s.answerWith(ctx, call, changes)
	if err != nil {
		return nil, err
	}
	reply.Impersonal = true
	return reply, nil
}

// answerWith commits what a call decides; the answer is the resource of the first
// change, as its first version, and that of a repeat the same.
func (s *Service) answerWith(ctx context.Context, call *fhir.Call, changes []fhir.Change) (*fhir.Reply, error) {
	first := changes[0]
	stored, err := fhir.Parse(first.Resource.Stamp(first.ID, "1", call.Time))
	if err != nil {
		return nil, err
	}
	reply := &fhir.Reply{Resource: stored, Location: first.Type + "/" + first.ID + "/_history/1"}
	commit, err := s.db.Commit(ctx, &fhir.Transaction{Changes: changes, Derived: true, Requester: call.Requester, RequestID: call.RequestID, Time: call.Time, Receipt: call.Answer(reply)})
	if err != nil {
		return nil, err
	}
	if commit.Repeated {
		return fhir.ReplyOf(commit.Receipt)
	}
	return reply, nil
}

// again answers a payment that was recorded before under the same reference.
func again(in *incoming, before *fhir.Version) (*fhir.Reply, error) {
	p, err := readPayment(before)
	if err != nil {
		return nil, err
	}
	if p.amount != in.amount || p.record.Get("paymentDate").Text() != in.day || p.record.Root().Path("period", "start").Text() != in.month.First().Format(time.DateOnly) {
		return nil, fhir.E("payment", fhir.Conflict, fhir.Issue{Rule: "PAID-2", Expression: "reference", Message: "Another payment was recorded under this reference, and a record is not changed.",
			Expected: fmt.Sprintf("%s on %s", pounds(p.amount), p.record.Get("paymentDate").Text()), Found: fmt.Sprintf("%s on %s", pounds(in.amount), in.day), Fix: "Report a correction under a reference of its own."})
	}
	return &fhir.Reply{Resource: p.record, Impersonal: true}, nil
}

// differences matches a payment with the runs that no payment before was matched with,
// up to last, and with the advances that were paid. It returns the first of the runs, 0
// for a payment on account.
func (s *Service) differences(ctx context.Context, in *incoming, others []*payment, last int) (first int, list []difference, err error) {
	if in.onAccount() {
		return 0, append([]difference{{"advance", figureAdvance, 0, sumOfLines(in.lines)}}, match(due{net: sumOfLines(in.lines), lines: ownLines(in.lines)}, in.lines, in.amount)...), nil
	}
	first, advances := 1, int64(0)
	for _, p := range others {
		first = max(first, p.last+1)
		advances += p.advance
	}
	d, err := s.dueOf(ctx, in.month, in.org, first, last, in.byClaim(), in.fine())
	if err != nil {
		return 0, nil, err
	}
	if advances != 0 {
		add(d.lines, figureAdvance, new(big.Rat).SetInt64(-advances))
		d.net -= advances
	}
	return first, match(d, in.lines, in.amount), nil
}

func sumOfLines(lines []paidLine) (sum int64) {
	for _, l := range lines {
		sum += l.pence
	}
	return sum
}

// ownLines are lines as what is due.
func ownLines(lines []paidLine) map[string]*big.Rat {
	own := map[string]*big.Rat{}
	for _, l := range lines {
		add(own, l.name, new(big.Rat).SetInt64(l.pence))
	}
	return own
}

// settles completes the Tasks of advances that are open where a payment takes off all
// that is on account.
func (in *incoming) settles(state fhir.State, others []*payment) (changes []fhir.Change, err error) {
	off, advances := int64(0), int64(0)
	for _, l := range in.lines {
		if l.name == figureAdvance {
			off += l.pence
		}
	}
	for _, p := range others {
		advances += p.advance
	}
	if off >= 0 || off != -advances {
		return nil, nil
	}
	for _, p := range others {
		id := taskID(p.version.ID, difference{kind: "advance", name: figureAdvance})
		v, err := state.Current("Task", id)
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		r, err := v.Resource()
		if err != nil {
			return nil, err
		}
		if r.Get("status").Text() == "completed" {
			continue // taken off before, or accepted by somebody
		}
		changes = append(changes, fhir.Change{Method: fhir.Update, Type: "Task", ID: id, IfMatch: v.VersionID,
			Resource: decided(r, "accept", "Taken off by the payment "+in.reference+".", fhir.Principal{Display: "the server"})})
	}
	return changes, nil
}

// resource is the record of a payment: as it came, or written from its schedule.
func (in *incoming) resource(id string, account *fhir.Version, first, last int, list []difference, call *fhir.Call) *fhir.Resource {
	var open int64
	for _, d := range list {
		open += d.pence()
	}
	month := in.month.String()
	tags := fhir.Obj("tag", fhir.List(fhir.Obj("system", csMonth, "code", month), fhir.Obj("system", csMonth, "code", monthOf(month, in.org))))
	var extensions []any
	if in.record != nil {
		for x := range in.record.Get("extension").Items() {
			if x.Get("url").Text() != extRuns {
				extensions = append(extensions, x)
			}
		}
	}
	if first > 0 {
		extensions = append(extensions, fhir.Obj("url", extRuns, "valueString", fmt.Sprintf("%d-%d", first, last)))
	}
	disposition := fmt.Sprintf("%s paid for %s; %d lines differ, by %s together.", pounds(in.amount), month, len(list), pounds(open))
	if in.record != nil {
		return fhir.Revise(in.record, "id", id, "meta", tags, "extension", fhir.List(extensions...), "disposition", disposition,
			"period", fhir.Obj("start", in.month.First().Format(time.DateOnly), "end", (in.month+1).First().AddDate(0, 0, -1).Format(time.DateOnly)),
			"requestor", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, in.org)))
	}
	var details []any
	for _, l := range in.lines {
		details = append(details, fhir.Obj("type", fhir.Obj("coding", fhir.List(fhir.Obj("system", csFigure, "code", l.name))), "amount", fhir.Obj("value", fhir.Raw(decimal(l.pence)), "currency", "GBP")))
	}
	var payer fhir.Node
	if r, err := account.Resource(); err == nil {
		payer = r.Get("recipient")
	}
	return fhir.Obj("resourceType", "PaymentReconciliation", "id", id, "meta", tags, "extension", fhir.List(extensions...),
		"status", "active",
		"period", fhir.Obj("start", in.month.First().Format(time.DateOnly), "end", (in.month+1).First().AddDate(0, 0, -1).Format(time.DateOnly)),
		"created", call.Time.UTC().Format(fhir.InstantLayout),
		"paymentIssuer", payer,
		"requestor", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, in.org)),
		"outcome", "complete", "disposition", disposition, "paymentDate", in.day,
		"paymentAmount", fhir.Obj("value", fhir.Raw(decimal(in.amount)), "currency", "GBP"),
		"paymentIdentifier", fhir.Obj("value", in.reference),
		"detail", fhir.List(details...)).Resource()
}

// taskID is the id of the Task of a difference.
func taskID(payment string, d difference) string {
	return pharmacy.ID("Task", differenceTask, payment, d.kind, d.name)
}

// task is the Task of a difference, which waits for a decision.
func (in *incoming) task(state fhir.State, payment string, account *fhir.Version, d difference, call *fhir.Call) *fhir.Resource {
	money := func(pence int64) fhir.Value {
		return fhir.Obj("value", fhir.Raw(decimal(pence)), "currency", "GBP")
	}
	named := inputValue(inputName, "valueCode", d.name)
	if id, ok := strings.CutPrefix(d.name, claimKey); ok {
		named = inputValue(inputClaim, "valueReference", fhir.Obj("type", "Claim", "identifier", fhir.Obj("value", id)))
		if claimIs(state, id, in.org) != nil {
			named = inputValue(inputClaim, "valueReference", fhir.Obj("reference", claimKey+id))
		}
	}
	r := d.remedy()
	return fhir.Obj("resourceType", "Task", "id", taskID(payment, d),
		"meta", fhir.Obj("tag", fhir.List(fhir.Obj("system", csMonth, "code", monthOf(in.month.String(), in.org)))),
		"basedOn", fhir.List(fhir.Obj("reference", account.Ref())),
		"status", "requested", "businessStatus", fhir.Obj("coding", fhir.List(fhir.Obj("system", csDecision, "code", undecided))),
		"intent", "order",
		"code", fhir.Obj("coding", fhir.List(fhir.Obj("system", csWork, "code", differenceTask, "display", "Decide on a difference in a payment"))),
		"description", d.text()+" "+r.text+" ("+strings.Join(r.actions, ", ")+")",
		"focus", fhir.Obj("reference", "PaymentReconciliation/"+payment),
		"authoredOn", call.Time.UTC().Format(fhir.InstantLayout),
		"owner", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, in.org)),
		"input", fhir.List(inputValue(inputKind, "valueCode", d.kind), named, inputValue(inputExpected, "valueMoney", money(d.expected)), inputValue(inputPaid, "valueMoney", money(d.paid))),
	).Resource()
}
