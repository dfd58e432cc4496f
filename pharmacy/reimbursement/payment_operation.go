package reimbursement

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// The parameters of the operations on payments.
var (
	paymentInputs = []fhir.Parameter{
		{Name: "resource", Kinds: []string{"PaymentReconciliation", "Binary"}, Doc: "The payment: a PaymentReconciliation whose details name claims or figures of the account, or a Binary with a schedule. It may be the body itself."},
		{Name: "schedule", Kinds: []string{"valueString"}, Doc: "The payer's schedule of payments: a CSV with the columns figure and amount, in pounds and pence."},
		{Name: "month", Kinds: []string{"valueString", "valueDate"}, Doc: "The dispensing month, such as 2026-11. A PaymentReconciliation says it by its period."},
		orgInput,
		{Name: "run", Kinds: []string{"valueInteger", "valuePositiveInt", "valueString"}, Doc: "The newest run that the payment is for. By default the newest there is."},
		{Name: "reference", Kinds: []string{"valueString"}, Doc: "The payer's reference of the payment: sent twice, it is recorded once."},
		{Name: "date", Kinds: []string{"valueDate", "valueString"}, Doc: "The day of the payment."},
		{Name: "amount", Kinds: []string{"valueString", "valueDecimal"}, Doc: "What was paid, in pounds and pence. By default the total of the schedule."},
	}
	differencesInputs = []fhir.Parameter{monthInput, orgInput,
		{Name: "list", Kinds: []string{"valueCode", "valueString"}, Doc: "differences, which is the default: a row for each. summary: what was claimed, paid and explained."}}
	settleInputs = []fhir.Parameter{
		{Name: "difference", Kinds: []string{"valueId", "valueString"}, Required: true, Doc: "The Task of the difference, or its id."},
		{Name: "action", Kinds: []string{"valueCode", "valueString"}, Required: true, Doc: "accept, dispute, resubmit or re-price."},
		{Name: "reason", Kinds: []string{"valueString"}, Required: true, Doc: "Why."},
	}
)

// paymentsOperation is Claim/$payments: it records a payment of a month and matches it.
func (s *Service) paymentsOperation(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	in, err := s.incomingOf(s.db.State(ctx), call)
	if err != nil {
		return nil, err
	}
	return s.record(ctx, in, call)
}

// IsNHSPayment reports whether a PaymentReconciliation is from one who pays claims of
// pharmacies, by the ODS code.
func IsNHSPayment(r *fhir.Resource) bool {
	_, ok := payers[nhs.Identifier(r.Get("paymentIssuer"), nhs.IDODS).Text()]
	return ok && r.Type() == "PaymentReconciliation"
}

// isNotice reports whether a PaymentNotice may be about a payment of this package.
func isNotice(r *fhir.Resource) bool { return noticeOf(r) != "" }

// noticeOf is the id of the payment that a PaymentNotice is about, "" where that is not
// of the form that this package's have.
func noticeOf(r *fhir.Resource) string {
	ref, _, _ := strings.Cut(r.Root().Path("payment", "reference").Text(), "/_history/")
	if i := strings.LastIndex(ref, "PaymentReconciliation/"); i >= 0 {
		if id := ref[i+len("PaymentReconciliation/"):]; pharmacy.IsID(id) {
			return id
		}
	}
	return ""
}

// guardNotice keeps a caller from storing a PaymentNotice about a payment without its
// being compared with that ([Service.notice]).
func guardNotice(state fhir.State, after *fhir.Version) error {
	if after.Type != "PaymentNotice" || after.Deleted() {
		return nil
	}
	r, err := after.Resource()
	if err != nil || !isNotice(r) {
		return err
	}
	record, err := current(state, "PaymentReconciliation", "PaymentReconciliation/"+noticeOf(r))
	if err != nil {
		return err
	}
	if record != nil {
		if _, _, ours := monthTag(record); !ours {
			return nil
		}
	}
	return derivedRecord(after)
}

// notice stores a PaymentNotice about a payment, and what it says that the payment
// does not. One about a payment of another kind is stored as it is.
func (s *Service) notice(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	state := s.db.State(ctx)
	v, err := state.Current("PaymentReconciliation", noticeOf(call.Body))
	if err != nil {
		return nil, err
	}
	if v == nil || v.Deleted() {
		return nil, fhir.E("payment", fhir.NotFound, fhir.Issue{Rule: "PAID-4", Expression: "PaymentNotice.payment", Message: "The payment of the notice does not exist.", Found: "PaymentReconciliation/" + noticeOf(call.Body), Fix: "Report the payment first: Claim/$payments."})
	}
	record, err := v.Resource()
	if err != nil {
		return nil, err
	}
	month, org, ours := monthTag(record)
	if !ours {
		commit, err := s.db.Commit(ctx, &fhir.Transaction{Requester: call.Requester, RequestID: call.RequestID, Time: call.Time,
			Changes: []fhir.Change{{Method: fhir.Create, Type: "PaymentNotice", Resource: call.Body, Expression: "PaymentNotice"}}})
		if err != nil {
			return nil, err
		}
		stored, err := commit.Results[0].Version.Resource()
		return &fhir.Reply{Resource: stored, Location: commit.Results[0].Version.Ref() + "/_history/1"}, err
	}
	if !call.Requester.ActsFor(org) {
		return nil, call.Requester.NotFor("payment", call.Body.Get("payment"), org)
	}
	p, err := readPayment(v)
	if err != nil {
		return nil, err
	}
	amount, ok := moneyIn(call.Body.Get("amount"))
	if !ok {
		return nil, fhir.E("payment", fhir.Invalid, fhir.Issue{Rule: "PAID-4", Expression: "PaymentNotice.amount", Message: "The amount is not whole pence in pounds sterling.", Found: string(call.Body.Get("amount").Raw())})
	}
	id := pharmacy.ID("PaymentNotice", call.RequestID, call.Time.UTC().String(), string(call.Body.JSON()))
	changes := []fhir.Change{{Method: fhir.Create, Type: "PaymentNotice", ID: id, Resource: withID(call.Body, id), IfAbsent: true, Expression: "PaymentNotice"}}
	if d := (difference{"notice", "PaymentNotice." + id, p.amount, amount}); d.pence() != 0 {
		account, err := state.Current("Invoice", invoiceID(month, org, max(p.last, 1)))
		if err != nil {
			return nil, err
		}
		task := (&incoming{month: month, org: org}).task(state, v.ID, account, d, call)
		changes = append(changes, fhir.Change{Method: fhir.Create, Type: "Task", ID: task.ID(), IfAbsent: true, Resource: task})
	}
	return s.answerWith(ctx, call, changes)
}

// monthTag is the month of a pharmacy that a record is tagged with.
func monthTag(r *fhir.Resource) (month tariff.Month, org string, ok bool) {
	for tag := range r.Get("meta").Get("tag").Items() {
		if text, code, found := strings.Cut(tag.Get("code").Text(), "."); found && tag.Get("system").Text() == csMonth {
			month, err := tariff.ParseMonth(text)
			return month, code, err == nil
		}
	}
	return 0, "", false
}

// differencesOperation is Claim/$month-differences: the differences of a month's
// payments, or what was claimed, paid and explained, as a Binary with a CSV.
func (s *Service) differencesOperation(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	month, err := monthParameter(call)
	if err != nil {
		return nil, err
	}
	org, err := readPharmacyOf(call)
	if err == nil && org == "" {
		err = fhir.E("payment", fhir.Required, fhir.Issue{Rule: "MONTH-2", Expression: "org", Message: "The differences are those of one pharmacy.", Expected: "org= with its ODS code"})
	}
	if err != nil {
		return nil, err
	}
	state := s.db.State(ctx)
	list, err := differencesOf(state, month, org)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	switch name := parameter(call, "list"); name {
	case "", "differences":
		err = writeDifferences(&b, list)
	case "summary":
		var sum *paymentSummary
		if sum, err = summaryOf(state, month, org, list); err == nil {
			err = sum.write(&b)
		}
	default:
		err = fhir.E("payment", fhir.Invalid, fhir.Issue{Rule: "MONTH-3", Expression: "list", Message: "The list is not known.", Expected: "differences or summary", Found: strconv.Quote(name)})
	}
	if err != nil {
		return nil, err
	}
	return &fhir.Reply{Impersonal: true, Resource: fhir.Obj("resourceType", "Binary", "id", pharmacy.ID("Binary", "differences", month.String(), org, parameter(call, "list")),
		"contentType", "text/csv", "data", base64.StdEncoding.EncodeToString([]byte(b.String()))).Resource()}, nil
}

// standing is a difference with its Task.
type standing struct {
	difference
	task *fhir.Resource
	ref  string // of the payment
}

func (x standing) open() bool { return x.task.Get("status").Text() != "completed" }

// differencesOf are the differences of the payments of a month, by payment and name.
func differencesOf(state fhir.State, month tariff.Month, org string) (list []standing, err error) {
	ids, err := state.Find("Task", nhs.Query("_tag", csMonth, monthOf(month.String(), org)))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		_, task, err := differenceOf(state, id)
		if err != nil {
			return nil, err
		}
		if task != nil {
			list = append(list, standing{readDifference(task), task, task.Root().Path("focus", "reference").Text()})
		}
	}
	sorting.By(list, func(a, b standing) int {
		return strings.Compare(a.ref+a.name+a.kind, b.ref+b.name+b.kind)
	})
	return list, nil
}

func writeDifferences(out *strings.Builder, list []standing) error {
	w := newTable(out, "difference", "payment", "kind", "figure", "expected", "paid", "more", "explanation", "status", "reason", "by")
	for _, x := range list {
		reason, by := "", ""
		for o := range x.task.Get("output").Items() {
			reason = o.Get("valueString").Text()
			by = x.task.Root().Path("requester", "display").Text()
		}
		w.row(x.task.ID(), x.ref, x.kind, x.name, decimal(x.expected), decimal(x.paid), decimal(x.pence()), x.task.Get("description").Text(), nhs.Coded(x.task.Get("businessStatus"), csDecision), reason, by)
	}
	return w.end()
}

// paymentSummary is what was claimed for a month, what was paid, and how the two fit.
type paymentSummary struct {
	claimed, paid    int64
	runs, payments   int
	unpaidRuns       int64 // net of the runs that no payment is matched with
	onAccount        int64 // advances that a later payment was expected to take off
	explained        map[string]int64
	open, disputed   int64
	openN, disputedN int
}

func summaryOf(state fhir.State, month tariff.Month, org string, list []standing) (*paymentSummary, error) {
	sum := &paymentSummary{explained: map[string]int64{}}
	payments, err := paymentsOf(state, month, org)
	if err != nil {
		return nil, err
	}
	matched, advances := 0, int64(0)
	for _, p := range payments {
		if p.first > 0 {
			sum.onAccount += advances
		}
		advances += p.advance
		sum.payments++
		sum.paid += p.amount
		matched = max(matched, p.last)
	}
	last, err := lastRun(state, month, org)
	if err != nil {
		return nil, err
	}
	for run := 1; run <= last; run++ {
		r, err := current(state, "Invoice", "Invoice/"+invoiceID(month, org, run))
		if err != nil || r == nil {
			return nil, err
		}
		net, ok := penceIn(r.Root().Path("totalNet", "value"))
		if !ok {
			return nil, fhir.E("payment", fhir.Processing, fhir.Issue{Message: "Invoice/" + r.ID() + " has no total."})
		}
		sum.runs++
		sum.claimed += wholePence(net)
		if run > matched {
			sum.unpaidRuns += wholePence(net)
		}
	}
	for _, x := range list {
		if x.kind == "notice" { // of the same money
			continue
		}
		sum.explained[x.kind] += x.pence()
		switch {
		case !x.open():
		case nhs.Coded(x.task.Get("businessStatus"), csDecision) == undecided:
			sum.open, sum.openN = sum.open+x.pence(), sum.openN+1
		default:
			sum.disputed, sum.disputedN = sum.disputed+x.pence(), sum.disputedN+1
		}
	}
	return sum, nil
}

// rest is what of the money is not explained: nothing, whatever was paid. A payment
// on account is a difference when it comes, and expected less when it is taken off.
func (p *paymentSummary) rest() int64 {
	rest := p.paid - (p.claimed - p.unpaidRuns) + p.onAccount
	for _, pence := range p.explained {
		rest -= pence
	}
	return rest
}

func (p *paymentSummary) write(out *strings.Builder) error {
	w := newTable(out, "figure", "value", "meaning")
	w.row("CLAIMED", decimal(p.claimed), fmt.Sprintf("net of the %d runs that were submitted", p.runs))
	w.row("PAID", decimal(p.paid), fmt.Sprintf("%d payments", p.payments))
	w.row("NOT_PAID_YET", decimal(p.unpaidRuns), "net of the runs that no payment is matched with")
	w.row("ON_ACCOUNT", decimal(p.explained["advance"]-p.onAccount), "advances that no later payment has taken off")
	for _, kind := range []string{"amount", "unpaid", "unclaimed", "duplicate", "rounding", "sum"} {
		w.row("DIFFERENCE_"+strings.ToUpper(kind), decimal(p.explained[kind]), "paid more, or less, than claimed")
	}
	w.row("UNEXPLAINED", decimal(p.rest()), "always nothing: every difference has a line")
	w.row("OPEN", decimal(p.open), fmt.Sprintf("%d differences that nobody has decided on", p.openN))
	w.row("PURSUED", decimal(p.disputed), fmt.Sprintf("%d differences that are disputed, resubmitted or priced again", p.disputedN))
	return w.end()
}
