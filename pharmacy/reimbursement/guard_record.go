package reimbursement

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// ways say, by type, how to change what this package records: its figures are
// worked out and never written by a caller, since exports and payments go by
// them.
var ways = map[string]string{
	"Claim":                 "Send it by POST Claim or Claim/$submit: an amendment names the claim that it replaces.",
	"ClaimResponse":         "Amend the Claim, or load the tariff's data and ask for Claim/$reprice: the answer follows.",
	"Invoice":               "Ask for a further run of the month: Claim/$close-month with run=new.",
	"List":                  "Ask for a further run of the month: Claim/$close-month with run=new.",
	"PaymentReconciliation": "Report a payment by POST PaymentReconciliation or Claim/$payments; decide on a difference with Claim/$settle-difference.",
	"PaymentNotice":         "Send a notice by POST PaymentNotice; a correction is another one.",
	"Task":                  "Ask for a closing, and confirm it, with Claim/$close-month; decide on a difference in a payment with Claim/$settle-difference.",
	"Binary":                "Load the file with: pestle tariff load FILE",
}

// tags are the systems of meta.tag by which the records of a month are found.
var tags = []string{csMonth, csExport, csResidue, csQueue}

// guardRecord keeps the records of money from a caller's plain writes: those
// that there are, the ids that they have or will have, the marks by which they
// are found, and the claims of EPS, whose rules only their own door asks.
func guardRecord(tx *fhir.Transaction, before, after *fhir.Version) error {
	if ways[after.Type] == "" {
		return nil
	}
	mine := !tx.Derived && reserved(after.Type, after.ID) // the ids of a message's parts are the server's
	if !mine && !after.Deleted() {
		r, err := after.Resource()
		if err != nil {
			return err
		}
		mine = marked(r)
	}
	if !mine && before != nil && !before.Deleted() && (after.Type == "Claim" || after.Type == "Task") {
		r, err := before.Resource()
		if err != nil {
			return err
		}
		mine = IsEPS(r) || workCode(r) != ""
	}
	if !mine {
		return nil
	}
	return derivedRecord(after)
}

// derivedRecord is the refusal of a caller's plain write of a record of money.
func derivedRecord(after *fhir.Version) error {
	return fhir.E("record", fhir.BusinessRule, fhir.Issue{Rule: "records-are-derived", Expression: after.Type,
		Message: "This " + after.Type + " is a record that the server makes itself: it is not created, changed or deleted by a caller.",
		Found:   after.Ref(), Fix: ways[after.Type]})
}

// reserved reports whether an id is of the form that this package's records
// have.
func reserved(typ, id string) bool {
	switch typ {
	case "Binary":
		return strings.HasPrefix(id, "tariff-")
	case "Task": // those of prescriptions have ids of this form too
		return false
	}
	return pharmacy.IsID(id)
}

// marked reports whether a resource carries what makes it a record: a tag of a
// month or an export, the content of a claim of EPS, or the answer to one.
func marked(r *fhir.Resource) bool {
	if r.Type() == "Binary" {
		return false
	}
	for tag := range r.Get("meta").Get("tag").Items() {
		if slices.Contains(tags, tag.Get("system").Text()) {
			return true
		}
	}
	return IsEPS(r) || answersClaim(r) || workCode(r) != "" || IsNHSPayment(r)
}

// answersClaim reports whether a resource is an answer to a claim that this
// package records: a second one would say something else of the same money.
func answersClaim(r *fhir.Resource) bool {
	ref := r.Root().Path("request", "reference").Text()
	if i := strings.LastIndex(ref, "/Claim/"); i >= 0 {
		ref = ref[i+1:]
	}
	id, ok := strings.CutPrefix(ref, "Claim/")
	id, _, _ = strings.Cut(id, "/_history/")
	return r.Type() == "ClaimResponse" && ok && pharmacy.IsID(id)
}
