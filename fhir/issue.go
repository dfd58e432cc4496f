package fhir

import (
	"cmp"
	"slices"
	"strings"
)

// Severity is OperationOutcome.issue.severity.
type Severity string

// The severities of http://hl7.org/fhir/issue-severity.
const (
	Fatal       Severity = "fatal"
	Err         Severity = "error"
	Warning     Severity = "warning"
	Information Severity = "information"
)

// Code is OperationOutcome.issue.code.
type Code string

// The codes of http://hl7.org/fhir/issue-type that the server uses.
const (
	Invalid         Code = "invalid"
	Structure       Code = "structure"
	Required        Code = "required"
	ValueCode       Code = "value"
	Invariant       Code = "invariant"
	Login           Code = "login"
	Forbidden       Code = "forbidden"
	Processing      Code = "processing"
	NotSupported    Code = "not-supported"
	Duplicate       Code = "duplicate"
	MultipleMatches Code = "multiple-matches"
	NotFound        Code = "not-found"
	Deleted         Code = "deleted"
	TooLong         Code = "too-long"
	CodeInvalid     Code = "code-invalid"
	ExtensionCode   Code = "extension"
	TooCostly       Code = "too-costly"
	BusinessRule    Code = "business-rule"
	Conflict        Code = "conflict"
	Exception       Code = "exception"
	Timeout         Code = "timeout"
	Throttled       Code = "throttled"
	NoStore         Code = "no-store"
	Informational   Code = "informational"
)

// Issue is one thing that is wrong with an input, or worth knowing about it,
// said so that the sender can mend it.
type Issue struct {
	Severity   Severity
	Code       Code
	Expression string   // FHIRPath to the element: Patient.contact[0].name
	Position   Position // where in the text that was sent
	Message    string   // what is wrong, a sentence
	Expected   string   // what would have been right
	Found      string   // what was there
	Fix        string   // what to do, where it is not plain from the rest
	Rule       string   // the rule's id: an invariant key, MDR-16, json
	Profile    string   // canonical of the definition that holds the rule
	Element    string   // id of the element of that definition: Patient.identifier:nhsNumber.value
	Details    Coding   // a coding for machines, such as Spine-ErrorOrWarningCode
	More       int      // how many issues that are not listed this one stands for; 0 for an issue of its own
}

// Coding is a code in its system.
type Coding struct{ System, Code, Display string }

// IsError reports whether the issue makes the input unacceptable.
func (i Issue) IsError() bool { return i.Severity == Err || i.Severity == Fatal }

// Count is how many issues this one stands for.
func (i Issue) Count() int { return max(1, i.More) }

// Text is the issue in words: message, expected, found, fix, and the profile's
// element that asks for it.
func (i Issue) Text() string {
	parts := []string{i.Message}
	if i.Expected != "" {
		parts = append(parts, "Expected: "+i.Expected+".")
	}
	if i.Found != "" {
		parts = append(parts, "Found: "+i.Found+".")
	}
	parts = append(parts, i.Fix, i.source())
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

// source names the profile and its element.
func (i Issue) source() string {
	if i.Profile == "" {
		return ""
	}
	name := i.Profile[strings.LastIndexByte(i.Profile, '/')+1:]
	if i.Element == "" {
		return "(Profile " + name + ".)"
	}
	return "(Profile " + name + ", " + i.Element + ".)"
}

// HasErrors reports whether any of the issues is an error.
func HasErrors(issues []Issue) bool { return slices.ContainsFunc(issues, Issue.IsError) }

// SortIssues puts issues in the order of their places, with counts of what is
// not listed at the end, and drops repetitions: what two profiles say alike is
// said once.
func SortIssues(issues []Issue) []Issue {
	slices.SortStableFunc(issues, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(a.More, b.More), cmp.Compare(a.Position.Line, b.Position.Line), cmp.Compare(a.Position.Column, b.Position.Column))
	})
	seen := make(map[Issue]bool, len(issues))
	return slices.DeleteFunc(issues, func(i Issue) bool {
		i.Profile, i.Element = "", ""
		repeated := seen[i]
		seen[i] = true
		return repeated
	})
}

// OrNothing is a text for Issue.Found: "nothing" for an empty one.
func OrNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}
