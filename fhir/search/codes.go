package search

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// Codes knows value sets and the hierarchies of code systems, for the modifiers in,
// not-in, above and below of tokens. Errors are [*fhir.Error].
type Codes interface {
	// Members lists the codes of a value set by its canonical URL, at most one more
	// than most.
	Members(valueSet string, most int) ([]Coding, error)
	// Related lists a code and those below it, or above it, at most one more than most.
	Related(system, code string, above bool, most int) ([]Coding, error)
}

// Coding is a code of a system.
type Coding struct{ System, Code string }

// maxCodes is how many codes a value set or a hierarchy may have that is searched by.
const maxCodes = 10_000

// byCodes reads the value of a token with a modifier of [byTerminology]. The codes are
// those that the terminology has when the page is asked for.
func (c *condition) byCodes(value string) (Clause, bool) {
	out := Clause{Param: c.param.Code, Not: c.modifier == "not-in", Ranges: []Range{}}
	for _, alternative := range split(value, ',') {
		codings, err := c.codings(unescape(alternative))
		if err == nil && len(codings) > maxCodes {
			err = fhir.E("search", fhir.TooCostly, fhir.Issue{Message: "There are more codes than a search takes.", Expected: fmt.Sprintf("at most %d", maxCodes), Fix: "Name a narrower value set or code."})
		}
		if err != nil {
			c.notCoded(alternative, err)
			return out, false
		}
		for _, one := range codings {
			v := reading{c.parser, c.typ, c.param, c.types, ""}
			ranges, _ := v.ranges("token", escaped.Replace(one.System)+"|"+escaped.Replace(one.Code))
			out.Ranges = append(out.Ranges, ranges...)
		}
	}
	return out, true
}

var escaped = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`)

func (c *condition) codings(value string) ([]Coding, error) {
	if c.modifier == "in" || c.modifier == "not-in" {
		return c.Codes.Members(value, maxCodes)
	}
	system, code, ok := strings.Cut(value, "|")
	if !ok || system == "" || code == "" {
		return nil, fhir.E("search", fhir.Invalid, fhir.Issue{Message: "The code has no system, in whose hierarchy it would be.", Expected: "system|code"})
	}
	return c.Codes.Related(system, code, c.modifier == "above", maxCodes)
}

// notCoded notes why the terminology lists no codes for a value.
func (c *condition) notCoded(value string, err error) {
	issue := fhir.Issue{Message: err.Error()}
	var e *fhir.Error
	if errors.As(err, &e) && len(e.Issues) > 0 {
		issue = e.Issues[0]
	}
	expected := issue.Expected
	if expected == "" {
		expected = "the canonical URL of a value set"
		if c.modifier == "above" || c.modifier == "below" {
			expected = "system|code of a code system that is loaded"
		}
	}
	c.refuse(c.shown, issue.Message, expected, value, issue.Fix)
}
