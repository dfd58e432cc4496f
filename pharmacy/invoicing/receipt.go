package invoicing

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// receipt is Invoice/…/$receipt: an invoice or credit that was issued, as a page of
// text to print, with what is paid of it. It names no medicine and no patient, so that
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
	text := i.print(name, o)
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Binary", "id", pharmacy.ID("Binary", "receipt", i.id, text), "contentType", "text/plain; charset=utf-8", "data", base64.StdEncoding.EncodeToString([]byte(text))).Resource(), Impersonal: true}, nil
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

// print writes the page.
func (i *invoice) print(from string, o *Owed) string {
	var b strings.Builder
	title := "Invoice"
	if i.kind == credit {
		title = "Credit note"
	}
	fmt.Fprintf(&b, "%s %s\n%s\nDate        %s\n", title, i.number, from, nhs.DateOf(i.date))
	if i.credited != "" {
		fmt.Fprintf(&b, "Credits     %s\n", i.credited)
	}
	if i.kind == ordinary {
		fmt.Fprintf(&b, "To be paid  by %s\n", nhs.DateOf(i.date).AddDate(0, 0, i.days).Format(time.DateOnly))
	}
	fmt.Fprintf(&b, "Account     %s\n\n%-4s %-42s %12s %9s %12s\n", i.account, "", "", "net", "VAT", "gross")
	for n, c := range i.lines {
		what := fmt.Sprintf("%s, %s, %s %s", nhs.ReadDate(c.of.when), kindNames[c.of.kind], c.of.quantity, c.of.unit)
		fmt.Fprintf(&b, "%3d. %-42s %12s %9s %12s\n", n+1, what, prices.Sterling(c.line.Net()), prices.Sterling(c.line.VAT()), prices.Sterling(c.line.Gross()))
	}
	net, gross := i.totals()
	fmt.Fprintf(&b, "%-4s %-42s %12s %9s %12s\n", "", "Total", prices.Sterling(net), prices.Sterling(gross-net), prices.Sterling(gross))
	for _, of := range o.Invoices {
		if of.Ref == i.ref() {
			fmt.Fprintf(&b, "\nAfter credits %s, paid %s, due %s\n", prices.Sterling(of.Gross), prices.Sterling(of.Gross-of.Due), prices.Sterling(of.Due))
		}
	}
	return b.String()
}
