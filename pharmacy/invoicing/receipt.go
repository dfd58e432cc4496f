package invoicing

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/paper"
)

// receipt is Invoice/…/$receipt: an invoice or credit that was issued, on paper,
// with what is paid of it. It names no medicine and no patient, so that
// whoever sees what is paid may print it.
func (s *Service) receipt(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	const op = "receipt"
	state := s.db.State(ctx)
	i, err := invoiceFor(state, call, op, true)
	if err != nil {
		return nil, err
	}
	if i.status != "issued" {
		return nil, refuse(op, "PRIV-2", fhir.BusinessRule, "Invoice.status", "Only an invoice that was issued is printed.", "issued", i.status, "Issue it with $issue.")
	}
	if err := i.load(state); err != nil {
		return nil, err
	}
	o, err := owedOn(state, i.account)
	if err != nil {
		return nil, err
	}
	name, err := pharmacyName(state, i.pharmacy)
	if err != nil {
		return nil, err
	}
	kind, data := "application/pdf", []byte(nil)
	switch form := text(call, "as"); form {
	case "", "pdf":
		var b bytes.Buffer
		if err := i.paper(name, o).PDF(&b); err != nil {
			return nil, err
		}
		data = b.Bytes()
	case "text":
		kind, data = "text/plain; charset=utf-8", []byte(i.print(name, o))
	default:
		return nil, refuse(op, "", fhir.CodeInvalid, "as", "The form is not known.", "pdf or text", form, "")
	}
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Binary", "id", pharmacy.ID("Binary", "receipt", i.id, kind, string(data)), "contentType", kind, "data", base64.StdEncoding.EncodeToString(data)).Resource(), Impersonal: true}, nil
}

// head is what an invoice on paper says of itself, above its lines.
func (i *invoice) head() (title string, lines []string) {
	title = "Invoice " + i.number
	if i.kind == credit {
		title = "Credit note " + i.number
	}
	lines = append(lines, "Date        "+nhs.DateOf(i.date).String())
	if i.credited != "" {
		lines = append(lines, "Credits     "+i.credited)
	}
	if i.kind == ordinary {
		lines = append(lines, "To be paid  by "+nhs.DateOf(i.date).AddDate(0, 0, i.days).Format(time.DateOnly))
	}
	return title, append(lines, "Account     "+i.account)
}

// rows are the lines of an invoice on paper: what, net, VAT and gross, and the total
// as the last.
func (i *invoice) rows() (rows [][]string) {
	for _, c := range i.lines {
		rows = append(rows, []string{fmt.Sprintf("%s, %s, %s %s", nhs.ReadDate(c.of.when), kindNames[c.of.kind], c.of.quantity, c.of.unit), prices.Sterling(c.line.Net()), prices.Sterling(c.line.VAT()), prices.Sterling(c.line.Gross())})
	}
	net, gross := i.totals()
	return append(rows, []string{"Total", prices.Sterling(net), prices.Sterling(gross - net), prices.Sterling(gross)})
}

// paidOf says what is paid of an invoice, "" of a credit.
func (i *invoice) paidOf(o *Owed) string {
	for _, of := range o.Invoices {
		if of.Ref == i.ref() {
			return fmt.Sprintf("After credits %s, paid %s, due %s", prices.Sterling(of.Gross), prices.Sterling(of.Gross-of.Due), prices.Sterling(of.Due))
		}
	}
	return ""
}

// paper is the page as a document.
func (i *invoice) paper(from string, o *Owed) paper.Document {
	title, lines := i.head()
	d := paper.Document{Heading: title, Subtitle: from, Made: i.date, Parts: []paper.Part{{Lines: lines,
		Columns: []paper.Column{{Name: "For", Share: 6}, {Name: "Net", Share: 2, Amount: true}, {Name: "VAT", Share: 2, Amount: true}, {Name: "Gross", Share: 2, Amount: true}}, Rows: i.rows()}}}
	if paid := i.paidOf(o); paid != "" {
		d.Parts = append(d.Parts, paper.Part{Lines: []string{paid}})
	}
	return d
}

// pharmacyName is the name of a pharmacy in the directory, its code where that has
// none.
func pharmacyName(state fhir.State, ods string) (string, error) {
	ids, err := state.Find("Organization", nhs.Query("identifier", nhs.IDODS, ods))
	if err != nil || len(ids) != 1 {
		return ods, err
	}
	r, err := current(state, "Organization", "Organization/"+ids[0])
	if err != nil || r == nil || r.Get("name").Text() == "" {
		return ods, err
	}
	return r.Get("name").Text() + " (" + ods + ")", nil
}

// print writes the page as text.
func (i *invoice) print(from string, o *Owed) string {
	var b strings.Builder
	title, lines := i.head()
	fmt.Fprintf(&b, "%s\n%s\n%s\n\n%-4s %-42s %12s %9s %12s\n", title, from, strings.Join(lines, "\n"), "", "", "net", "VAT", "gross")
	rows := i.rows()
	for n, r := range rows {
		number := fmt.Sprintf("%3d.", n+1)
		if n == len(rows)-1 {
			number = ""
		}
		fmt.Fprintf(&b, "%-4s %-42s %12s %9s %12s\n", number, r[0], r[1], r[2], r[3])
	}
	if paid := i.paidOf(o); paid != "" {
		b.WriteString("\n" + paid + "\n")
	}
	return b.String()
}
