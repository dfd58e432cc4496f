package search

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Options are what a parse depends on besides the query. The zero Options work.
type Options struct {
	// Lenient leaves parameters out that are unknown or not supported, with a
	// warning for each: Prefer: handling=lenient. Malformed values of known
	// ones stay errors.
	Lenient bool
	// Own says which base URLs are of this server: an absolute reference below
	// one of them is the same as the relative one.
	Own Own
	// Now serves the date prefix ap, which takes what is the further away the longer
	// ago the date is; where it is zero, ap asks for dates that overlap.
	Now time.Time
	// Codes answers the modifiers in, not-in, above and below of tokens; nil where
	// nobody does.
	Codes Codes
	// Custom are the SearchParameters that are stored; nil for none.
	Custom *Custom
	// Within confines the search to a compartment; nil for none.
	Within *Compartment
	// DefaultCount and MaxCount bound a page; 20 and 1000 where they are 0.
	DefaultCount, MaxCount int
	// Pages opens page tokens; nil where there are none.
	Pages *Sealer
}

// Parse reads a query on a resource type. All that is wrong with it is said at
// once in the error, an [*fhir.Error]; the issues are warnings about what was
// left out. A parameter without a value is ignored.
func Parse(resourceType string, q url.Values, o Options) (*Query, []fhir.Issue, error) {
	if !r4.IsResource(resourceType) {
		return nil, nil, fhir.E("search", fhir.NotSupported, fhir.Issue{
			Message: "There is no such resource type to search.", Expected: "an R4 resource type",
			Found: quoteFound(resourceType), Fix: nearest(resourceType, r4.ResourceTypes()),
		})
	}
	p := newParser(resourceType, o)
	if !p.affordable(q) {
		return nil, nil, &fhir.Error{Op: "search", Kind: fhir.TooCostly, Issues: p.issues}
	}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		for _, value := range distinct(q[name]) {
			p.parameter(name, value)
		}
	}
	if o.Within != nil && !fhir.HasErrors(p.issues) {
		p.query.Within = o.Within
		p.query.Clauses = append(p.query.Clauses, p.within(*o.Within))
	}
	if token := q[pageParam]; len(token) > 0 && !fhir.HasErrors(p.issues) {
		p.page(token)
	}
	if fhir.HasErrors(p.issues) {
		return nil, nil, &fhir.Error{Op: "search", Kind: kindOf(p.issues), Issues: p.issues}
	}
	return p.query, p.issues, nil
}

// ParseCondition reads the query of a conditional interaction, If-None-Exist or
// that of a conditional reference, "identifier=system|value". It must have at
// least one condition, a value for each, and nothing that shapes a result. What
// selects nothing (see [Selecting]) is ignored.
func ParseCondition(resourceType, query string, o Options) (*Query, error) {
	values, err := ReadQuery(Selecting(strings.TrimPrefix(query, "?")))
	if err != nil {
		return nil, fhir.E("search", fhir.Invalid, fhir.Issue{
			Message: "The condition is no query.", Expected: "name=value, several joined by &, in URL encoding", Found: quoteFound(query)})
	}
	for name, given := range values {
		if base, _, _ := strings.Cut(name, ":"); resultParams[base] != nil {
			return nil, fhir.E("search", fhir.Invalid, fhir.Issue{Expression: name,
				Message: "A condition selects resources, it has no parameters that shape a result.", Expected: "search parameters only", Found: quoteFound(name)})
		}
		if slices.Contains(given, "") {
			return nil, fhir.E("search", fhir.Invalid, fhir.Issue{Expression: name,
				Message: "A parameter of the condition has no value.", Expected: name + "=value", Found: quoteFound(name + "="),
				Fix: "Give it a value, or leave it out: without it the condition may fit other resources."})
		}
	}
	o.Lenient = false
	parsed, _, err := Parse(resourceType, values, o)
	if err == nil && len(parsed.Clauses) == 0 {
		err = fhir.E("search", fhir.Invalid, fhir.Issue{
			Message: "The condition asks for nothing and would match every resource.", Expected: "at least one search parameter", Found: quoteFound(query)})
	}
	if err != nil {
		return nil, err
	}
	return parsed, nil
}

type parser struct {
	Options
	query  *Query
	issues []fhir.Issue
	ways   *int // how many chains there are so far; see maxWays
}

func newParser(resourceType string, o Options) *parser {
	if o.DefaultCount == 0 {
		o.DefaultCount = 20
	}
	if o.MaxCount == 0 {
		o.MaxCount = 1000
	}
	return &parser{Options: o, ways: new(int), query: &Query{Type: resourceType, Own: o.Own, Count: min(o.DefaultCount, o.MaxCount), given: url.Values{}}}
}

// parameter reads one name and value and notes them for the self link.
func (p *parser) parameter(name, value string) {
	if name == pageParam || value == "" {
		return
	}
	if Added(name) {
		p.ignored(name)
		return
	}
	before, ways := len(p.issues), *p.ways
	base, modifier, _ := strings.Cut(name, ":")
	if read := resultParams[base]; read != nil {
		read(p, name, modifier, value)
	} else if clause, ok := p.clause(p.query.Type, name, name, value); ok {
		p.query.Clauses = append(p.query.Clauses, clause)
	} else if ways <= maxWays && *p.ways > maxWays {
		p.refuse(name, "The chains of the query lead along too many ways.", fmt.Sprintf("at most %d", maxWays), name,
			"Name the types, as in subject:Patient.name.")
	}
	if len(p.issues) == before {
		p.query.given.Add(name, value)
	}
}

// refuse notes a malformed value. fix is what to do, "" where it is plain.
func (p *parser) refuse(name, message, expected, found, fix string) {
	p.issues = append(p.issues, fhir.Issue{Severity: fhir.Err, Code: fhir.ValueCode, Expression: name,
		Message: message, Expected: expected, Found: quoteFound(found), Fix: fix})
}

// unknown notes a parameter or modifier that is not supported: an error, or a
// warning where handling is lenient.
func (p *parser) unknown(name, message, expected, fix string) {
	issue := fhir.Issue{Severity: fhir.Err, Code: fhir.NotSupported, Expression: name, Message: message, Expected: expected, Found: quoteFound(name), Fix: fix}
	if p.Lenient {
		issue.Severity = fhir.Warning
		issue.Fix = strings.TrimSpace(fix + " The search was done without it.")
	}
	p.issues = append(p.issues, issue)
}

// ignored notes a parameter that no person asked for; see [Added].
func (p *parser) ignored(name string) {
	p.issues = append(p.issues, fhir.Issue{Severity: fhir.Warning, Code: fhir.NotSupported, Expression: name,
		Message: "The parameter " + name + " selects nothing and was ignored.", Fix: "Leave it out."})
}

func kindOf(issues []fhir.Issue) fhir.Code {
	for _, i := range issues {
		if i.IsError() && i.Code != fhir.NotSupported {
			return fhir.Invalid
		}
	}
	return fhir.NotSupported
}
