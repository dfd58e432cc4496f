package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// preconditions are the headers that ask for a request to be done only if
// something holds (RFC 9110 section 13.1, and If-None-Exist of FHIR). Those of
// the members of entry.request come as headers too.
var preconditions = []string{"If-Match", "If-None-Match", "If-None-Exist", "If-Unmodified-Since"}

// evaluated are the preconditions that each interaction that writes evaluates.
var evaluated = map[string][]string{
	"create":             {"If-None-Exist"},
	"update":             {"If-Match", "If-None-Match"},
	"update-conditional": {"If-Match", "If-None-Match"},
	"patch":              {"If-Match"},
	"patch-conditional":  {"If-Match"},
	"delete":             {"If-Match"},
	"delete-conditional": {"If-Match"},
	"operation":          {"If-Match"}, // of those that are [fhir.Operation.Versioned]
}

// evaluates refuses a precondition that an interaction which writes does not
// evaluate: who sends one means that nothing is written where it fails, and a
// write that ignored it would do just that.
func evaluates(interaction string, r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || interaction == "search-type" || interaction == "search-system" {
		return nil
	}
	if issues := unevaluated(interaction, r.Header, func(string) string { return "" }); issues != nil {
		return &fhir.Error{Op: interaction, Kind: fhir.Invalid, Issues: issues}
	}
	return nil
}

func unevaluated(interaction string, h http.Header, expression func(header string) string) (issues []fhir.Issue) {
	for _, name := range preconditions {
		if len(h.Values(name)) == 0 || slices.Contains(evaluated[interaction], name) {
			continue
		}
		issue := fhir.Issue{
			Severity: fhir.Err, Code: fhir.NotSupported, Expression: expression(name),
			Message:  "The interaction " + interaction + " does not evaluate the precondition " + name + ", so nothing was done.",
			Expected: "no precondition", Found: name + ": " + strings.Join(h.Values(name), ", "), Fix: "Leave it out.",
		}
		if known := evaluated[interaction]; len(known) > 0 {
			issue.Expected, issue.Fix = "none but "+strings.Join(known, " and "), "Leave it out, or send "+strings.Join(known, " or ")+" in its place."
		}
		issues = append(issues, issue)
	}
	return issues
}

// entryInteractions are what an entry of a transaction does, by its method.
var entryInteractions = map[string]string{
	http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete",
}

// unevaluated are the same of an entry of a transaction.
func (e *entry) unevaluated() []fhir.Issue {
	return unevaluated(entryInteractions[e.method], e.header, func(header string) string {
		for member, name := range conditionHeaders {
			if name == header {
				return e.expression + ".request." + member
			}
		}
		return e.expression
	})
}
