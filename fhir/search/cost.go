package search

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// What one query may ask for. Each condition is a walk over an index, and each
// that is chained a search of its own.
const (
	maxClauses = 200
	maxChained = 20
	maxSteps   = 6   // steps of one chain
	maxScanned = 100 // values that are looked for within texts, each in all of them
)

// affordable refuses a query whose answer would take too much work, before any of
// it is done. A condition that is repeated counts once, as it is looked up once.
func (p *parser) affordable(q url.Values) bool {
	clauses, chained, scanned := 0, 0, 0
	for name, values := range q {
		if base, _, _ := strings.Cut(name, ":"); name == pageParam || resultParams[base] != nil || Added(name) {
			continue
		}
		n := len(distinct(values))
		clauses += n
		if strings.HasSuffix(name, ":contains") {
			scanned += alternatives(values)
		}
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
	if scanned > maxScanned {
		p.tooCostly("", "The query looks for too many values within texts.", fmt.Sprintf("at most %d with :contains", maxScanned), scanned)
	}
	return !fhir.HasErrors(p.issues)
}

// alternatives counts the values of a parameter that commas separate.
func alternatives(values []string) (n int) {
	for _, v := range distinct(values) {
		n += 1 + strings.Count(v, ",")
	}
	return n
}

// What makes a query one of much work: a long page, what it brings with it, or
// more conditions and values than usual programs send.
const (
	heavyPage   = 200
	heavyValues = 200
	heavyChains = 3
)

// Heavy reports whether a query may take much work, so that only few of its kind
// should be answered at a time.
func (q *Query) Heavy() bool {
	if q.Count > heavyPage || len(q.Sort) > 1 || len(q.Sort) == 1 && q.Sort[0].Chain != nil {
		return true
	}
	for _, i := range slices.Concat(q.Include, q.RevInclude) {
		if i.Param == "*" || i.Iterate {
			return true
		}
	}
	values, chains := 0, 0
	var count func(clauses []Clause)
	count = func(clauses []Clause) {
		for i := range clauses {
			c := &clauses[i]
			values += len(c.Ranges) + len(c.IDs)
			if len(c.Chain)+len(c.Has) > 0 {
				chains++
			}
			for _, all := range c.Any {
				count(all)
			}
		}
	}
	count(q.Clauses)
	return values > heavyValues || chains > heavyChains
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
