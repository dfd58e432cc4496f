package invoicing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// everyRole are callers of the pharmacy and of others, of every role.
func everyRole() []fhir.Principal {
	callers := []fhir.Principal{{}, {Agent: "cron", Unbound: true}, {Agent: "system", OnBehalf: testPharmacy}, {Agent: "other", OnBehalf: "FA565"}, {Agent: "clinic", OnBehalf: testClinic}}
	for _, role := range []string{"clinic-system", "prescriber", "technician", "accuracy-checker", "pharmacist", "responsible-pharmacist", "superintendent", "customer-service", "finance", "auditor", "administrator"} {
		callers = append(callers, fhir.Principal{Agent: role, OnBehalf: testPharmacy, Roles: []string{role}, SeesAll: role == "auditor", SeesNone: role == "administrator"})
	}
	return callers
}

// TestRecordsAreNotWrittenByCallers: what a caller writes by itself does not become a
// record of private money, and changes none: whatever the method, and before the record is
// there as after.
func TestRecordsAreNotWrittenByCallers(t *testing.T) {
	w := newWorld(t)
	newRx(1).hand(ampm, lis("28")).supplied(w)
	issued := w.must("issue", w.draft().ID())
	newRx(2).hand(ampm, lis("28")).supplied(w)
	charge, draft := w.all("ChargeItem")[0], w.draft()
	resource := func(typ, id string, parts ...any) *fhir.Resource {
		return fhir.Obj(append([]any{"resourceType", typ, "id", id}, parts...)...).Resource()
	}
	identified := func(system string) fhir.Value { return fhir.List(nhs.IdentifierValue(system, "VNE51-000009")) }
	put := func(r *fhir.Resource) fhir.Change {
		return fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r}
	}
	post := func(r *fhir.Resource) fhir.Change {
		return fhir.Change{Method: fhir.Create, Type: r.Type(), Resource: r}
	}
	remove := func(typ, id string) fhir.Change { return fhir.Change{Method: fhir.Delete, Type: typ, ID: id} }
	paid := fhir.Obj("reference", "Invoice/"+issued.ID())
	for name, c := range map[string]fhir.Change{
		"charge, changed":             put(charge),
		"charge, replaced":            put(resource("ChargeItem", charge.ID(), "status", "billed")),
		"charge, deleted":             remove("ChargeItem", charge.ID()),
		"charge to come":              put(resource("ChargeItem", chargeID("0000A0-X99CL0-00000A", 1, 1))),
		"another charge":              post(resource("ChargeItem", "", "identifier", identified(idAccount))),
		"another charge by its code":  post(resource("ChargeItem", "", "code", nhs.Concept(fhir.Coding{System: csCharge, Code: "medicine"}))),
		"invoice, changed":            put(issued),
		"invoice, deleted":            remove("Invoice", issued.ID()),
		"draft, issued by hand":       put(fhir.Revise(draft, "status", "issued")),
		"draft, replaced":             put(resource("Invoice", draft.ID(), "status", "cancelled")),
		"another invoice of a number": post(resource("Invoice", "", "status", "issued", "identifier", identified(idNumber))),
		"another invoice by its type": put(resource("Invoice", "mine", "status", "issued", "type", nhs.Concept(fhir.Coding{System: csInvoice, Code: "invoice"}))),
		"another credit":              post(resource("Invoice", "", "status", "issued", "extension", fhir.List(fhir.Obj("url", extCredits, "valueReference", paid)))),
		"a payment of it":             post(resource("PaymentNotice", "", "status", "active", "request", paid)),
		"a payment, absolute":         post(resource("PaymentNotice", "", "status", "active", "request", fhir.Obj("reference", "http://localhost/fhir/Invoice/"+issued.ID()+"/_history/1"))),
		"a payment to come":           put(resource("PaymentNotice", pharmacy.ID("x"))),
		"a payment on an account":     post(resource("PaymentNotice", "", "identifier", identified(idAccount))),
		"money of it":                 post(resource("PaymentReconciliation", "", "detail", fhir.List(fhir.Obj("request", paid)))),
		"money that moved":            post(resource("PaymentReconciliation", "", "identifier", identified(idPayment))),
		"the numbers":                 put(resource("Basic", numbersID(testPharmacy), "code", fhir.Obj("text", "x"))),
		"the numbers, deleted":        remove("Basic", numbersID(testPharmacy)),
		"other numbers":               post(resource("Basic", "", "code", nhs.Concept(fhir.Coding{System: csRecord, Code: "numbers"}))),
		"prices":                      put(resource("Binary", "private-prices", "contentType", "text/csv")),
		"terms, deleted":              remove("Binary", "private-terms"),
		"rates":                       put(resource("Binary", "vat-rates", "contentType", "text/csv")),
	} {
		t.Run(name, func(t *testing.T) {
			head := w.db.Head()
			for _, who := range everyRole() {
				_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{c}, Requester: who})
				require.ErrorContains(t, err, "is a record that the server makes itself", who)
				require.Equal(t, fhir.BusinessRule, fhir.KindOf(err))
				part := c
				part.Message = true
				_, err = w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{part}, Requester: who, Derived: true})
				require.ErrorContains(t, err, "is a record that the server makes itself", "as a part of a message")
				require.Equal(t, head, w.db.Head(), "nothing is stored")
			}
		})
	}
	for name, c := range map[string]fhir.Change{
		"a clinic's account":     put(resource("Invoice", "clinic-1", "status", "draft")),
		"a clinic's charge":      post(resource("ChargeItem", "", "status", "billable")),
		"a payment of others":    post(resource("PaymentNotice", "", "status", "active", "request", fhir.Obj("reference", "Invoice/clinic-1"))),
		"a picture":              put(resource("Binary", "photo", "contentType", "image/png")),
		"another kind of record": post(resource("Basic", "", "code", fhir.Obj("text", "x"))),
	} {
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{c}})
		require.NoError(t, err, name)
	}
}

// TestRecordsAreFinal: not even the server's own parts change an invoice that was
// issued, or a charge that is on it.
func TestRecordsAreFinal(t *testing.T) {
	w := newWorld(t)
	newRx(1).hand(ampm, lis("28")).supplied(w)
	issued := w.must("issue", w.draft().ID())
	charge := w.all("ChargeItem")[0]
	for _, c := range []fhir.Change{
		{Method: fhir.Update, Type: "Invoice", ID: issued.ID(), Resource: fhir.Revise(issued, "status", "balanced")},
		{Method: fhir.Delete, Type: "Invoice", ID: issued.ID()},
		{Method: fhir.Update, Type: "ChargeItem", ID: charge.ID(), Resource: fhir.Revise(charge, "status", "billable")},
		{Method: fhir.Delete, Type: "ChargeItem", ID: charge.ID()},
	} {
		w.refused("A record of money is not changed", func() error {
			_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{c}, Derived: true})
			return err
		})
	}
}
