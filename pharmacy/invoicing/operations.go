package invoicing

import (
	"context"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
)

// Operations are the operations on private money.
func (s *Service) Operations() []fhir.Operation {
	list := []fhir.Operation{
		{Name: "issue", Type: "Invoice", Instance: true, Doc: "Numbers a draft of a private invoice or credit. From then on nothing of it changes.", Handle: s.issue},
		{Name: "credit", Type: "Invoice", Instance: true, Doc: "Credits lines of a private invoice that was issued: another Invoice, of negative amounts, which refers to it.", Parameters: creditInputs, Handle: s.credit},
		{Name: "balance", Type: "Invoice", Instance: true, Idempotent: true, Doc: "What is owed on the account of a private invoice: invoiced, credited, paid, refunded and due.", Handle: s.balance},
		{Name: "balance", Type: "Task", Instance: true, Idempotent: true, Doc: "The state of the payment of a private prescription: who pays, whether it is paid before it is supplied, what is due, paid and refunded, and the payment page that was asked for last.", Handle: s.balanceOfTask},
		{Name: "receipt", Type: "Invoice", Instance: true, Idempotent: true, Doc: "A private invoice or credit that was issued on paper, as a PDF, with what is paid of it. It names no medicine and no patient.", Parameters: receiptInputs, Files: []string{"application/pdf", "text/plain"}, Handle: s.receipt},
		{Name: "price-list", Type: "Invoice", Idempotent: true, Doc: "The prices or terms of private supplies, or the rates of VAT, that hold on a day, as CSV.", Parameters: priceListInputs, Files: []string{"text/csv"}, Handle: s.priceList},
		{Name: "refund", Type: "PaymentNotice", Instance: true, Doc: "Refunds a private payment, or a part of it: by the provider that took it where that was a card.", Parameters: refundInputs, Handle: s.refund},
	}
	for _, typ := range []string{"Invoice", "Task"} {
		of := map[string]string{"Invoice": "a private invoice that was issued", "Task": "a private prescription that is paid before it is supplied"}[typ]
		list = append(list,
			fhir.Operation{Name: "record-payment", Type: typ, Instance: true, Doc: "Records what was paid of " + of + " in another way than by card on a page of the provider.", Parameters: paymentInputs, Handle: s.recordPayment(typ)},
			fhir.Operation{Name: "request-payment", Type: typ, Instance: true, Doc: "A page of the provider of card payments on which what is due of " + of + " is paid.", Parameters: askInputs, Handle: s.requestPayment(typ)})
	}
	for i := range list {
		list[i].ByName = true // a right to a type is none to its money
	}
	return list
}

// attempts bounds how often something is decided anew because another writer was
// quicker.
const attempts = 8

// commit decides on changes and commits them, again where another writer was
// quicker. decide returns the answer with the changes.
func (s *Service) commit(ctx context.Context, call *fhir.Call, op string, decide func(state fhir.State) ([]fhir.Change, *fhir.Reply, error)) (*fhir.Reply, error) {
	for range attempts {
		changes, reply, err := decide(s.db.State(ctx))
		if err != nil {
			return nil, err
		}
		commit, err := s.db.Commit(ctx, &fhir.Transaction{Changes: changes, Derived: true, Requester: call.Requester, RequestID: call.RequestID, Time: call.Time, Receipt: call.Answer(reply)})
		switch {
		case err == nil && commit.Repeated:
			return fhir.ReplyOf(commit.Receipt)
		case err == nil:
			return reply, nil
		case fhir.KindOf(err) != fhir.Conflict:
			return nil, err
		}
	}
	return nil, fhir.E(op, fhir.Conflict, fhir.Issue{Message: "Other writers changed the same records at the same time, again and again.", Fix: "Send it again."})
}

// invoiceFor is the invoice that an operation is called on: one of a pharmacy that
// the caller acts for.
func invoiceFor(state fhir.State, call *fhir.Call, op string, reads bool) (*invoice, error) {
	v, err := standing(state, "Invoice", "Invoice/"+call.ID)
	if err != nil {
		return nil, err
	}
	var i *invoice
	if v != nil {
		if i, err = readInvoice(v); err != nil {
			return nil, err
		}
	}
	who := call.Requester
	sees := i != nil && (who.ActsFor(i.pharmacy) || reads && (who.SeesAll || i.payer == prices.ByClinic && who.ActsFor(i.clinic)))
	if !sees {
		return nil, fhir.E(op, fhir.NotFound, fhir.Issue{Expression: "Invoice", Message: "There is no such private invoice.", Expected: "an Invoice that the server has made of a private supply", Found: "Invoice/" + call.ID})
	}
	return i, nil
}

// value is the value of a parameter, of the query string or the body.
func value(call *fhir.Call, name string) fhir.Node {
	if call.Body == nil {
		return fhir.Node{}
	}
	for p := range call.Body.Get("parameter").Items() {
		if p.Get("name").Text() != name {
			continue
		}
		for m := range p.Members() {
			if m.Name() != "name" {
				return m
			}
		}
	}
	return fhir.Node{}
}

// text is a parameter as text.
func text(call *fhir.Call, name string) string {
	if v := call.Params.Get(name); v != "" {
		return strings.TrimSpace(v)
	}
	return strings.TrimSpace(value(call, name).Text())
}

// refuse is the refusal of an operation by a rule, "" where none is asked.
func refuse(op, rule string, code fhir.Code, expression, message, expected, found, fix string) error {
	return fhir.E(op, code, fhir.Issue{Rule: rule, Expression: expression, Message: message, Expected: expected, Found: found, Fix: fix})
}

func place(name string) string { return "Parameters.parameter.where(name = '" + name + "')" }

// amountIn is the amount of a parameter in pence, absent where it is not given.
func amountIn(call *fhir.Call, op string) (pence int64, given bool, err error) {
	m := value(call, "amount")
	if !m.Exists() {
		return 0, false, nil
	}
	pence, ok := prices.ReadPounds(m.Get("value").Text())
	if !ok || pence <= 0 || m.Get("currency").Text() != currency {
		return 0, true, refuse(op, "PRIV-4", fhir.ValueCode, place("amount"), "The amount is not one of pounds and pence.", "a Money above 0 with two decimals at most, and the currency GBP",
			strings.TrimSpace(m.Get("value").Text()+" "+m.Get("currency").Text()), "")
	}
	return pence, true, nil
}

func itoa(n int) string { return strconv.Itoa(n) }
