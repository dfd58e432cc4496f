package reimbursement

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestMonthRefusalsNameTheirRules breaks each rule of the month, its papers and its payments at
// each operation that asks it, by its parameters and by a body: the refusal names the
// rule, and nothing is stored.
func TestMonthRefusalsNameTheirRules(t *testing.T) {
	w := closedNovember(t)
	w.now = time.Date(2027, 2, 3, 9, 30, 0, 0, time.UTC)
	_, err := w.pays("figure,amount\nBASIC_PRICES,27.07\nDISCOUNT,-4.87\nFEES_AND_ALLOWANCES,17.50\nPRESCRIPTION_CHARGES,-69.30\n")
	require.NoError(t, err)
	other := acute("811111-A83008-111111")
	other.org, other.lines = "FA565", other.lines[:1]
	other.lines[0].item = other.id(other.lines[0].item)
	other.store(w)
	w.settle()
	difference, _, _ := strings.Cut(w.differences()[0], ",")
	november := "month=2026-11&org=VNE51"
	payment := november + "&reference=BACS+2&date=2027-01-31&schedule=" + url.QueryEscape("figure,amount\nBASIC_PRICES,1.00\n")
	operations := map[string]fhir.Operation{}
	for _, o := range w.s.Operations() {
		operations[o.Name] = o
	}
	breaks := func(operation, params string, want ...string) {
		t.Helper()
		values, err := url.ParseQuery(params)
		require.NoError(t, err)
		var list []any
		for name, all := range values {
			for _, v := range all {
				list = append(list, fhir.Obj("name", name, "valueString", v))
			}
		}
		for door, body := range map[string]*fhir.Resource{"parameters": nil, "a body": fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).Resource()} {
			call := w.call(body)
			if body == nil {
				call.Params = values
			}
			head := w.db.Head()
			_, err = operations[operation].Handle(w.ctx, call)
			var e *fhir.Error
			require.ErrorAs(t, err, &e, "%s by %s", operation, door)
			var rules []string
			for _, i := range e.Issues {
				rules = append(rules, i.Rule)
			}
			require.ElementsMatch(t, want, rules, "%s by %s: %v", operation, door, err)
			require.Equal(t, head, w.db.Head(), "a refusal stores nothing")
		}
	}
	for _, of := range []string{"export-month", "month-figures", "month-statement", "month-differences", "papers", "papers-sent", "close-month"} {
		breaks(of, "month=2026-13&org=VNE51", "MONTH-1")
	}
	for _, of := range []string{"export-month", "month-figures", "month-statement"} {
		breaks(of, november+"&run=0", "MONTH-1")
		breaks(of, november+"&run=9", "MONTH-1")
	}
	breaks("close-month", november+"&run=2", "MONTH-1")
	for _, of := range []string{"month-figures", "month-statement", "month-differences", "papers", "papers-sent"} {
		breaks(of, "month=2026-11", "MONTH-2")
	}
	breaks("month-figures", november+"&list=all", "MONTH-3")
	breaks("month-figures", november+"&average-item-value=-1", "MONTH-3")
	breaks("month-statement", november+"&as=docx", "MONTH-3")
	breaks("month-differences", november+"&list=all", "MONTH-3")
	breaks("papers-sent", november+"&form=FP99&sent=2026-10-31&number=1", "PAPERS-1", "PAPERS-2", "PAPERS-3")
	breaks("papers-sent", november+"&form=FP34PCD&sent=2027-02-04", "PAPERS-2")
	breaks("papers-sent", november+"&form=FP34PCD&sent=2027-02-03", "PAPERS-3")
	breaks("payments", "org=VNE51", "PAID-1", "PAID-1", "PAID-1", "PAID-1")
	breaks("payments", strings.Replace(payment, "BACS+2", "BACS+1", 1), "PAID-2")
	var many strings.Builder
	many.WriteString("figure,amount\n")
	for i := range maxDifferences + 1 {
		fmt.Fprintf(&many, "Service %d,1.00\n", i)
	}
	breaks("payments", november+"&reference=BACS+3&date=2027-01-31&schedule="+url.QueryEscape(many.String()), "PAID-3")
	breaks("settle-difference", "difference="+difference, "SETTLE-1", "SETTLE-1")
	breaks("settle-difference", "difference="+difference+"&action=resubmit&reason=x", "SETTLE-3")
	call := w.call(nil)
	call.Params = url.Values{"difference": {difference}, "action": {"accept"}, "reason": {"agreed"}}
	_, err = operations["settle-difference"].Handle(w.ctx, call)
	require.NoError(t, err)
	breaks("settle-difference", "difference="+difference+"&action=dispute&reason=x", "SETTLE-2")

	rule := func(want string, err error) { require.Equal(t, want, ruleOf(t, err)) }
	_, err = w.submit(fhir.Obj("resourceType", "Bundle", "type", "collection"))
	rule("SUBMIT-1", err)
	_, err = w.s.submitOperation(w.ctx, w.call(nil))
	rule("SUBMIT-1", err)
	_, err = w.s.LoadTariff(w.ctx, File{Name: "none.csv", Data: []byte("a,b\n1,2\n")}, fhir.Principal{})
	rule("TABLE-1", err)
	notice := fhir.Obj("resourceType", "PaymentNotice", "status", "active", "payment", fhir.Obj("reference", "PaymentReconciliation/none"),
		"amount", fhir.Obj("value", fhir.Raw("0.005"), "currency", "GBP"), "created", "2027-02-01", "recipient", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, "VNE51")))
	_, err = w.s.notice(w.ctx, w.call(notice.Resource()))
	rule("PAID-4", err)
}
