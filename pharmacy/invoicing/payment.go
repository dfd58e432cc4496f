package invoicing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// What moves money, as codes of [csMoney].
const (
	moneyPaid      = "payment"
	moneyRefunded  = "refund"
	moneyDisputed  = "dispute"          // a bank takes a payment back
	moneyReturned  = "dispute-reversed" // and returns it
	moneyFee       = "fee"
	moneyOther     = "adjustment"
	moneyUnmatched = "unmatched" // the account of what nobody asked for
)

var moneyNames = map[string]string{moneyPaid: "Payment", moneyRefunded: "Refund", moneyDisputed: "Payment disputed", moneyReturned: "Dispute reversed", moneyFee: "Fee of the provider", moneyOther: "Adjustment"}

// movement is money that moved: a payment, or what takes one back. It is recorded
// once by what its provider calls it, as a PaymentReconciliation and the
// PaymentNotice of it.
type movement struct {
	kind      string
	provider  string // stripe, or how it was paid: cash
	reference string
	account   string
	pharmacy  string
	request   string // Invoice/1 or Task/1
	of        string // PaymentNotice/1 that is refunded
	pence     int64  // below 0 for what is given back
	paid      time.Time
	recorded  time.Time
	note      string
}

// key is what the movement is known by.
func (m *movement) key() string { return m.provider + "/" + m.reference }

func noticeID(key string) string { return pharmacy.ID("PaymentNotice", "private", key) }

func reconciliationID(key string) string {
	return pharmacy.ID("PaymentReconciliation", "private", key)
}

// changes record the movement, where it is not recorded yet.
func (m *movement) changes() []fhir.Change {
	notice, reconciliation := noticeID(m.key()), reconciliationID(m.key())
	identifiers := fhir.List(nhs.IdentifierValue(idPayment, m.key()), nhs.IdentifierValue(idAccount, m.account))
	day, recorded := nhs.DateOf(m.paid).String(), m.recorded.UTC().Format(fhir.InstantLayout)
	var request, response fhir.Value
	if m.request != "" {
		request = fhir.Obj("reference", m.request)
	}
	if m.of != "" {
		response = fhir.Obj("reference", m.of)
	}
	kind := nhs.Concept(fhir.Coding{System: csMoney, Code: m.kind, Display: moneyNames[m.kind]})
	r := fhir.Obj("resourceType", "PaymentReconciliation", "id", reconciliation, "identifier", identifiers, "status", "active", "created", recorded, "requestor", organisation(m.pharmacy),
		"outcome", "complete", "disposition", m.note, "paymentDate", day, "paymentAmount", money(m.pence), "paymentIdentifier", nhs.IdentifierValue(idPayment, m.key()),
		"detail", fhir.List(fhir.Obj("type", kind, "request", request, "date", day, "amount", money(m.pence)))).Resource()
	n := fhir.Obj("resourceType", "PaymentNotice", "id", notice, "identifier", identifiers, "status", "active", "request", request, "response", response, "created", recorded, "provider", organisation(m.pharmacy),
		"payment", fhir.Obj("reference", "PaymentReconciliation/"+reconciliation), "paymentDate", day, "payee", organisation(m.pharmacy), "recipient", organisation(m.pharmacy), "amount", money(m.pence),
		"paymentStatus", nhs.Concept(fhir.Coding{System: "http://terminology.hl7.org/CodeSystem/paymentstatus", Code: "paid", Display: "Paid"})).Resource()
	return []fhir.Change{{Method: fhir.Create, Type: "PaymentReconciliation", ID: reconciliation, Resource: r, IfAbsent: true},
		{Method: fhir.Create, Type: "PaymentNotice", ID: notice, Resource: n, IfAbsent: true}}
}

// readMovement reads a PaymentNotice of this package; nil for any other.
func readMovement(state fhir.State, v *fhir.Version) (*movement, error) {
	r, err := v.Resource()
	if err != nil || r == nil {
		return nil, err
	}
	key := nhs.Identifier(r.Root(), idPayment).Text()
	m := &movement{account: nhs.Identifier(r.Root(), idAccount).Text(), pharmacy: r.Root().Path("provider", "identifier", "value").Text(), request: r.Root().Path("request", "reference").Text(),
		of: r.Root().Path("response", "reference").Text(), pence: pence(r.Get("amount"))}
	var ok bool
	if m.provider, m.reference, ok = strings.Cut(key, "/"); !ok || v.ID != noticeID(key) {
		return nil, nil
	}
	m.paid, _ = time.Parse(time.DateOnly, r.Get("paymentDate").Text())
	of, err := current(state, "PaymentReconciliation", "PaymentReconciliation/"+reconciliationID(key))
	if err != nil || of == nil {
		return m, err
	}
	m.kind = nhs.Coded(of.Get("detail").Item(0).Get("type"), csMoney)
	return m, nil
}

// refundsOf are what takes a payment back: how many times, and how much, as pence
// above 0.
func refundsOf(state fhir.State, notice string) (n int, sum int64, err error) {
	ids, err := state.Find("PaymentNotice", "response="+nhs.Text("PaymentNotice/"+notice))
	if err != nil {
		return 0, 0, err
	}
	for _, id := range ids {
		v, err := standing(state, "PaymentNotice", "PaymentNotice/"+id)
		if err != nil {
			return 0, 0, err
		}
		if v == nil {
			continue
		}
		m, err := readMovement(state, v)
		if err != nil {
			return 0, 0, err
		}
		if m == nil {
			continue
		}
		if m.kind == moneyRefunded {
			n++
		}
		sum -= m.pence
	}
	return n, sum, nil
}

// manual are the ways of paying that a person records, as codes.
var manual = []string{"bank-transfer", "card-terminal", "cash", "cheque"}

// owedFor is what an operation about payments is called on: an invoice, or a
// prescription, with its account.
type owedFor struct {
	account, pharmacy, ref string
	due                    func(state fhir.State) (int64, error)
}

// suppliedOf is what was supplied of the prescription of a Task, nil where there is no such Task.
func suppliedOf(state fhir.State, task string) (*supplied, error) {
	v, err := standing(state, "Task", "Task/"+task)
	if err != nil || v == nil {
		return nil, err
	}
	return readSupplied(state, v)
}

// subject is what a call is about, by the type that its operation is on.
func (s *Service) subject(state fhir.State, call *fhir.Call, typ, op string) (*owedFor, error) {
	if typ == "Invoice" {
		i, err := invoiceFor(state, call, op, false)
		if err != nil {
			return nil, err
		}
		if i.status != "issued" || i.kind != ordinary {
			return nil, refuse(op, "PRIV-4", fhir.BusinessRule, "Invoice.status", "Only an invoice that was issued is paid.", "an issued invoice", i.status+" "+i.kind, "Issue it with $issue; what is paid before the supply is paid by its Task.")
		}
		return &owedFor{i.account, i.pharmacy, i.ref(), func(state fhir.State) (int64, error) {
			o, err := owedOn(state, i.account)
			if err != nil {
				return 0, err
			}
			return o.Due(), nil
		}}, nil
	}
	d, err := suppliedOf(state, call.ID)
	if err != nil {
		return nil, err
	}
	if d == nil || d.pharmacy == "" || !call.Requester.ActsFor(d.pharmacy) {
		return nil, refuse(op, "", fhir.NotFound, "Task", "There is no such private prescription with the pharmacy.", "the Task of a private prescription that the pharmacy has accepted", "Task/"+call.ID, "")
	}
	return &owedFor{d.account(d.pharmacy), d.pharmacy, d.task, func(state fhir.State) (int64, error) {
		all := d.whole()
		due, reason, err := s.due(state, all, all.bagged)
		if err == nil && reason != "" {
			err = refuse(op, "PRIV-1", fhir.BusinessRule, "Task", reason, "a price for everything that is supplied", "none", "Load the price with pestle prices load.")
		}
		return due, err
	}}, nil
}

// whole is the prescription as if what is outstanding of it were in the bag, where
// nothing is in the bag.
func (d *supplied) whole() *supplied {
	if len(d.bagged) > 0 {
		return d
	}
	all := *d
	for _, x := range d.items {
		left := x.quantity
		for _, s := range d.supplies {
			if s.kind == medicine && nhs.SameUUID(s.item, x.number) {
				left = left.Sub(s.quantity)
			}
		}
		if left.IsPositive() && !slices.Contains(settledItems, x.status) {
			all.bagged = append(all.bagged, supply{source: "order/" + x.number, item: x.number, kind: medicine, product: x.product, quantity: left, unit: x.unit, when: d.asked})
		}
	}
	return &all
}

// settledItems are the statuses of items of which nothing is outstanding:
// medicationdispense-type.
var settledItems = []string{"0001", "0002", "0005", "0006"}

// unrecorded refuses a movement that is recorded already.
func unrecorded(state fhir.State, m *movement, op string) error {
	v, err := state.Current("PaymentNotice", noticeID(m.key()))
	if err != nil || v == nil {
		return err
	}
	return refuse(op, "PRIV-4", fhir.Duplicate, place("reference"), "A payment of this method and reference is recorded already.", "a reference of its own", fmt.Sprintf("%s, PaymentNotice/%s", m.key(), v.ID), "")
}
