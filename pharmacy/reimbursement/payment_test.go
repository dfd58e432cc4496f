package reimbursement

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// pays reports a schedule of payments for VNE51's November.
func (w *world) pays(schedule string, params ...string) (*fhir.Reply, error) {
	w.t.Helper()
	call := w.call(nil)
	call.Params = url.Values{"month": {"2026-11"}, "org": {"VNE51"}, "reference": {"BACS 1"}, "date": {"2027-01-31"}, "schedule": {schedule}}
	for i := 0; i < len(params); i += 2 {
		call.Params.Set(params[i], params[i+1])
	}
	reply, err := w.s.paymentsOperation(w.ctx, call)
	if err == nil {
		w.valid(reply.Resource)
	}
	return reply, err
}

// table is the CSV of an operation, without its header.
func (w *world) differences(params ...string) []string {
	w.t.Helper()
	call := w.call(nil)
	call.Params = url.Values{"month": {"2026-11"}, "org": {"VNE51"}}
	for i := 0; i < len(params); i += 2 {
		call.Params.Set(params[i], params[i+1])
	}
	head := w.db.Head()
	reply, err := w.s.differencesOperation(w.ctx, call)
	require.NoError(w.t, err)
	require.Equal(w.t, head, w.db.Head(), "it writes nothing")
	w.valid(reply.Resource)
	data, err := base64.StdEncoding.DecodeString(reply.Resource.Get("data").Text())
	require.NoError(w.t, err)
	return strings.Split(strings.TrimSpace(string(data)), "\n")[1:]
}

// brief are kind, figure, expected, paid and difference of the rows.
func brief(rows []string) (list []string) {
	for _, r := range rows {
		list = append(list, strings.Join(strings.Split(r, ",")[2:7], ","))
	}
	return list
}

// closedNovember is the month of export-2026-11.json: basic prices 26.07, discount
// -4.868, fees 17.504 (15.20 + 1.28 + 0.124 + 0.90), charges -69.30, which is -30.594,
// so net -30.59.
func closedNovember(t *testing.T) *world {
	w := month(t)
	w.close(url.Values{"month": {"2026-11"}, "org": {"VNE51"}})
	return w
}

// TestPaymentAsClaimed: the figures of the account, each rounded to the penny, leave
// nothing to explain, with or without the penny that rounding makes.
func TestPaymentAsClaimed(t *testing.T) {
	for name, schedule := range map[string]string{
		"four figures": "figure,amount\nBasic prices,26.07\nDiscount,-4.87\nFees and allowances,£17.50\nPrescription charges,-69.30\nNET,-30.59\n",
		// 0.124 is 0.12: the kinds of fees are 17.50 together, as the figure of all
		"kinds of fees": "figure,amount\nBASIC_PRICES,26.07\nDISCOUNT,-4.87\nSAF,15.20\nCD_FEE,1.28\nCONSUMABLES,0.12\nCONTAINER,0.90\nPRESCRIPTION_CHARGES,-69.30\nNET,-30.59\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := closedNovember(t)
			reply, err := w.pays(schedule)
			require.NoError(t, err)
			require.Equal(t, "-30.59", reply.Resource.Root().Path("paymentAmount", "value").Text())
			require.Empty(t, w.differences())
			summary := strings.Join(w.differences("list", "summary"), "\n")
			for _, want := range []string{"CLAIMED,-30.59,", "PAID,-30.59,1 payments", "NOT_PAID_YET,0.00,", "UNEXPLAINED,0.00,", "OPEN,0.00,0 "} {
				require.Contains(t, summary, want)
			}
		})
	}
}

// TestPaymentThatDiffers: by hand. Paid 27.07 for basic prices is 1.00 more; nothing for
// fees is 17.50 less; 5.00 for a service is more; the lines are -42.10 and the amount
// -42.00, 0.10 more; the rounded figures are -30.60, 0.01 less than the account.
// 1.00 - 17.50 + 5.00 + 0.10 - 0.01 = -11.41, and -30.59 - 11.41 = -42.00.
func TestPaymentThatDiffers(t *testing.T) {
	w := closedNovember(t)
	schedule := "figure,amount\nBASIC_PRICES,27.07\nDISCOUNT,-4.87\nPRESCRIPTION_CHARGES,-69.30\nNew medicine service,5.00\n"
	reply, err := w.pays(schedule, "amount", "-42.00")
	require.NoError(t, err)
	require.Equal(t, "-£42.00 paid for 2026-11; 5 lines differ, by -£11.41 together.", reply.Resource.Get("disposition").Text())
	rows := w.differences()
	require.Equal(t, []string{
		"amount,BASIC_PRICES,26.07,27.07,1.00",
		"unpaid,FEES_AND_ALLOWANCES,17.50,0.00,-17.50",
		"unclaimed,NEW_MEDICINE_SERVICE,0.00,5.00,5.00",
		"rounding,ROUNDING,-30.59,-30.60,-0.01",
		"sum,TOTAL,-42.10,-42.00,0.10",
	}, brief(rows))
	require.Contains(t, rows[0], "Paid £27.07 for BASIC_PRICES, expected £26.07: £1.00 more. Look for an edition")
	require.Contains(t, strings.Join(w.differences("list", "summary"), "\n"), "UNEXPLAINED,0.00,")

	// a repeat is one payment, another amount under the same reference is refused
	head := w.db.Head()
	same, err := w.pays(schedule, "amount", "-42.00")
	require.NoError(t, err)
	require.Equal(t, reply.Resource.ID(), same.Resource.ID())
	_, err = w.pays(schedule, "amount", "-41.00")
	require.Equal(t, fhir.Conflict, fhir.KindOf(err))
	require.Equal(t, head, w.db.Head())

	// what is decided is decided by somebody, with a reason, and stays
	id, _, _ := strings.Cut(rows[0], ",")
	settle := func(id, action, reason string) error {
		call := w.call(nil)
		call.Requester = person("1")
		call.Params = url.Values{"difference": {id}, "action": {action}, "reason": {reason}}
		reply, err := w.s.settleOperation(w.ctx, call)
		if err == nil {
			w.valid(reply.Resource)
		}
		return err
	}
	require.ErrorContains(t, settle(id, "ignore", ""), "action is not known")
	require.ErrorContains(t, settle(id, "resubmit", "why not"), "not done about a difference of this kind")
	require.Equal(t, fhir.NotFound, fhir.KindOf(settle("none", "accept", "x")))
	require.NoError(t, settle(id, "dispute", "the edition was right"))
	require.Contains(t, w.differences()[0], ",dispute,the edition was right,1")
	require.NoError(t, settle("Task/"+id, "accept", "the concession was announced on the 29th"))
	require.Contains(t, w.differences()[0], ",accept,the concession was announced on the 29th,1")
	require.Equal(t, fhir.Conflict, fhir.KindOf(settle(id, "dispute", "again")))
	require.Equal(t, 3, w.versions("Task", id))
	require.Contains(t, strings.Join(w.differences("list", "summary"), "\n"), "OPEN,-12.41,4 differences")
}

// TestAdvance: an advance is on account until a payment takes it off. By hand: 20.00 in
// December; in January -30.59 less 20.00 is -50.59.
func TestAdvance(t *testing.T) {
	w := closedNovember(t)
	_, err := w.pays("figure,amount\nADVANCE,20.00\n", "date", "2026-12-10", "reference", "BACS 0")
	require.NoError(t, err)
	require.Equal(t, []string{"advance,ADVANCE,0.00,20.00,20.00"}, brief(w.differences()))
	summary := strings.Join(w.differences("list", "summary"), "\n")
	require.Contains(t, summary, "ON_ACCOUNT,20.00,")
	require.Contains(t, summary, "NOT_PAID_YET,-30.59,")
	require.Contains(t, summary, "UNEXPLAINED,0.00,")
	_, err = w.pays("figure,amount\nBASIC_PRICES,26.07\nDISCOUNT,-4.87\nFEES_AND_ALLOWANCES,17.50\nPRESCRIPTION_CHARGES,-69.30\nADVANCE,-20.00\nNET,-50.59\n")
	require.NoError(t, err)
	rows := w.differences()
	require.Len(t, rows, 1)
	require.Contains(t, rows[0], ",accept,Taken off by the payment BACS 1.")
	summary = strings.Join(w.differences("list", "summary"), "\n")
	for _, want := range []string{"ON_ACCOUNT,0.00,", "PAID,-30.59,2 payments", "UNEXPLAINED,0.00,", "OPEN,0.00,0 "} {
		require.Contains(t, summary, want)
	}

	// a second advance is taken off as the first was, which stays as it is
	_, err = w.pays("figure,amount\nADVANCE,5.00\n", "date", "2027-02-10", "reference", "BACS 2")
	require.NoError(t, err)
	require.Contains(t, strings.Join(w.differences("list", "summary"), "\n"), "OPEN,5.00,1 ")
	_, err = w.pays("figure,amount\nADVANCE,-5.00\n", "date", "2027-03-10", "reference", "BACS 3")
	require.NoError(t, err)
	said := strings.Join(w.differences(), "\n")
	require.Contains(t, said, ",accept,Taken off by the payment BACS 1.")
	require.Contains(t, said, ",accept,Taken off by the payment BACS 3.")
	require.Contains(t, strings.Join(w.differences("list", "summary"), "\n"), "OPEN,0.00,0 ")
}

// TestPaymentByClaim: a PaymentReconciliation that names claims. By hand, to the penny:
// -17.50 (-17.5028), -5.26 (-5.2576), 13.37 (13.3672) and -16.33 (-16.3328), with the
// discount of -4.87 -30.59. One claim is not paid, one twice, and one is not known.
func TestPaymentByClaim(t *testing.T) {
	w := closedNovember(t)
	var details []any
	line := func(pence string, pairs ...any) {
		details = append(details, fhir.Obj(append([]any{"amount", fhir.Obj("value", fhir.Raw(pence), "currency", "GBP")}, pairs...)...))
	}
	payment := fhir.Obj("coding", fhir.List(fhir.Obj("system", "http://terminology.hl7.org/CodeSystem/payment-type", "code", "payment")))
	line("-17.50", "type", payment, "request", fhir.Obj("reference", "Claim/70c4730a-df0f-5f46-a859-9cb50aa49cd2"))
	line("-5.26", "type", payment, "request", fhir.Obj("identifier", fhir.Obj("system", "https://tools.ietf.org/html/rfc4122", "value", "eedbd7a0-7a33-5284-93b5-5a6c56e6e0b7")))
	line("13.37", "type", payment, "response", fhir.Obj("reference", "ClaimResponse/"+ResponseID("a01d0e1f-f28a-54b7-8026-0eff7309612f")))
	line("13.37", "type", payment, "response", fhir.Obj("reference", "ClaimResponse/"+ResponseID("a01d0e1f-f28a-54b7-8026-0eff7309612f")))
	line("7.00", "type", payment, "request", fhir.Obj("identifier", fhir.Obj("value", "nobody's")))
	line("-4.87", "type", fhir.Obj("coding", fhir.List(fhir.Obj("system", csFigure, "code", "DISCOUNT"))))
	body := func(amount string) *fhir.Resource {
		return fhir.Obj("resourceType", "PaymentReconciliation", "status", "active", "created", "2027-01-31", "period", fhir.Obj("start", "2026-11-01", "end", "2026-11-30"),
			"paymentIssuer", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, "T1450")), "requestor", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, "VNE51")),
			"paymentDate", "2027-01-31", "paymentAmount", fhir.Obj("value", fhir.Raw(amount), "currency", "GBP"), "paymentIdentifier", fhir.Obj("value", "BACS 2"), "detail", fhir.List(details...)).Resource()
	}
	require.True(t, IsNHSPayment(body("1")))
	intake := w.s.Intakes()[1]
	_, err := intake.Handle(w.ctx, w.call(body("6.111")))
	require.ErrorContains(t, err, "not whole pence")
	_, err = intake.Handle(w.ctx, w.call(fhir.Revise(body("6.11"), "status", "cancelled")))
	require.ErrorContains(t, err, "Only a payment that was made")
	reply, err := intake.Handle(w.ctx, w.call(body("6.11")))
	require.NoError(t, err)
	w.valid(reply.Resource)
	require.Equal(t, []string{
		"unclaimed,Claim/nobody's,0.00,7.00,7.00",
		"duplicate,Claim/a01d0e1f-f28a-54b7-8026-0eff7309612f,13.37,26.74,13.37",
		"unpaid,Claim/e2118e29-eef5-50e0-9ad8-053418531dfa,-16.33,0.00,16.33",
	}, sortedLike(brief(w.differences()), "unclaimed", "duplicate", "unpaid"))
	// -30.59 + 7.00 + 13.37 + 16.33 = 6.11
	require.Contains(t, strings.Join(w.differences("list", "summary"), "\n"), "UNEXPLAINED,0.00,")

	// a notice of the payment names its amount, or that is a difference
	notice := func(pounds string) error {
		n := fhir.Obj("resourceType", "PaymentNotice", "status", "active", "created", "2027-02-01", "payment", fhir.Obj("reference", "PaymentReconciliation/"+reply.Resource.ID()),
			"recipient", fhir.Obj("display", "VNE51"), "amount", fhir.Obj("value", fhir.Raw(pounds), "currency", "GBP")).Resource()
		require.True(t, isNotice(n))
		answer, err := w.s.Intakes()[2].Handle(w.ctx, w.call(n))
		if err == nil {
			w.valid(answer.Resource)
		}
		return err
	}
	require.NoError(t, notice("6.11"))
	require.Len(t, w.differences(), 3)
	require.NoError(t, notice("6.10"))
	require.Len(t, w.differences(), 4)
	require.ErrorContains(t, notice("6.105"), "whole pence")

	// one about a payment of another kind is stored as it is, and one about none is refused
	other := fhir.Obj("resourceType", "PaymentReconciliation", "id", pharmacy.ID("a payout"), "status", "active", "created", "2027-02-01", "paymentDate", "2027-02-01",
		"paymentAmount", fhir.Obj("value", fhir.Raw("1.005"), "currency", "GBP")).Resource()
	_, err = w.db.Commit(w.ctx, &fhir.Transaction{Derived: true, Changes: []fhir.Change{{Method: fhir.Create, Type: "PaymentReconciliation", ID: other.ID(), Resource: other}}})
	require.NoError(t, err)
	about := func(id string) error {
		n := fhir.Obj("resourceType", "PaymentNotice", "status", "active", "created", "2027-02-01", "payment", fhir.Obj("reference", "PaymentReconciliation/"+id),
			"recipient", fhir.Obj("display", "us"), "amount", fhir.Obj("value", fhir.Raw("2.00"), "currency", "GBP")).Resource()
		_, err := w.s.Intakes()[2].Handle(w.ctx, w.call(n))
		return err
	}
	require.NoError(t, about(other.ID()))
	require.Equal(t, fhir.NotFound, fhir.KindOf(about(pharmacy.ID("none"))))
	require.NoError(t, about(reply.Resource.ID()+"/_history/1"), "2.00 of 6.11")
	require.Len(t, w.differences(), 5)

	// nobody writes one by hand, under an id of theirs, so that it is not compared
	byHand := func(ref string) error {
		n := fhir.Obj("resourceType", "PaymentNotice", "id", "mine", "status", "active", "created", "2027-02-01", "payment", fhir.Obj("reference", ref),
			"recipient", fhir.Obj("display", "us"), "amount", fhir.Obj("value", fhir.Raw("2.00"), "currency", "GBP")).Resource()
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "PaymentNotice", ID: "mine", Resource: n}}})
		return err
	}
	for _, id := range []string{reply.Resource.ID(), reply.Resource.ID() + "/_history/1", pharmacy.ID("none")} {
		require.Equal(t, "records-are-derived", ruleOf(t, byHand("PaymentReconciliation/"+id)), id)
	}
	require.Equal(t, "records-are-derived", ruleOf(t, byHand("https://pharmacy.example/fhir/PaymentReconciliation/"+reply.Resource.ID())))
	require.NoError(t, byHand("PaymentReconciliation/"+other.ID()))
	require.NoError(t, byHand("PaymentReconciliation/elsewhere"))
}

func sortedLike(rows []string, kinds ...string) (list []string) {
	for _, k := range kinds {
		for _, r := range rows {
			if strings.HasPrefix(r, k+",") {
				list = append(list, r)
			}
		}
	}
	return list
}

// TestPaymentsThatAreRefused: all that is wrong at once, with its place, and nothing is
// stored.
func TestPaymentsThatAreRefused(t *testing.T) {
	w := closedNovember(t)
	head := w.db.Head()
	for name, c := range map[string]struct {
		schedule string
		params   []string
		want     []string
	}{
		"nothing":        {"", nil, []string{"No payment is reported"}},
		"no header":      {"a,b\n1,2\n", nil, []string{"No header row"}},
		"a bad amount":   {"figure,amount\nNET,1.234\n,2\n", nil, []string{"The amount is not valid", "The figure has no name"}},
		"formula":        {"figure,amount\n=1+1,2.00\n", nil, []string{"The figure has no name"}},
		"two totals":     {"figure,amount\nSAF,1.00\nNET,1.00\nTOTAL,2.00\n", nil, []string{"several totals"}},
		"fees twice":     {"figure,amount\nSAF,1.00\nFEES_AND_ALLOWANCES,1.00\n", nil, []string{"The fees are there twice"}},
		"no figures":     {"figure,amount\nNET,1.00\n", nil, []string{"no figures"}},
		"bad parameters": {"figure,amount\nSAF,1.00\n", []string{"month", "13", "date", "soon", "reference", "", "amount", "lots", "run", "x"}, []string{"The month", "The day", "reference", "The amount", "The run"}},
		"not closed":     {"figure,amount\nSAF,1.00\n", []string{"month", "2026-10"}, []string{"The month is not closed"}},
		"no such run":    {"figure,amount\nSAF,1.00\n", []string{"run", "2"}, []string{"no such run"}},
		"no pharmacy":    {"figure,amount\nSAF,1.00\n", []string{"org", ""}, []string{"to which pharmacy"}},
	} {
		_, err := w.pays(c.schedule, c.params...)
		if name == "not closed" {
			require.Equal(t, "month-is-closed", ruleOf(t, err))
		}
		for _, want := range c.want {
			text := ""
			if e := (*fhir.Error)(nil); errors.As(err, &e) {
				for _, i := range e.Issues {
					text += i.Text() + "\n"
				}
			}
			require.Contains(t, text+fmt.Sprint(err), want, name)
		}
	}
	require.Equal(t, head, w.db.Head())
	call := w.call(nil)
	call.Requester = fhir.Principal{Agent: "x", OnBehalf: "FA565", Roles: []string{"finance"}}
	call.Params = url.Values{"month": {"2026-11"}, "org": {"VNE51"}, "reference": {"1"}, "date": {"2027-01-31"}, "schedule": {"figure,amount\nSAF,1.00\n"}}
	_, err := w.s.paymentsOperation(w.ctx, call)
	require.Equal(t, fhir.Forbidden, fhir.KindOf(err))
}

// TestMatchExplainsAll: whatever is due and whatever is paid, the amount is what was due
// and the differences, and no difference is nothing.
func TestMatchExplainsAll(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		d := due{lines: map[string]*big.Rat{}}
		exact := new(big.Rat)
		var paid []paidLine
		for i := range rnd.IntN(8) {
			name := fmt.Sprint("F", i)
			pence := big.NewRat(rnd.Int64N(1_000_000)-500_000, 1+rnd.Int64N(1000))
			d.lines[name] = pence
			exact.Add(exact, pence)
			for range rnd.IntN(3) {
				paid = append(paid, paidLine{name, wholePence(pence) + []int64{0, 0, rnd.Int64N(7) - 3}[rnd.IntN(3)]})
			}
		}
		d.net = wholePence(exact)
		if rnd.IntN(3) == 0 {
			paid = append(paid, paidLine{"OTHER", rnd.Int64N(100)})
		}
		amount := sumOfLines(paid) + []int64{0, 0, rnd.Int64N(5)}[rnd.IntN(3)]
		sum := d.net
		for _, x := range match(d, paid, amount) {
			sum += x.pence()
			require.NotEmpty(t, x.text())
			require.NotEmpty(t, x.remedy().actions, x.kind)
		}
		require.Equal(t, amount, sum)
	}
}

// FuzzReadSchedule: a schedule is read or refused with a place, and what is read is
// read the same when it is written again.
func FuzzReadSchedule(f *testing.F) {
	f.Add([]byte("figure,amount\nSAF,1.00\nNET,£1,234.50\n"))
	f.Add([]byte("figure;amount\r\n\"a b\";-0,5\r\n"))
	f.Add([]byte("\xff\xfef\x00i\x00g\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, issues := tariff.ReadSchedule(data)
		if fhir.HasErrors(issues) {
			return
		}
		var b strings.Builder
		w := newTable(&b, "figure", "amount")
		for _, p := range list {
			w.row(p.Figure, decimal(p.Pence))
		}
		require.NoError(t, w.end())
		again, issues := tariff.ReadSchedule([]byte(b.String()))
		require.False(t, fhir.HasErrors(issues), "%v", issues)
		require.Len(t, again, len(list))
		for i := range list {
			require.Equal(t, list[i].Figure, again[i].Figure)
			require.Equal(t, list[i].Pence, again[i].Pence)
		}
	})
}

// pay reports payments for a run of a ledger's month at random: as claimed or not, by
// figure or by claim, with an advance or without; and holds the month to it.
func (l *ledger) pay(rnd *rand.Rand, month tariff.Month, org string) {
	l.t.Helper()
	state := l.db.State(l.ctx)
	last, err := lastRun(state, month, org)
	require.NoError(l.t, err)
	before, err := paymentsOf(state, month, org)
	require.NoError(l.t, err)
	if last == 0 {
		return // nothing is closed
	}
	report := func(lines []paidLine, amount int64) {
		call := l.call(nil)
		call.Params = url.Values{"month": {month.String()}, "org": {org}}
		reference, day := fmt.Sprint("R", l.calls, " ", month), l.now.Format(time.DateOnly)
		if slices.ContainsFunc(lines, func(p paidLine) bool { return strings.HasPrefix(p.name, claimKey) }) {
			var details []any
			for _, p := range lines {
				named := []any{"type", fhir.Obj("coding", fhir.List(fhir.Obj("system", csFigure, "code", p.name)))}
				if strings.HasPrefix(p.name, claimKey) {
					named = []any{"type", fhir.Obj("text", "payment"), "request", fhir.Obj("reference", p.name)}
				}
				details = append(details, fhir.Obj(append(named, "amount", fhir.Obj("value", fhir.Raw(decimal(p.pence)), "currency", "GBP"))...))
			}
			call.Body = fhir.Obj("resourceType", "PaymentReconciliation", "status", "active", "created", day, "period", fhir.Obj("start", month.String()+"-01"), "paymentDate", day,
				"paymentAmount", fhir.Obj("value", fhir.Raw(decimal(amount)), "currency", "GBP"), "paymentIdentifier", fhir.Obj("value", reference), "detail", fhir.List(details...)).Resource()
		} else {
			var b strings.Builder
			b.WriteString("figure,amount\n")
			for _, p := range lines {
				fmt.Fprintf(&b, "%s,%s\n", p.name, decimal(p.pence))
			}
			call.Params.Set("schedule", b.String())
			call.Params.Set("reference", reference)
			call.Params.Set("date", day)
			call.Params.Set("amount", decimal(amount))
		}
		_, err := l.s.paymentsOperation(l.ctx, call)
		require.NoError(l.t, err, "%v", lines)
	}
	if rnd.IntN(3) == 0 {
		advance := 1 + rnd.Int64N(5000)
		report([]paidLine{{figureAdvance, advance}}, advance)
	}
	first, advances := 1, int64(0)
	for _, p := range before {
		first = max(first, p.last+1)
	}
	if now, err := paymentsOf(l.db.State(l.ctx), month, org); err == nil {
		for _, p := range now {
			advances += p.advance
		}
	}
	d, err := l.s.dueOf(l.ctx, month, org, first, last, rnd.IntN(2) == 0, rnd.IntN(2) == 0)
	require.NoError(l.t, err)
	var lines []paidLine
	for _, name := range slices.Sorted(maps.Keys(d.lines)) {
		pence := wholePence(d.lines[name])
		switch rnd.IntN(8) {
		case 0: // not paid
		case 1:
			lines = append(lines, paidLine{name, pence + rnd.Int64N(200) - 100})
		case 2:
			lines = append(lines, paidLine{name, pence})
			fallthrough
		default:
			lines = append(lines, paidLine{name, pence})
		}
	}
	if advances > 0 && rnd.IntN(4) > 0 {
		lines = append(lines, paidLine{figureAdvance, -advances})
	}
	if rnd.IntN(4) == 0 {
		lines = append(lines, paidLine{fmt.Sprint("SERVICE_", rnd.IntN(3)), rnd.Int64N(9000)})
	}
	if len(lines) == 0 {
		lines = append(lines, paidLine{figureDiscount, 0})
	}
	amount := sumOfLines(lines)
	if rnd.IntN(4) == 0 {
		amount = rnd.Int64N(20000) - 10000
	}
	report(lines, amount)
}

// paid holds the payments of a month to its accounts, by the records alone: what came in
// is what the accounts come to, and what the Tasks of the differences say.
func (l *ledger) paid(month tariff.Month, org string) {
	l.t.Helper()
	state := l.db.State(l.ctx)
	payments, err := paymentsOf(state, month, org)
	require.NoError(l.t, err)
	list, err := differencesOf(state, month, org)
	require.NoError(l.t, err)
	for _, p := range payments {
		sum, advances := int64(0), int64(0)
		for run := p.first; run > 0 && run <= p.last; run++ {
			invoice := l.get("Invoice", invoiceID(month, org, run))
			net, ok := pricing.ParseDecimal(invoice.Root().Path("totalNet", "value").Text())
			require.True(l.t, ok)
			net.Mul(net, big.NewRat(100, 1))
			require.True(l.t, net.IsInt())
			sum += net.Num().Int64()
		}
		for _, q := range payments {
			if q == p {
				break
			}
			advances += q.advance
		}
		if p.first > 0 {
			sum -= advances
		}
		for _, x := range list {
			if x.ref == p.version.Ref() {
				require.NotZero(l.t, x.pence())
				sum += x.pence()
			}
		}
		require.Equal(l.t, p.amount, sum, "%s of %s: %s", month, org, p.record.JSON())
	}
	summary, err := summaryOf(state, month, org, list)
	require.NoError(l.t, err)
	require.Zero(l.t, summary.rest())
}
