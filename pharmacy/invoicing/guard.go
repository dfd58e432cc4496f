package invoicing

import (
	"context"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// ways say, by type, how to change what this package records.
var ways = map[string]string{
	"ChargeItem":            "Amend or withdraw the supply, or credit its invoice with Invoice/[id]/$credit: the charge follows.",
	"Invoice":               "Issue a draft with Invoice/[id]/$issue; what an issued invoice says is corrected with Invoice/[id]/$credit.",
	"PaymentNotice":         "Record a payment with Invoice/[id]/$record-payment, or refund one with PaymentNotice/[id]/$refund.",
	"PaymentReconciliation": "Record a payment with Invoice/[id]/$record-payment, or refund one with PaymentNotice/[id]/$refund.",
	"Basic":                 "Numbers are given by Invoice/[id]/$issue and $credit, and a payment is asked for with $request-payment.",
	"Binary":                "Load the file with Invoice/$price-list or: pestle prices load FILE",
}

// guard keeps the records of private money from callers' plain writes, those that
// are final from everybody's, and the supply of what is to be paid first.
func (s *Service) guard(_ context.Context, state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if after.Type == "Task" {
		if err := s.guardRefundTask(state, tx, before, after); err != nil {
			return err
		}
		return s.guardPaid(state, before, after)
	}
	way, ok := ways[after.Type]
	if !ok || tx.Purges() {
		return nil
	}
	if pharmacy.Own(tx, after) {
		if err := s.guardRefund(state, tx, before, after); err != nil {
			return err
		}
		return guardFinal(before, after)
	}
	mine := reserved(after)
	for _, v := range []*fhir.Version{before, after} {
		if mine || v == nil || v.Deleted() {
			continue
		}
		r, err := v.Resource()
		if err != nil {
			return err
		}
		if mine, err = marked(state, r); err != nil {
			return err
		}
	}
	if !mine {
		return nil
	}
	return derivedRecord(after, way)
}

// derivedRecord is the refusal of a caller's plain write of a record of private money.
func derivedRecord(after *fhir.Version, way string) error {
	return fhir.E("record", fhir.BusinessRule, fhir.Issue{Rule: "records-are-derived", Expression: after.Type,
		Message: "This " + after.Type + " is a record that the server makes itself: it is not created, changed or deleted by a caller.", Found: after.Ref(), Fix: way})
}

// reserved reports whether an id is of the form that this package's records have.
func reserved(v *fhir.Version) bool {
	switch v.Type {
	case "ChargeItem", "PaymentNotice", "PaymentReconciliation":
		return pharmacy.IsID(v.ID)
	case "Binary":
		return slices.Contains(prices.Kinds(), prices.Kind(v.ID))
	}
	return false
}

// ownSystems are the systems by whose identifiers and codes the records are known.
var ownSystems = []string{idAccount, idOpen, idSource, idNumber, idCredits, idPayment, idNumbers, idClinic}

// marked reports whether a resource carries what makes it a record of private
// money, or speaks of one as a payment of it.
func marked(state fhir.State, r *fhir.Resource) (bool, error) {
	if r.Type() == "Binary" {
		return false, nil
	}
	for id := range r.Get("identifier").Items() {
		if slices.Contains(ownSystems, id.Get("system").Text()) {
			return true, nil
		}
	}
	if nhs.Coded(r.Get("type"), csInvoice) != "" && r.Type() == "Invoice" || nhs.Coded(r.Get("code"), csCharge) != "" || nhs.Coded(r.Get("code"), csRecord) != "" ||
		nhs.Extension(r.Root(), extCredits).Exists() || nhs.Extension(r.Root(), extReverses).Exists() {
		return true, nil
	}
	switch r.Type() {
	case "PaymentNotice":
		return ofOwn(state, r.Get("request"))
	case "PaymentReconciliation":
		for d := range r.Get("detail").Items() {
			if own, err := ofOwn(state, d.Get("request")); err != nil || own {
				return own, err
			}
		}
	}
	return false, nil
}

// ofOwn reports whether a reference is to an invoice of this package.
func ofOwn(state fhir.State, reference fhir.Node) (bool, error) {
	ref := reference.Get("reference").Text()
	if i := strings.LastIndex(ref, "/Invoice/"); i >= 0 {
		ref = ref[i+1:]
	}
	v, err := standing(state, "Invoice", ref)
	if err != nil || v == nil {
		return false, err
	}
	i, err := readInvoice(v)
	return i != nil, err
}

// guardFinal keeps what is final whoever writes: an invoice that was issued, a
// charge that is on one, and what moved money. Corrections are new records.
func guardFinal(before, after *fhir.Version) error {
	if before == nil || before.Deleted() {
		return nil
	}
	was, err := before.Resource()
	if err != nil {
		return err
	}
	status, final := was.Get("status").Text(), false
	switch after.Type {
	case "Invoice":
		final = nhs.Coded(was.Get("type"), csInvoice) != "" && status != "draft"
	case "ChargeItem":
		final = nhs.Identifier(was.Root(), idAccount).Exists() && (status == billed || status == aborted)
	case "PaymentNotice", "PaymentReconciliation":
		final = nhs.Identifier(was.Root(), idPayment).Exists()
	}
	if !final && !after.Deleted() {
		return nil
	}
	if own := nhs.Identifier(was.Root(), idAccount).Exists() || nhs.Identifier(was.Root(), idPayment).Exists(); !own {
		return nil
	}
	return fhir.E("record", fhir.BusinessRule, fhir.Issue{Rule: "records-are-final", Expression: after.Type, Found: after.Ref() + ", " + status,
		Message: "A record of money is not changed once it is issued, billed or paid: a correction is a new record.", Fix: ways[after.Type]})
}
