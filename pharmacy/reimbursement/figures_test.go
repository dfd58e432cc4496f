package reimbursement

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// csvOf is the CSV that $month-figures answers with.
func (w *world) csvOf(params url.Values) string {
	w.t.Helper()
	call := w.call(nil)
	call.Params = params
	head := w.db.Head()
	reply, err := w.s.figuresOperation(w.ctx, call)
	require.NoError(w.t, err)
	require.Equal(w.t, head, w.db.Head(), "figures write nothing")
	w.valid(reply.Resource)
	data, err := base64.StdEncoding.DecodeString(reply.Resource.Get("data").Text())
	require.NoError(w.t, err)
	return string(data)
}

// TestFigures: the figures of a month with a late, an amended and a withdrawn claim.
// Worked out by hand: in December, Azithromycin is not supplied, so the late claim and
// that of December have three items each, and each pays three charges of 990p.
func TestFigures(t *testing.T) {
	l := newLedger(t)
	prescribe := func(n, handed, born string) *rx {
		rx := acute(n + "11111-A83008-111111")
		for i := range rx.lines {
			rx.lines[i].item = rx.id(rx.lines[i].item)
		}
		rx.handed, rx.born = handed, born
		if born < "1960" {
			rx.nhs = "9990548609"
		}
		rx.store(l.world)
		return rx
	}
	amended := prescribe("1", "2026-11-03T10:00:00Z", "1980-02-29")
	withdrawn := prescribe("2", "2026-11-04T10:00:00Z", "1980-02-29")
	l.settle()
	l.now = time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC)
	l.closeMonth(november, "VNE51")
	prescribe("3", "2026-11-30T10:00:00Z", "1980-02-29") // late
	prescribe("4", "2026-12-01T10:00:00Z", "1950-01-01") // exempt by age
	prescribe("5", "2026-12-02T08:00:00Z", "1980-02-29")
	amended.lines[0].supplies[0].quantity = "10"
	amended.store(l.world)
	withdrawn.status, withdrawn.business, withdrawn.withdrawn = "accepted", "0002", true
	withdrawn.store(l.world)
	l.settle()
	q := url.Values{"month": {"2026-12"}, "org": {"VNE51"}, "average-item-value": {"7.85"}}
	require.Contains(t, l.csvOf(q), "RUN,preview,")
	l.now = time.Date(2027, 1, 4, 9, 0, 0, 0, time.UTC)
	l.closeMonth(november+1, "VNE51")
	figures := l.csvOf(q)
	for _, want := range []string{
		"YEAR_MONTH,202612,", "CONTRACTOR_CODE,VNE51,", "RUN,1,", "SUBMISSION_DEADLINE,2027-01-06,the last day to submit (V)\n",
		"NUMBER_TOTAL_FORMS,3,", "NUMBER_TOTAL_ITEMS,9,", "PAID_FORMS,2,", "PAID_ITEMS,6,", "EXEMPT_FORMS,1,", "EXEMPT_ITEMS,3,", "NO_CHARGE_FORMS,0,",
		"EXEMPT_60_AND_OVER_FORMS,1,", "EXEMPT_60_AND_OVER_ITEMS,3,", "EXEMPT_UNDER_16_FORMS,0,", "EXEMPT_OTHER_AGE_FORMS,0,",
		"EXEMPTION_0001_FORMS,2,", "EXEMPTION_0002_ITEMS,3,", "NUMBER_CHARGEABLE_PX_CURRENT,6,", "CHARGEABLE_PX_CURRENT_VALUE,59.40,", "NUMBER_CHARGEABLE_PX_PREVIOUS,0,",
		"LATE_FORMS,1,", "LATE_ITEMS,3,", "AMENDED_FORMS,1,", "WITHDRAWN_FORMS,1,",
		"ADVANCE_ESTIMATE,11.25,", // 9 items of £7.85 less £59.40
	} {
		require.Contains(t, figures, "\n"+want)
	}
	require.Equal(t, figures, l.csvOf(q))
	q.Set("list", "claims")
	claims := l.csvOf(q)
	require.Equal(t, 6, strings.Count(claims, "\n"))
	for _, want := range []string{"311111-A83008-111111,2026-11-30,2026-11,late,0001,paid,3,", "411111-A83008-111111,2026-12-01,2026-12,,0002,exempt,3,",
		"111111-A83008-111111,2026-11-03,2026-11,amended,", "211111-A83008-111111,2026-11-04,", ",withdrawn,"} {
		require.Contains(t, claims, want)
	}
	require.Contains(t, l.csvOf(url.Values{"month": {"2026-11"}, "org": {"VNE51"}, "run": {"1"}}), "NUMBER_TOTAL_FORMS,2,")
	for name, value := range map[string]string{"average-item-value": "lots", "list": "everything", "org": "FZZ99"} {
		call := l.call(nil)
		call.Params = url.Values{"month": {"2026-12"}, "org": {"VNE51"}}
		call.Params.Set(name, value)
		_, err := l.s.figuresOperation(l.ctx, call)
		require.ErrorContains(t, err, "figures", name)
	}
}

// TestNeutralCells: no cell of a CSV is taken for a formula, and numbers stay numbers.
func TestNeutralCells(t *testing.T) {
	var b strings.Builder
	w := newTable(&b, "a", "b", "c")
	w.row("=1+1", "+44 20", "-9.90")
	w.row("@SUM(A1)", "\tx", "-1+1")
	w.row("say \"hi\", you", "", "12")
	require.NoError(t, w.end())
	require.Equal(t, "a,b,c\n'=1+1,'+44 20,-9.90\n'@SUM(A1),'\tx,'-1+1\n\"say \"\"hi\"\", you\",,12\n", b.String())
}

// TestChargesIn: the number of charges is the value of the figure; an answer of before
// there was one says it in the form that its text had, and nothing else is guessed.
func TestChargesIn(t *testing.T) {
	for text, want := range map[string]int{
		`{"value":2,"reason":{"text":"7 × 990p"}}`: 2,
		`{"reason":{"text":"2 × 990p"}}`:           2,
		`{"reason":{"text":"1 × 990p"}}`:           1,
		`{"reason":{"text":"990p"}}`:               -1,
		`{"reason":{"text":"two × 990p"}}`:         -1,
		`{"value":1.5}`:                            -1,
		`{}`:                                       -1,
	} {
		r, err := fhir.Parse([]byte(`{"resourceType":"Basic","a":` + text + `}`))
		require.NoError(t, err)
		n, err := chargesIn(r.Get("a"))
		if want < 0 {
			require.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want, n, text)
	}
}
