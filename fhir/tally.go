package fhir

import "fmt"

// MaxListed bounds how many issues of one input are listed. It bounds what is
// said, never what is judged: of what is not listed a [Tally] says how many
// issues of which severity there were.
const MaxListed = 500

// Tally collects the issues of one input, in any order. It counts all of them
// and keeps as many of each severity as may be listed. The zero value is ready.
type Tally struct {
	kept   []Issue // in the order in which they came
	listed [3]int  // errors, warnings and notes among them
	more   [3]int  // and those that are not kept
}

// ranks are the severities from the gravest on, each with its name in a count.
var ranks = [3]struct {
	severity Severity
	name     string
}{{Err, "error"}, {Warning, "warning"}, {Information, "note"}}

func rankOf(s Severity) int {
	switch s {
	case Fatal, Err:
		return 0
	case Warning:
		return 1
	}
	return 2
}

// Lists reports whether another issue of the severity would be listed. Where it
// would not, [Tally.Skip] counts it without the work of describing it.
func (t *Tally) Lists(s Severity) bool { return t.listed[rankOf(s)] < MaxListed }

// Skip counts issues that are not described.
func (t *Tally) Skip(s Severity, n int) { t.more[rankOf(s)] += n }

// Add counts an issue. One that stands for others counts as those.
func (t *Tally) Add(issues ...Issue) {
	for _, i := range issues {
		switch {
		case i.More > 0:
			t.Skip(i.Severity, i.More)
		case t.Lists(i.Severity):
			t.kept = append(t.kept, i)
			t.listed[rankOf(i.Severity)]++
		default:
			t.Skip(i.Severity, 1)
		}
	}
}

// Errors counts the errors.
func (t *Tally) Errors() int { return t.listed[0] + t.more[0] }

// Kept are the issues that were described.
func (t *Tally) Kept() []Issue { return t.kept }

// Issues lists the issues in the order of their places. Where there are more
// than [MaxListed], errors go before warnings and warnings before notes, and
// for each severity that is not listed in full an issue of that severity says
// how many more there were, so that [HasErrors] answers for all.
func (t *Tally) Issues() []Issue { return t.List(t.Kept()) }

// List is Issues with what the caller has made of those kept.
func (t *Tally) List(kept []Issue) []Issue {
	kept = SortIssues(kept)
	more := t.more
	room := MaxListed
	listed := kept[:0:0]
	left := [3]int{}
	for _, i := range kept {
		left[rankOf(i.Severity)]++
	}
	for k := range left {
		left[k] = min(left[k], room)
		room -= left[k]
	}
	for _, i := range kept {
		k := rankOf(i.Severity)
		if left[k] == 0 {
			more[k]++
			continue
		}
		left[k]--
		listed = append(listed, i)
	}
	for k, n := range more {
		if n > 0 {
			listed = append(listed, moreIssues(k, n))
		}
	}
	return listed
}

// Listed lists issues as [Tally.Issues] does.
func Listed(issues []Issue) []Issue {
	var t Tally
	t.Add(issues...)
	return t.Issues()
}

// moreIssues says how many issues of a severity are not listed.
func moreIssues(rank, n int) Issue {
	of := ranks[rank]
	i := Issue{Severity: of.severity, Code: Informational, Rule: "more-issues", More: n,
		Message: fmt.Sprintf("%d more %ss are not listed.", n, of.name)}
	if n == 1 {
		i.Message = "1 more " + of.name + " is not listed."
	}
	if rank == 0 {
		i.Code, i.Fix = TooLong, "Correct those that are listed and send the resource again."
	}
	return i
}
