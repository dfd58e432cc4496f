package message

import (
	"cmp"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

type node = fhir.Node

// Findings collects what the rules have to say about one input. Rules put
// their id on what they find.
type Findings struct {
	Rule   string
	Issues []fhir.Issue
}

// Rule is one named check of a T: a message, a task, parameters.
type Rule[T any] struct {
	id    string
	check func(subject T, f *Findings)
}

// Examine runs all the rules and returns all that they find.
func Examine[T any](subject T, rules []Rule[T]) []fhir.Issue {
	var f Findings
	for _, r := range rules {
		f.Rule = r.id
		r.check(subject, &f)
	}
	return ordered(f.Issues)
}

// ordered sorts issues by place; those with a code of the service come first,
// because EPS software reads the first issue.
func ordered(issues []fhir.Issue) []fhir.Issue {
	issues = fhir.SortIssues(issues)
	sorting.Stably(issues, func(a, b fhir.Issue) int { return cmp.Compare(rank(a), rank(b)) })
	return issues
}

func rank(i fhir.Issue) int {
	if i.Details.System == nhs.CSEPSIssue || i.Details.System == nhs.CSHistory {
		return 0
	}
	return 1
}

// At adds an issue about a node. Severity defaults to error, expression and
// position come from the node.
func (f *Findings) At(n node, issue fhir.Issue) {
	if issue.Severity == "" {
		issue.Severity = fhir.Err
	}
	if issue.Expression == "" {
		issue.Expression = n.Expression()
	}
	if issue.Position.IsZero() {
		issue.Position = n.Position()
	}
	issue.Rule = f.Rule
	f.Issues = append(f.Issues, issue)
}
