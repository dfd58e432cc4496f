package pharmacy

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// GuardUnserved refuses what asks the server to act and would be stored alone: a
// Subscription that is to be served, and a SearchParameter that is to be searched by.
// A Subscription that is off or in error, a SearchParameter that is retired, and those
// that R4 itself defines ask for nothing that is not done.
func GuardUnserved(_ context.Context, _ fhir.State, tx *fhir.Transaction, _, after *fhir.Version) error {
	if after.Type != "Subscription" && after.Type != "SearchParameter" || after.Deleted() || tx.Purges() {
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

func unserved(r *fhir.Resource) (issues []fhir.Issue) {
	status := r.Get("status")
	refuse := func(message, expected, fix string) {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.NotSupported, Rule: "unserved", Expression: r.Type() + ".status", Position: status.Position(),
			Message: message, Expected: expected, Found: status.Text(), Fix: fix})
	}
	switch text := status.Text(); {
	case r.Type() == "Subscription":
		if text == "requested" || text == "active" {
			refuse("The server sends no notifications, so a Subscription would never be served.", "off or error", "Ask for what is new with _lastUpdated or _history?_since=, or store it with the status off.")
		}
		issues = append(issues, criteria(r.Get("criteria"))...)
	case text != "retired" && !defined(r):
		refuse("The server searches by the parameters of R4 alone: no query could use this one.", "retired", "Use a parameter that the CapabilityStatement lists, or _filter.")
	}
	return issues
}

// criteria are what is wrong with the query of a Subscription.
func criteria(n fhir.Node) []fhir.Issue {
	typ, query, _ := strings.Cut(n.Text(), "?")
	values, err := url.ParseQuery(query)
	if err == nil {
		_, _, err = search.Parse(typ, values, search.Options{})
	}
	var e *fhir.Error
	if err == nil || !errors.As(err, &e) {
		return nil
	}
	issues := make([]fhir.Issue, 0, len(e.Issues))
	for _, issue := range e.Issues {
		issue.Severity, issue.Rule, issue.Expression, issue.Position = fhir.Err, "unserved", n.Expression(), n.Position()
		issues = append(issues, issue)
	}
	return issues
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
