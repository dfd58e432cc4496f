package reimbursement

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// incoming is a payment as somebody reports it, before it is recorded.
type incoming struct {
	month     tariff.Month
	org       string
	run       int    // the newest run that it is for; 0 for the newest there is
	reference string // of the payer
	amount    int64
	lines     []paidLine
	record    *fhir.Resource // as it came; nil for a schedule
	day       string         // of the payment
	issues    []fhir.Issue
}

func (in *incoming) fail(code fhir.Code, place, message, expected, found string) {
	in.issues = append(in.issues, fhir.Issue{Severity: fhir.Err, Code: code, Rule: "PAID-1", Expression: place, Message: message, Expected: expected, Found: found})
}

// byClaim reports whether the payment names claims.
func (in *incoming) byClaim() bool {
	for _, l := range in.lines {
		if strings.HasPrefix(l.name, claimKey) {
			return true
		}
	}
	return false
}

// onAccount reports whether the payment is an advance and nothing else.
func (in *incoming) onAccount() bool {
	for _, l := range in.lines {
		if l.name != figureAdvance || l.pence <= 0 {
			return false
		}
	}
	return len(in.lines) > 0
}

// fine reports whether the payment has the fees by their kinds.
func (in *incoming) fine() bool {
	kinds, together := "", false
	for _, l := range in.lines {
		for _, name := range feeFigures {
			if l.name == name {
				kinds = name
			}
		}
		together = together || l.name == figureFees
	}
	if kinds != "" && together {
		in.fail(fhir.BusinessRule, "detail", "The fees are there twice, together and by their kinds.", figureFees+" or the kinds, such as "+kinds, figureFees+" and "+kinds)
	}
	return kinds != ""
}

// incomingOf reads what a call reports: a PaymentReconciliation, or a schedule of
// payments with its reference and day. All that is wrong is told at once.
func (s *Service) incomingOf(state fhir.State, call *fhir.Call) (*incoming, error) {
	in := &incoming{reference: strings.TrimSpace(parameter(call, "reference")), day: parameter(call, "date")}
	body := paymentBody(call.Body)
	switch schedule := parameter(call, "schedule"); {
	case body != nil && schedule != "":
		in.fail(fhir.Invalid, "schedule", "The payment is there twice.", "either a schedule or a resource", "both")
	case body != nil && body.Type() == "PaymentReconciliation":
		in.reconciliation(state, body)
	case body != nil:
		data, err := base64.StdEncoding.DecodeString(body.Get("data").Text())
		if err != nil {
			in.fail(fhir.Invalid, "Binary.data", "The content is not base64.", "", "")
		}
		in.schedule(data)
	case schedule != "":
		in.schedule([]byte(schedule))
	default:
		in.fail(fhir.Required, "schedule", "No payment is reported.", "schedule, a CSV with the columns figure and amount, or a PaymentReconciliation", "")
	}
	if text := parameter(call, "month"); text != "" || in.month == 0 && in.record == nil {
		month, err := tariff.ParseMonth(text)
		if err != nil {
			in.fail(fhir.Invalid, "month", "The month is missing or not valid.", "month=2026-11", strconv.Quote(text))
		} else if in.month != 0 && month != in.month {
			in.fail(fhir.BusinessRule, "month", "The payment is of another month.", in.month.String(), text)
		}
		in.month = month
	}
	if text := parameter(call, "run"); text != "" {
		n, err := strconv.Atoi(text)
		if in.run = n; err != nil || n < 1 {
			in.fail(fhir.Invalid, "run", "The run is not a valid number.", "the number of a recorded run, such as 1", strconv.Quote(text))
		}
	}
	if text := parameter(call, "amount"); text != "" {
		pence, ok := tariff.ParsePounds(text)
		if in.amount = pence; !ok {
			in.fail(fhir.Invalid, "amount", "The amount is not valid.", "pounds and pence, such as 3911870.02", strconv.Quote(text))
		}
	}
	if _, err := time.Parse(time.DateOnly, in.day); err != nil {
		in.fail(fhir.Required, "date", "The day of the payment is missing or not valid.", "date=2027-01-31", strconv.Quote(in.day))
	}
	if in.reference == "" || len(in.reference) > 64 || strings.TrimSpace(in.reference) != in.reference {
		in.fail(fhir.Required, "reference", "The payer's reference of the payment is missing or not valid: by it, what is sent twice is recorded once.", "1 to 64 characters, such as the reference in the bank statement", strconv.Quote(in.reference))
	}
	if len(in.issues) > 0 {
		return nil, &fhir.Error{Op: "payment", Kind: in.issues[0].Code, Issues: fhir.SortIssues(in.issues)}
	}
	named := in.org
	if text := strings.ToUpper(parameter(call, "org")); text != "" && named != "" && text != named {
		return nil, fhir.E("payment", fhir.BusinessRule, fhir.Issue{Rule: "PAID-1", Expression: "org", Message: "The payment is to another pharmacy.", Expected: named, Found: text})
	} else if text != "" {
		named = text
	}
	org, err := PharmacyOf(call.Requester, named)
	if err == nil && org == "" {
		err = fhir.E("payment", fhir.Required, fhir.Issue{Rule: "PAID-1", Expression: "org", Message: "The call does not say to which pharmacy the payment is.", Expected: "org= with its ODS code"})
	}
	in.org = org
	return in, err
}

// paymentBody is the resource of a body: itself, or that of its parameter resource.
func paymentBody(body *fhir.Resource) *fhir.Resource {
	if body == nil || body.Type() != "Parameters" {
		return body
	}
	for p := range body.Get("parameter").Items() {
		if r := p.Get("resource"); r.Exists() {
			return body.Sub(r)
		}
	}
	return nil
}

// schedule reads the figures of a schedule of payments.
func (in *incoming) schedule(data []byte) {
	list, issues := tariff.ReadSchedule(data)
	in.issues = append(in.issues, issues...)
	total, said := int64(0), false
	for _, p := range list {
		if p.Figure == figureNet || p.Figure == figureTotal {
			if said && in.amount != p.Pence {
				in.fail(fhir.BusinessRule, "schedule", "The schedule has several totals.", pounds(in.amount), fmt.Sprintf("%s in line %d", pounds(p.Pence), p.Line))
			}
			in.amount, said = p.Pence, true
			continue
		}
		total += p.Pence
		in.lines = append(in.lines, paidLine{p.Figure, p.Pence})
	}
	if !said {
		in.amount = total
	}
	if len(in.lines) == 0 && len(issues) == 0 {
		in.fail(fhir.Required, "schedule", "The schedule has no figures.", "a row for each figure, beside "+figureNet, "")
	}
	in.fine()
}

// reconciliation reads a PaymentReconciliation.
func (in *incoming) reconciliation(state fhir.State, r *fhir.Resource) {
	in.record = r
	if status := r.Get("status").Text(); status != "active" {
		in.fail(fhir.BusinessRule, "PaymentReconciliation.status", "Only a payment that was made is recorded.", "active", status)
	}
	place := func(name string) string { return "PaymentReconciliation." + name }
	if text := r.Root().Path("period", "start").Text(); text != "" {
		month, err := tariff.ParseMonth(text[:min(7, len(text))])
		if in.month = month; err != nil {
			in.fail(fhir.Invalid, place("period.start"), "The period does not begin with a dispensing month.", "a day of the month, such as 2026-11-01", strconv.Quote(text))
		}
	} else {
		in.fail(fhir.Required, place("period.start"), "The payment does not say of which dispensing month it is.", "a day of the month, such as 2026-11-01", "")
	}
	in.org = strings.ToUpper(nhs.Identifier(r.Get("requestor"), nhs.IDODS).Text())
	in.day = r.Get("paymentDate").Text()
	in.reference = r.Root().Path("paymentIdentifier", "value").Text()
	if in.reference == "" {
		in.reference = r.Get("identifier").Item(0).Get("value").Text()
	}
	var ok bool
	if in.amount, ok = moneyIn(r.Get("paymentAmount")); !ok {
		in.fail(fhir.Invalid, place("paymentAmount"), "The amount is not whole pence in pounds sterling.", `such as {"value": 3911870.02, "currency": "GBP"}`, string(r.Get("paymentAmount").Raw()))
	}
	for d := range r.Get("detail").Items() {
		pence, ok := moneyIn(d.Get("amount"))
		if !ok {
			in.fail(fhir.Invalid, d.Expression()+".amount", "The amount is not whole pence in pounds sterling.", `such as {"value": 16.33, "currency": "GBP"}`, string(d.Get("amount").Raw()))
		}
		name := claimOf(state, in.org, d)
		if name == "" {
			name = figureOf(d)
		}
		if name == "" {
			in.fail(fhir.Required, d.Expression(), "The line names neither a claim nor a figure of the account.", "request with the Claim, or type with a code of "+csFigure, "")
		}
		in.lines = append(in.lines, paidLine{name, pence})
	}
	in.fine()
}

// moneyIn is an amount in whole pence of pounds sterling.
func moneyIn(n fhir.Node) (int64, bool) {
	pence, ok := penceIn(n.Get("value"))
	currency := n.Get("currency").Text()
	if !ok || !pence.IsInt() || !pence.Num().IsInt64() || currency != "" && currency != "GBP" {
		return 0, false
	}
	n64 := pence.Num().Int64()
	return n64, max(n64, -n64) < 1e14
}

// claimOf is the name of the line of the claim that a detail names: by reference, by
// its answer, or by the identifier that it was sent with; "" where it names none. Of a
// claim that is not the pharmacy's it is what the detail calls it.
func claimOf(state fhir.State, org string, detail fhir.Node) string {
	for _, ref := range []fhir.Node{detail.Get("request"), detail.Get("response")} {
		text, _, _ := strings.Cut(ref.Get("reference").Text(), "/_history/")
		if i := strings.LastIndex(text, "/Claim"); i >= 0 {
			text = text[i+1:]
		}
		if id, ok := strings.CutPrefix(text, "Claim/"); ok {
			return claimKey + id
		}
		if strings.HasPrefix(text, "ClaimResponse/") {
			if r, err := current(state, "ClaimResponse", text); err == nil && r != nil {
				if id := strings.TrimPrefix(r.Root().Path("request", "reference").Text(), "Claim/"); claimIs(state, id, org) != nil {
					return claimKey + id
				}
			}
			return claimKey + strings.TrimPrefix(text, "ClaimResponse/")
		}
		value := ref.Path("identifier", "value").Text()
		if value == "" {
			continue
		}
		ids, err := state.Find("Claim", nhs.Query("identifier", ref.Path("identifier", "system").Text(), value))
		if err == nil && len(ids) == 1 && claimIs(state, ids[0], org) != nil {
			return claimKey + ids[0]
		}
		return claimKey + value
	}
	return ""
}

// claimIs is the Claim of an id where it is of a pharmacy, nil where it is not.
func claimIs(state fhir.State, id, org string) *fhir.Resource {
	r, err := current(state, "Claim", "Claim/"+id)
	if err != nil || r == nil || nhs.Identifier(readClaim(r).pharmacy(), nhs.IDODS).Text() != org {
		return nil
	}
	return r
}
