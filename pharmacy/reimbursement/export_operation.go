package reimbursement

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// exportOperation is Claim/$export-month: it reads, and records nothing.
func (s *Service) exportOperation(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	q, err := exportRequest(call)
	if err != nil {
		return nil, err
	}
	list, err := s.ExportMonth(ctx, q)
	if err != nil {
		return nil, err
	}
	return bundled(q.Month, list)
}

// exportRequest is what a call asks for: a month, a pharmacy that the caller may
// read, and the number of a run.
func exportRequest(call *fhir.Call) (q ExportRequest, err error) {
	q.Time = call.Time
	if q.Month, err = monthParameter(call); err != nil {
		return q, err
	}
	if text := parameter(call, "run"); text != "" {
		if q.Run, err = strconv.Atoi(text); err != nil || q.Run < 1 {
			return q, fhir.E("export", fhir.Invalid, fhir.Issue{Rule: "MONTH-1", Expression: "run", Message: "The run is not a valid number.",
				Expected: "the number of a recorded run, such as 1", Found: strconv.Quote(text), Fix: "A further run is recorded by POST Claim/$close-month with run=new."})
		}
	}
	q.Org, err = readPharmacyOf(call)
	return q, err
}

// closeOperation is Claim/$close-month: it records a run, and returns it, of one that is
// too large for an answer the account; or the Task by which another person is asked to
// confirm it.
func (s *Service) closeOperation(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	month, err := monthParameter(call)
	if err != nil {
		return nil, err
	}
	run := parameter(call, "run")
	if run != "" && run != "new" {
		return nil, fhir.E("close", fhir.Invalid, fhir.Issue{Rule: "MONTH-1", Expression: "run", Message: "A month is closed once, or by a further run.", Expected: "run=new, or no run", Found: strconv.Quote(run),
			Fix: "Read a recorded run with GET Claim/$export-month?month=" + month.String() + "&run=" + run})
	}
	org, err := pharmacyOf(call)
	if err != nil {
		return nil, err
	}
	list, err := s.CloseMonth(ctx, CloseRequest{Month: month, Org: org, New: run == "new", Alone: strings.TrimSpace(parameter(call, "alone")),
		Time: call.Time, Requester: call.Requester, RequestID: call.RequestID, Answer: call.Answer})
	if err != nil {
		return nil, err
	}
	if len(list) == 1 && list[0].Asked != nil {
		return &fhir.Reply{Resource: list[0].Asked, Location: "Task/" + list[0].Asked.ID() + "/_history/" + list[0].Asked.Get("meta").Get("versionId").Text()}, nil
	}
	if len(list) == 1 && list[0].size > closedWhole {
		account, err := list[0].Totals.Resource()
		return &fhir.Reply{Resource: account}, err
	}
	return bundled(month, list)
}

// closedWhole is how many bytes the answers of a run may have that is returned whole by
// the request that records it; of a larger one the account is. A variable for tests.
var closedWhole = 4 << 20

// pharmacyOf is the pharmacy whose claims a call is about: the one that it names,
// which the caller must act for, else the caller's. "" is all of them, for a
// caller who acts for all.
func pharmacyOf(call *fhir.Call) (string, error) {
	return PharmacyOf(call.Requester, parameter(call, "org"))
}

// readPharmacyOf is pharmacyOf for what is only read: who sees the resources of
// every organisation, such as an auditor, names any of them, or none for all.
func readPharmacyOf(call *fhir.Call) (string, error) {
	who := call.Requester
	who.Unbound = who.Unbound || who.SeesAll
	return PharmacyOf(who, parameter(call, "org"))
}

// PharmacyOf is the pharmacy whose claims a caller asks for, by the one that they
// name or "". It is an error where they do not act for it.
func PharmacyOf(who fhir.Principal, named string) (string, error) {
	org := strings.ToUpper(named) // as ODS codes are written
	if org == "" && who.Bound() {
		org = strings.ToUpper(who.OnBehalf)
	}
	if org == "" && !who.Bound() || who.ActsFor(org) {
		return org, nil
	}
	return "", who.NotFor("claims", fhir.Node{}, org)
}

// bundled is the answer with exports: the Bundle of one, or, where several
// pharmacies have claims and none is named, a Bundle of their Bundles.
func bundled(month tariff.Month, list []*Export) (*fhir.Reply, error) {
	b := capped{room: fhir.MaxSize - 1024} // the rest closes the Bundles
	if len(list) != 1 {
		b.WriteString(`{"resourceType":"Bundle","id":"` + pharmacy.ID("Bundle", "month", month.String()) + `","type":"collection"`)
	}
	for i, e := range list {
		if e.size > b.room { // known without gathering it
			return nil, tooLarge(month)
		}
		if len(list) > 1 {
			b.WriteString([]string{`,"entry":[`, `,`}[min(i, 1)] + `{"fullUrl":"urn:uuid:` + pharmacy.ID("Bundle", e.Totals.ID) + `","resource":`)
		}
		if _, err := e.WriteTo(&b); errors.Is(err, errTooLarge) {
			return nil, tooLarge(month)
		} else if err != nil {
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
		return nil, err
	}
	return &fhir.Reply{Resource: r}, nil
}

func tooLarge(month tariff.Month) error {
	return fhir.E("export", fhir.TooCostly, fhir.Issue{Message: "The month is too large for one answer (over " + strconv.Itoa(fhir.MaxSize) + " bytes).",
		Fix: "Name one pharmacy with org=, or use: pestle export claims --month " + month.String()})
}

// capped is a buffer that an export fills so far and no further: a month of
// any size is not gathered in memory to be refused then.
type capped struct {
	bytes.Buffer
	room int
}

var errTooLarge = errors.New("larger than a resource may be")

func (c *capped) Write(b []byte) (int, error) {
	if c.Len()+len(b) > c.room {
		return 0, errTooLarge
	}
	return c.Buffer.Write(b)
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
		return 0, fhir.E("export", fhir.Invalid, fhir.Issue{Rule: "MONTH-1", Expression: "month", Message: "The month is missing or no month.", Expected: "month=2026-11", Found: strconv.Quote(text)})
	}
	return month, nil
}
