package server

import (
	"errors"
	"net/http"

	"github.com/pestle-fhir/pestle/fhir"
)

// encoded is an answer in the format of the exchange. What the format cannot
// hold, such as a narrative that was stored before validation judged it as XML,
// never costs more than its entry: in a Bundle an OperationOutcome is in its
// place. An answer that is one such resource is 406; after a write, which has
// been done, it is sent as JSON.
func (s *Server) encoded(r *http.Request, status int, text []byte) (int, []byte) {
	x := exchangeIn(r.Context())
	body, err := x.format.encode(text)
	if err == nil {
		return status, body
	}
	if x.version == nil {
		if body, err := x.format.encode(x.format.writable(text)); err == nil {
			return status, body
		}
	}
	unwritable := errors.As(err, new(*fhir.Error))
	name := x.format.codec.Name
	x.format = format{codec: &s.codecs[0]}
	switch {
	case !unwritable:
		s.report(r, err)
		return http.StatusInternalServerError, s.outcome(x, []fhir.Issue{{
			Severity: fhir.Fatal, Code: fhir.Exception, Message: "The answer could not be written in this format.", Fix: "Ask for " + jsonCodec.Types[0] + ".",
		}})
	case x.version != nil && r.Method != http.MethodGet && r.Method != http.MethodHead:
		return status, text
	}
	return http.StatusNotAcceptable, s.outcome(x, unwritableIssues(name, err))
}

// unwritableIssues tell why a format cannot hold a resource.
func unwritableIssues(name string, err error) []fhir.Issue {
	issues := []fhir.Issue{{
		Severity: fhir.Err, Code: fhir.NotSupported, Message: "The resource holds what " + name + " cannot write.", Fix: "Ask for " + jsonCodec.Types[0] + ".",
	}}
	var e *fhir.Error
	if errors.As(err, &e) {
		issues = append(issues, e.Issues...)
	}
	return issues
}

// writable puts an OperationOutcome in the place of each entry of an answer
// that the format cannot hold. The answers to reads within a batch or
// transaction are Bundles of their own.
func (f *format) writable(text []byte) []byte {
	r, err := fhir.Parse(text)
	if err != nil || r.Type() != "Bundle" {
		return text
	}
	edit := fhir.NewEdit(r)
	for entry := range r.Get("entry").Items() {
		n := entry.Get("resource")
		if !n.Exists() {
			continue
		}
		sub := r.Sub(n)
		_, err := f.codec.Encode(sub)
		if err == nil {
			continue
		}
		if isAnswer(r, sub) {
			edit.Replace(n, string(f.writable(sub.JSON())))
			continue
		}
		edit.Replace(n, string(fhir.Outcome(unwritableIssues(f.codec.Name, err)).JSON()))
		if mode := entry.Path("search", "mode"); mode.Exists() {
			edit.ReplaceString(mode, "outcome")
		}
	}
	return edit.JSON()
}

// isAnswer reports whether an entry of a batch's or transaction's answer holds
// a Bundle that the server made for it, and not a stored one.
func isAnswer(bundle, entry *fhir.Resource) bool {
	kind, inner := bundle.Get("type").Text(), entry.Get("type").Text()
	return entry.Type() == "Bundle" && entry.VersionID() == "" &&
		(kind == "batch-response" || kind == "transaction-response") && (inner == "searchset" || inner == "history")
}
