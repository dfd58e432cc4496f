package reimbursement

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// TestRecordsAreNotWrittenByCallers: what a caller writes by itself does not
// become a record of money, and changes none: whatever the method, and before
// the record exists as after.
func TestRecordsAreNotWrittenByCallers(t *testing.T) {
	w, _, claim := ready(t)
	w.close(url.Values{"month": {"2026-11"}})
	resource := func(typ, id string, parts ...any) *fhir.Resource {
		return fhir.Obj(append([]any{"resourceType", typ, "id", id}, parts...)...).Resource()
	}
	tagged := fhir.Obj("tag", fhir.List(fhir.Obj("system", csMonth, "code", "2026-11.VNE51")))
	put := func(r *fhir.Resource) fhir.Change {
		return fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r}
	}
	remove := func(typ, id string) fhir.Change { return fhir.Change{Method: fhir.Delete, Type: typ, ID: id} }
	callers := []fhir.Principal{{}, {Agent: "cron", Unbound: true}, {Agent: "sds-user-id|1", OnBehalf: "VNE51"}, {Agent: "sds-user-id|2", OnBehalf: "FA565"},
		{Agent: "sds-user-id|3", OnBehalf: "VNE51", SeesAll: true}}
	for _, role := range []string{"clinic-system", "prescriber", "technician", "accuracy-checker", "pharmacist", "responsible-pharmacist", "superintendent", "finance", "auditor", "administrator"} {
		callers = append(callers, fhir.Principal{Agent: role, OnBehalf: "VNE51", Roles: []string{role}})
	}
	response, later := ResponseID(claim.ID()), ClaimID("999999-A83008-999999", 1)
	for name, c := range map[string]fhir.Change{
		"answer, changed":          put(resource("ClaimResponse", response)),
		"answer, deleted":          remove("ClaimResponse", response),
		"answer to come":           put(resource("ClaimResponse", ResponseID(later))),
		"answer with a month":      put(resource("ClaimResponse", "mine", "meta", tagged)),
		"answer with packs left":   put(resource("ClaimResponse", "mine", "meta", fhir.Obj("tag", fhir.List(fhir.Obj("system", csResidue, "code", "VNE51.1"))))),
		"answer in the queue":      put(resource("ClaimResponse", "mine", "meta", fhir.Obj("tag", fhir.List(fhir.Obj("system", csQueue, "code", claimIncomplete))))),
		"another answer":           put(resource("ClaimResponse", "mine", "request", fhir.Obj("reference", "Claim/"+claim.ID()))),
		"another answer, absolute": put(resource("ClaimResponse", "mine", "request", fhir.Obj("reference", "http://localhost/fhir/Claim/"+claim.ID()+"/_history/1"))),
		"account, changed":         put(resource("Invoice", invoiceID(november, "VNE51", 1))),
		"account, deleted":         remove("Invoice", invoiceID(november, "VNE51", 1)),
		"account to come":          put(resource("Invoice", invoiceID(november, "VNE51", 2))),
		"runs":                     remove("List", listID(november, 1)),
		"claim, changed":           put(amend(t, claim, message2, message1)),
		"claim, deleted":           remove("Claim", claim.ID()),
		"claim to come":            put(resource("Claim", later)),
		"claim of EPS by itself":   {Method: fhir.Create, Type: "Claim", Resource: withID(claim, "mine")},
		"fees":                     put(resource("Binary", BinaryID(tariff.FeeSchedule, 0), "contentType", "text/csv")),
		"edition, deleted":         remove("Binary", BinaryID(tariff.PartVIIIA, november)),
		"edition of another year":  put(resource("Binary", BinaryID(tariff.PartVIIIA, november+12), "contentType", "text/csv")),
	} {
		t.Run(name, func(t *testing.T) {
			head := w.db.Head()
			for _, who := range callers {
				_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{c}, Requester: who})
				require.Error(t, err, who)
				if who.ActsFor("VNE51") {
					require.ErrorContains(t, err, "is a record that the server makes itself", who)
				}
				require.Equal(t, head, w.db.Head(), "nothing is stored")
			}
		})
	}
	for name, c := range map[string]fhir.Change{
		"an insurer's answer": {Method: fhir.Create, Type: "ClaimResponse", Resource: resource("ClaimResponse", "x", "status", "active")},
		"a clinic's account":  put(resource("Invoice", "clinic-1", "status", "draft")),
		"a clinic's claim":    {Method: fhir.Create, Type: "Claim", Resource: plain(plainItem(1, "39732311000001104", "21", "capsule")).Resource()},
		"a picture":           put(resource("Binary", "photo", "contentType", "image/png")),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{c}})
			require.NoError(t, err)
		})
	}
}
