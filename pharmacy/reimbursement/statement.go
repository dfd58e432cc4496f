package reimbursement

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/paper"
)

// statementInputs are those of $export-month, with the form of the statement.
var statementInputs = append(append([]fhir.Parameter{}, exportInputs...),
	fhir.Parameter{Name: "as", Kinds: []string{"valueCode", "valueString"}, Doc: "pdf, which is the default, or html: a page with a style for paper."})

// statementOperation is Claim/$month-statement: a month on paper, as a Binary. It
// records nothing.
func (s *Service) statementOperation(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	q, err := exportRequest(call)
	if err != nil {
		return nil, err
	}
	form := parameter(call, "as")
	if form != "" && form != "pdf" && (form != "html" || s.options.Page == nil) {
		return nil, fhir.E("statement", fhir.Invalid, fhir.Issue{Rule: "MONTH-3", Expression: "as", Message: "The form is not known.", Expected: "pdf or html", Found: strconv.Quote(form)})
	}
	list, err := s.ExportMonth(ctx, q)
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, fhir.E("statement", fhir.Invalid, fhir.Issue{Rule: "MONTH-2", Expression: "org", Message: "The statement is that of one pharmacy that has claims in the month.", Expected: "org= with the ODS code of a pharmacy", Found: strconv.Itoa(len(list)) + " pharmacies with claims in " + q.Month.String()})
	}
	d, err := s.statement(ctx, list[0])
	if err != nil {
		return nil, err
	}
	kind, data := "application/pdf", bytes.Buffer{}
	if form == "html" {
		kind = "text/html"
		data.Write(s.options.Page(*d))
	} else if err := d.PDF(&data); err != nil {
		return nil, err
	}
	return &fhir.Reply{Impersonal: true, Resource: fhir.Obj("resourceType", "Binary", "id", pharmacy.ID("Binary", "statement", list[0].name(), form),
		"contentType", kind, "data", base64.StdEncoding.EncodeToString(data.Bytes())).Resource()}, nil
}

// statement is the month of a pharmacy on paper: the account of a run, the figures of
// its declaration, and what was paid. The figures are those of [Service.writeFigures].
func (s *Service) statement(ctx context.Context, e *Export) (*paper.Document, error) {
	invoice, err := e.Totals.Resource()
	if err != nil {
		return nil, err
	}
	made, _ := time.Parse(fhir.InstantLayout, invoice.Get("date").Text())
	run := "run " + strconv.Itoa(e.Run) + ", recorded " + made.In(nhs.Midnight(made).Location()).Format("2 January 2006")
	if e.Preview() {
		run = "a preview: the month is not closed, and nothing of it is recorded"
	}
	d := &paper.Document{Heading: "Month statement " + e.Month.String() + ", " + e.Org, Made: made,
		Subtitle: strings.TrimSpace(invoice.Root().Path("issuer", "display").Text() + ", NHS dispensing: " + run + ".")}
	d.Parts = append(d.Parts, accountPart(invoice))
	figures, err := s.figuresPart(e)
	if err != nil {
		return nil, err
	}
	d.Parts = append(d.Parts, *figures)
	state := s.db.State(ctx)
	differences, err := differencesOf(state, e.Month, e.Org)
	if err != nil {
		return nil, err
	}
	payments, err := paymentsOf(state, e.Month, e.Org)
	if err != nil {
		return nil, err
	}
	sum, err := summaryOf(state, e.Month, e.Org, differences)
	if err != nil {
		return nil, err
	}
	if len(payments) > 0 {
		d.Parts = append(d.Parts, paymentsPart(payments, sum), differencesPart(differences))
	}
	return d, nil
}

// accountPart is the account, line by line, each rounded for the reader, and its net
// sum, which is rounded once.
func accountPart(invoice *fhir.Resource) paper.Part {
	part := paper.Part{Heading: "Account", Columns: []paper.Column{{Name: "For", Share: 5}, {Name: "Rule", Share: 4}, {Name: "£", Share: 2, Amount: true}}}
	for line := range invoice.Get("lineItem").Items() {
		for c := range line.Get("priceComponent").Items() {
			what := line.Path("chargeItemCodeableConcept", "text").Text()
			if c.Get("type").Text() == "deduction" && c.Get("code").Exists() {
				what = "Deduction from it"
			}
			part.Rows = append(part.Rows, []string{what, c.Path("code", "text").Text(), twoPlaces(c.Path("amount", "value").Text())})
		}
	}
	part.Rows = append(part.Rows, []string{"Net, " + invoice.Get("status").Text(), "", twoPlaces(invoice.Root().Path("totalNet", "value").Text())})
	for n := range invoice.Get("note").Items() {
		part.Lines = append(part.Lines, n.Get("text").Text())
	}
	return part
}

// figuresPart is the declaration.
func (s *Service) figuresPart(e *Export) (*paper.Part, error) {
	var b strings.Builder
	if err := s.writeFigures(&b, e, nil); err != nil {
		return nil, err
	}
	part := &paper.Part{Heading: "Figures of the declaration", Columns: []paper.Column{{Name: "Figure", Share: 4}, {Name: "Value", Share: 2, Amount: true}, {Name: "Meaning", Share: 5}}}
	rows, err := readTable(b.String())
	if err != nil {
		return nil, err
	}
	part.Rows = rows[1:]
	return part, nil
}

func paymentsPart(payments []*payment, sum *paymentSummary) paper.Part {
	part := paper.Part{Heading: "Payments", Columns: []paper.Column{{Name: "Paid on", Share: 2}, {Name: "Reference", Share: 4}, {Name: "Runs", Share: 1}, {Name: "£", Share: 2, Amount: true}}}
	for _, p := range payments {
		runs := "on account"
		switch {
		case p.first > p.last: // they were paid before
			runs = "none new"
		case p.first > 0:
			runs = fmt.Sprintf("%d to %d", p.first, p.last)
		}
		part.Rows = append(part.Rows, []string{p.record.Get("paymentDate").Text(), p.record.Root().Path("paymentIdentifier", "value").Text(), runs, decimal(p.amount)})
	}
	part.Lines = append(part.Lines, fmt.Sprintf("Claimed %s, paid %s. Not paid yet %s. On account %s. Differences that nobody has decided on: %d, %s.",
		pounds(sum.claimed), pounds(sum.paid), pounds(sum.unpaidRuns), pounds(sum.explained["advance"]-sum.onAccount), sum.openN, pounds(sum.open)))
	return part
}

func differencesPart(list []standing) paper.Part {
	part := paper.Part{Heading: "Differences", Columns: []paper.Column{{Name: "Of", Share: 4}, {Name: "Kind", Share: 2}, {Name: "Expected £", Share: 2, Amount: true}, {Name: "Paid £", Share: 2, Amount: true}, {Name: "More £", Share: 2, Amount: true}, {Name: "Decision", Share: 2}}}
	for _, x := range list {
		part.Rows = append(part.Rows, []string{x.name, x.kind, decimal(x.expected), decimal(x.paid), decimal(x.pence()), nhs.Coded(x.task.Get("businessStatus"), csDecision)})
	}
	if len(list) == 0 {
		part.Lines = []string{"None: what was paid is what was claimed."}
	}
	return part
}
