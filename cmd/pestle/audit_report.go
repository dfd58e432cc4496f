package main

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// longestReport is how many accesses a report lists; more are found by the search
// that its link next leads to.
const longestReport = 1000

// accessReport is the operation that tells who was shown a patient's record. Who
// may not read AuditEvents is refused, as everywhere.
func accessReport(r withAudit) fhir.Operation {
	day := func(name, doc string) fhir.Parameter {
		return fhir.Parameter{Name: name, Kinds: []string{"valueDate", "valueDateTime", "valueString"}, Doc: doc}
	}
	return fhir.Operation{Name: "access-report", Type: "Patient", Instance: true, Idempotent: true,
		Doc:        "Who was shown the record of a patient, when and why: the AuditEvents, newest first, at most 1000. Needs the right to read AuditEvent.",
		Parameters: []fhir.Parameter{day("start", "From this day or time on."), day("end", "Until this day or time, which is part of it.")},
		Handle: func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
			asked := url.Values{"patient": {"Patient/" + call.ID}}
			for name, prefix := range map[string]string{"start": "ge", "end": "le"} {
				value := given(call, name)
				if value == "" {
					continue
				}
				if _, _, ok := search.Period(value); !ok {
					return nil, fhir.E("access-report", fhir.Invalid, fhir.Issue{Message: "The time is malformed.", Expression: name, Expected: "a date or time such as 2026-11-30", Found: value})
				}
				asked.Add("date", prefix+value)
			}
			// Of a patient whom the caller does not see is answered as of one that there is not; a
			// record that was deleted has been read too.
			if _, err := r.Read(ctx, "Patient", call.ID); err != nil && fhir.KindOf(err) != fhir.Deleted {
				return nil, err
			}
			return r.report(ctx, call.Base, asked, call.Time)
		}}
}

// given is a parameter of the query or of the body.
func given(call *fhir.Call, name string) string {
	if value := call.Params.Get(name); value != "" || call.Body == nil {
		return value
	}
	for p := range call.Body.Get("parameter").Items() {
		if p.Get("name").Text() != name {
			continue
		}
		for _, kind := range []string{"valueDate", "valueDateTime", "valueString"} {
			if n := p.Get(kind); n.Exists() {
				return n.Text()
			}
		}
	}
	return ""
}

func (r withAudit) report(ctx context.Context, base string, asked url.Values, now time.Time) (*fhir.Reply, error) {
	q, _, err := search.Parse(auditEvent, asked, search.Options{DefaultCount: longestReport, MaxCount: longestReport, Now: now})
	if err != nil {
		return nil, err
	}
	q.Total = search.TotalAccurate
	found, err := r.records.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	links := []any{fhir.Obj("relation", "self", "url", base+"/"+auditEvent+"?"+asked.Encode())}
	if found.Next != nil {
		asked.Set("_count", strconv.Itoa(longestReport))
		links = append(links, fhir.Obj("relation", "alternate", "url", base+"/"+auditEvent+"?"+asked.Encode()))
	}
	var entries []any
	for _, v := range found.Matches {
		entries = append(entries, fhir.Obj("fullUrl", base+"/"+v.Ref(), "resource", fhir.Raw(v.JSON), "search", fhir.Obj("mode", "match")))
	}
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Bundle", "type", "searchset", "timestamp", now.UTC().Format(fhir.InstantLayout), "total", found.Total,
		"link", fhir.List(links...), "entry", fhir.List(entries...)).Resource()}, nil
}
