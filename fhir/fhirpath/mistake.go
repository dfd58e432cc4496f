package fhirpath

import (
	"strings"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/fhir"
)

// mistake is something wrong with an expression or its evaluation, at an
// offset of the source.
type mistake struct {
	at                         int
	kind                       fhir.Code // zero: Invalid for syntax, Processing for evaluation
	what, expected, found, fix string
	cause                      error
}

// Error is the mistake in one line, without its place.
func (e *mistake) Error() string {
	return fhir.Issue{Message: e.what, Expected: e.expected, Found: e.found, Fix: e.fix}.Text()
}

// report makes the error that the caller sees, with line and column in the
// expression.
func (e *mistake) report(src string, kind fhir.Code) *fhir.Error {
	if e.kind != "" {
		kind = e.kind
	}
	return &fhir.Error{Op: "fhirpath", Kind: kind, Err: e.cause, Issues: []fhir.Issue{e.issue(src, kind)}}
}

func (e *mistake) issue(src string, kind fhir.Code) fhir.Issue {
	return fhir.Issue{Severity: fhir.Err, Code: kind, Position: fhir.PositionIn(src, e.at), Rule: "fhirpath",
		Message: e.what + " In the expression: " + excerpt(src, e.at), Expected: e.expected, Found: e.found, Fix: e.fix}
}

// excerpt is the source around an offset, at most some 120 bytes.
func excerpt(src string, at int) string {
	const around = 60
	at = min(max(at, 0), len(src))
	from, to := max(at-around, 0), min(at+around, len(src))
	for from > 0 && !utf8.RuneStart(src[from]) {
		from--
	}
	for to < len(src) && !utf8.RuneStart(src[to]) {
		to++
	}
	text := strings.ToValidUTF8(strings.Join(strings.Fields(src[from:to]), " "), "�")
	if from > 0 {
		text = "…" + text
	}
	if to < len(src) {
		text += "…"
	}
	return text
}
