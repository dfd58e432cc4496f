package pharmacy

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// GuardUnserved refuses what asks the server to act and would be stored alone: a
// SearchParameter that is to be searched by. One that is retired, and those that R4
// itself defines ask for nothing that is not done.
func GuardUnserved(_ context.Context, _ fhir.State, tx *fhir.Transaction, _, after *fhir.Version) error {
	if after.Type != "SearchParameter" || after.Deleted() || tx.Purges() {
		return nil
	}
	r, err := after.Resource()
	if err != nil {
		return err
	}
	issues := unserved(r)
	if issues == nil {
		return nil
	}
	return &fhir.Error{Op: "unserved", Kind: fhir.BusinessRule, Issues: issues}
}

func unserved(r *fhir.Resource) []fhir.Issue {
	status := r.Get("status")
	if status.Text() == "retired" || defined(r) {
		return nil
	}
	return []fhir.Issue{{Severity: fhir.Err, Code: fhir.NotSupported, Rule: "unserved", Expression: "SearchParameter.status", Position: status.Position(),
		Message: "The server searches by the parameters of R4 alone: no query could use this one.", Expected: "retired", Found: status.Text(), Fix: "Use a parameter that the CapabilityStatement lists, or _filter."}}
}

// defined reports whether a SearchParameter is one of R4's own.
func defined(r *fhir.Resource) bool {
	for base := range r.Get("base").Items() {
		p := r4.SearchParameter(base.Text(), r.Get("code").Text())
		if p == nil || p.URL != r.Get("url").Text() {
			return false
		}
	}
	return r.Get("base").Len() > 0
}
