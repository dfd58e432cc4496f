package dispensing

import (
	"cmp"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

type node = fhir.Node

// findings collects what the rules have to say about one input. Rules put
// their id on what they find.
type findings struct {
	rule   string
	issues []fhir.Issue
}

// rule is one named check of a T: a message, a task, parameters.
type rule[T any] struct {
	id    string
	check func(subject T, f *findings)
}

// examine runs all the rules and gives everything they found.
func examine[T any](subject T, rules []rule[T]) []fhir.Issue {
	var f findings
	for _, r := range rules {
		f.rule = r.id
		r.check(subject, &f)
	}
	return ordered(f.issues)
}

// ordered sorts issues by place; those with a code of the service come first,
// because EPS software reads the first issue.
func ordered(issues []fhir.Issue) []fhir.Issue {
	issues = fhir.SortIssues(issues)
	slices.SortStableFunc(issues, func(a, b fhir.Issue) int { return cmp.Compare(rank(a), rank(b)) })
	return issues
}

func rank(i fhir.Issue) int {
	if i.Details.System == nhs.CSEPSIssue || i.Details.System == nhs.CSHistory {
		return 0
	}
	return 1
}

// at adds an issue about a node. Severity defaults to error, expression and
// position come from the node.
func (f *findings) at(n node, issue fhir.Issue) {
	if issue.Severity == "" {
		issue.Severity = fhir.Err
	}
	if issue.Expression == "" {
		issue.Expression = n.Expression()
	}
	if issue.Position.IsZero() {
		issue.Position = n.Position()
	}
	issue.Rule = f.rule
	f.issues = append(f.issues, issue)
}

// eps names a code of EPS-IssueCode with its display.
func eps(code string) fhir.Coding { return nhs.Coding(nhs.CSEPSIssue, code) }

// spine names a code of Spine-ErrorOrWarningCode, said in the words given.
func spine(code, words string) fhir.Coding {
	return fhir.Coding{System: nhs.CSSpine, Code: code, Display: words}
}

// facade names a code that the API in front of Spine answers with.
func facade(code, words string) fhir.Coding {
	return fhir.Coding{System: nhs.CSFacade, Code: code, Display: words}
}
