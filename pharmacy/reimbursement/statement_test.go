package reimbursement

import (
	"encoding/base64"
	"net/url"

	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/paper"
)

// TestStatement: the statement of a closed month with payments, as a PDF of the same
// bytes each time, and with the figures of the account and the payments in it.
func TestStatement(t *testing.T) {
	w := closedNovember(t)
	_, err := w.pays("figure,amount\nBASIC_PRICES,27.07\nDISCOUNT,-4.87\nFEES_AND_ALLOWANCES,17.50\nPRESCRIPTION_CHARGES,-69.30\n")
	require.NoError(t, err)
	_, err = w.pays("figure,amount\nBASIC_PRICES,-1.00\n", "reference", "BACS 2", "date", "2027-02-28") // taken back
	require.NoError(t, err)
	_, err = w.pays("figure,amount\nADVANCE,3.00\n", "reference", "BACS 3", "date", "2027-03-01")
	require.NoError(t, err)
	statement := func(params ...string) (string, []byte) {
		call := w.call(nil)
		call.Params = url.Values{"month": {"2026-11"}, "org": {"VNE51"}}
		for i := 0; i < len(params); i += 2 {
			call.Params.Set(params[i], params[i+1])
		}
		head := w.db.Head()
		reply, err := w.s.statementOperation(w.ctx, call)
		require.NoError(t, err)
		require.Equal(t, head, w.db.Head(), "it writes nothing")
		w.valid(reply.Resource)
		data, err := base64.StdEncoding.DecodeString(reply.Resource.Get("data").Text())
		require.NoError(t, err)
		return reply.Resource.Get("contentType").Text(), data
	}
	kind, pdf := statement()
	require.Equal(t, "application/pdf", kind)
	require.Equal(t, "%PDF", string(pdf[:4]))
	_, same := statement("as", "pdf", "run", "1")
	require.Equal(t, len(pdf), len(same))

	var d paper.Document
	w.s.options.Page = func(p paper.Document) []byte { d = p; return []byte("<html>") }
	kind, _ = statement("as", "html")
	require.Equal(t, "text/html", kind)
	var text strings.Builder
	for _, p := range d.Parts {
		text.WriteString(p.Heading + "\n" + strings.Join(p.Lines, "\n") + "\n")
		for _, r := range p.Rows {
			require.Len(t, r, len(p.Columns), p.Heading)
			text.WriteString(strings.Join(r, "|") + "\n")
		}
	}
	require.Equal(t, "Month statement 2026-11, VNE51", d.Heading)
	require.Equal(t, "The Simple Pharmacy, NHS dispensing: run 1, recorded 3 December 2026.", d.Subtitle)
	for _, want := range []string{
		"Basic prices, discount group generic||24.34\n", "Deduction from it|deduction:generic from 2024-01-01 (V)|-4.87\n", "Net, draft||-30.59\n", "SUBMISSION_DEADLINE|2026-12-05|",
		"2027-01-31|BACS 1|1 to 1|-29.60\n", "2027-02-28|BACS 2|none new|-1.00\n", "2027-03-01|BACS 3|on account|3.00\n", "BASIC_PRICES|amount|26.07|27.07|1.00|open\n", "Claimed -£30.59, paid -£27.60.",
	} {
		require.Contains(t, text.String(), want)
	}
	call := w.call(nil)
	call.Params = url.Values{"month": {"2026-11"}, "org": {"VNE51"}, "as": {"docx"}}
	_, err = w.s.statementOperation(w.ctx, call)
	require.ErrorContains(t, err, "form is not known")
}
