package search

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// What one query may ask for. Each condition is a walk over an index, and each
// that is chained a search of its own.
const (
	maxClauses = 200
	maxChained = 20
	maxSteps   = 6 // steps of one chain
)

// affordable refuses a query whose answer would take too much work, before any of
// it is done. A condition that is repeated counts once, as it is looked up once.
func (p *parser) affordable(q url.Values) bool {
	clauses, chained := 0, 0
	for name, values := range q {
		if base, _, _ := strings.Cut(name, ":"); name == pageParam || resultParams[base] != nil || Added(name) {
			continue
		}
		n := len(distinct(values))
		clauses += n
		if depth := steps(name); depth > 0 {
			chained += n
			if depth > maxSteps {
				p.tooCostly(name, "The chain has too many steps.", fmt.Sprintf("at most %d", maxSteps), depth)
			}
		}
	}
	if clauses > maxClauses {
		p.tooCostly("", "The query has too many conditions.", fmt.Sprintf("at most %d", maxClauses), clauses)
	}
	if chained > maxChained {
		p.tooCostly("", "The query has too many chained conditions.", fmt.Sprintf("at most %d", maxChained), chained)
	}
	return !fhir.HasErrors(p.issues)
}

// steps counts how often a parameter follows a reference, forwards or backwards.
func steps(name string) int {
	return strings.Count(name, ".") + strings.Count(name, "_has:")
}

// distinct leaves out the values that were there before, and empty ones.
func distinct(values []string) []string {
	seen := make(map[string]bool, len(values))
	var out []string
	for _, v := range values {
		if v != "" && !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

func (p *parser) tooCostly(name, message, expected string, found int) {
	p.issues = append(p.issues, fhir.Issue{Severity: fhir.Err, Code: fhir.TooCostly, Expression: name,
		Message: message, Expected: expected, Found: fmt.Sprint(found), Fix: "Ask for less at a time, or give several values to one parameter, separated by commas."})
}
