package reimbursement

import (
	"bytes"
	"context"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// exportOperation is Claim/$export-month. Where several pharmacies have claims
// and none is named, the answer is a Bundle of their Bundles.
func (s *Service) exportOperation(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	month, err := monthParameter(call)
	if err != nil {
		return nil, err
	}
	list, err := s.ExportMonth(ctx, ExportRequest{Month: month, Org: parameter(call, "org"), New: parameter(call, "run") == "new",
		Time: call.Time, Requester: call.Requester, RequestID: call.RequestID})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if len(list) != 1 {
		b.WriteString(`{"resourceType":"Bundle","id":"` + pharmacy.ID("Bundle", "month", month.String()) + `","type":"collection"`)
	}
	for i, e := range list {
		if len(list) > 1 {
			b.WriteString([]string{`,"entry":[`, `,`}[min(i, 1)] + `{"fullUrl":"urn:uuid:` + pharmacy.ID("Bundle", e.Totals.ID) + `","resource":`)
		}
		if _, err := e.WriteTo(&b); err != nil {
			return nil, err
		}
		if len(list) > 1 {
			b.WriteString("}")
		}
	}
	if len(list) > 1 {
		b.WriteString("]")
	}
	if len(list) != 1 {
		b.WriteString("}")
	}
	r, err := fhir.Parse(b.Bytes())
	if err != nil {
		return nil, &fhir.Error{Op: "export", Kind: fhir.TooCostly, Err: err, Issues: []fhir.Issue{{Severity: fhir.Err, Code: fhir.TooCostly,
			Message: "The month is too large for one answer (" + strconv.Itoa(b.Len()) + " bytes).", Fix: "Name one pharmacy with org=, or use: pestle export claims --month " + month.String()}}}
	}
	return &fhir.Reply{Resource: r}, nil
}

// parameter is a parameter of the query string or of a Parameters body.
func parameter(call *fhir.Call, name string) string {
	if v := call.Params.Get(name); v != "" || call.Body == nil {
		return v
	}
	for p := range call.Body.Get("parameter").Items() {
		if p.Get("name").Text() != name {
			continue
		}
		for m := range p.Members() {
			if m.Name() != "name" {
				return m.Text()
			}
		}
	}
	return ""
}

func monthParameter(call *fhir.Call) (tariff.Month, error) {
	text := parameter(call, "month")
	month, err := tariff.ParseMonth(text)
	if err != nil {
		return 0, fhir.E("export", fhir.Invalid, fhir.Issue{Expression: "month", Message: "The month is missing or no month.", Expected: "month=2026-11", Found: strconv.Quote(text)})
	}
	return month, nil
}
