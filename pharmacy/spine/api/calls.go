package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/spine"
)

// Update implements [spine.NHS]. A part that conflicts was taken before. Where one of several
// is wrong the NHS stores none of them, although its answer has 200 for the others; and of
// several that conflict it does not say which: all of them are refused together then, so that
// each is sent by itself.
func (c *Client) Update(ctx context.Context, request string, tasks *fhir.Resource) ([]spine.Part, error) {
	a, err := c.call(ctx, http.MethodPost, c.c.Updates, request, tasks.JSON())
	if err != nil {
		return nil, err
	}
	n, conflict := tasks.Get("entry").Len(), a.result.Status == http.StatusConflict
	switch parts := partsOf(a.body, a.result.Delivered); {
	case n > 1 && (conflict || !a.result.Delivered && !passes(a.result.Status)):
		return nil, spine.Refused(c.said(a)) // none of them was stored, or all were before
	case len(parts) == n && (a.result.Delivered || !passes(a.result.Status)):
		return parts, nil
	case a.result.Delivered, conflict:
		return nil, nil
	}
	return nil, c.refusal(a)
}

// partsOf reads what became of the parts from the Bundle that is answered, nil where it is
// none. Unless the whole was taken, no part of it was stored.
func partsOf(body []byte, taken bool) (list []spine.Part) {
	r, err := fhir.Parse(body)
	if err != nil || r.Type() != "Bundle" {
		return nil
	}
	for e := range r.Get("entry").Items() {
		code, _, _ := strings.Cut(e.Path("response", "status").Text(), " ")
		status, err := strconv.Atoi(code)
		said := "it answered " + code + spoken(e.Path("response", "outcome"))
		var p spine.Part
		switch {
		case err != nil:
			p.Again = "the answer has an entry without a status"
		case taken && status >= 200 && status < 300, status == http.StatusConflict:
		case passes(status):
			p.Again = said
		default:
			p.Refused = said
		}
		list = append(list, p)
	}
	return list
}

// Patient implements [spine.NHS]. That nobody has the number is an answer 404 with an
// OperationOutcome; without one the address is wrong.
func (c *Client) Patient(ctx context.Context, request, number string) (*fhir.Resource, error) {
	a, err := c.call(ctx, http.MethodGet, strings.TrimRight(c.c.Demographics, "/")+"/Patient/"+url.PathEscape(number), request, nil)
	if err != nil {
		return nil, err
	}
	r, err := fhir.Parse(a.body)
	switch {
	case err == nil && a.result.Delivered && r.Type() == "Patient":
		return r, nil
	case a.result.Delivered:
		return nil, &failure{why: "it answered no Patient"}
	case err == nil && a.result.Status == http.StatusNotFound && r.Type() == "OperationOutcome":
		return nil, nil
	}
	return nil, c.refusal(a)
}

// refusal is the error of an answer that is not 2xx.
func (c *Client) refusal(a answered) error {
	said := c.said(a)
	if passes(a.result.Status) {
		return &failure{why: said, wait: a.result.After}
	}
	return spine.Refused(said)
}

// said is the status of an answer with what its OperationOutcome says.
func (*Client) said(a answered) string {
	said := a.result.Reason
	if r, err := fhir.Parse(a.body); err == nil {
		said += spoken(r.Root())
	}
	return said
}

// spoken is what an OperationOutcome says, without its diagnostics and values, which may be of
// a patient: the codes.
func spoken(outcome fhir.Node) (text string) {
	for i := range outcome.Get("issue").Items() {
		for _, code := range []string{i.Get("code").Text(), i.Path("details", "coding").Item(0).Get("code").Text()} {
			if len(code) > 0 && len(code) <= 60 && len(text) < 200 {
				text += " " + code
			}
		}
	}
	if text != "" {
		return ":" + text
	}
	return ""
}
