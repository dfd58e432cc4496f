package terminology

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// grammar is a system whose codes follow a rule instead of a list.
type grammar struct {
	url   string
	name  string
	valid func(code string) (display string, ok bool)
}

func (g grammar) URL() string                  { return g.url }
func (g grammar) Version() string              { return "" }
func (g grammar) Name() string                 { return g.name }
func (g grammar) Complete(string) bool         { return true }
func (g grammar) Subsumes(string, string) bool { return false }

func (g grammar) Lookup(code string) (Concept, bool) {
	display, ok := g.valid(code)
	return Concept{Code: code, Display: display}, ok
}

// Select answers filters on the code alone; a grammar lists nothing.
func (g grammar) Select(filters []definition.Filter) (Selected, error) {
	tests := []func(string) bool{func(code string) bool { _, ok := g.valid(code); return ok }}
	for _, f := range filters {
		if f.Property != "code" || f.Op != "regex" {
			return Selected{}, unanswered(g, f)
		}
		re, err := regexp.Compile("^(?:" + f.Value + ")$")
		if err != nil {
			return Selected{}, fmt.Errorf("the filter is no regular expression: %w", err)
		}
		tests = append(tests, re.MatchString)
	}
	return Selected{Has: func(code string) bool {
		for _, t := range tests {
			if !t(code) {
				return false
			}
		}
		return true
	}}, nil
}

var mime = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9*][A-Za-z0-9!#$&^_.+*-]*(\s*;\s*[A-Za-z0-9_.-]+=("[^"]*"|[^\s;"]+))*$`)

// grammars are the systems that R4 refers to and that have a rule.
func grammars(ucum func(string) bool) []System {
	return []System{
		grammar{"urn:ietf:bcp:47", "BCP 47 (languages)", func(code string) (string, bool) {
			_, err := language.Parse(code)
			return "", err == nil && !strings.Contains(code, "_")
		}},
		grammar{"urn:ietf:bcp:13", "BCP 13 (MIME types)", func(code string) (string, bool) { return "", mime.MatchString(code) }},
		grammar{"urn:iso:std:iso:3166", "ISO 3166 (countries)", func(code string) (string, bool) {
			r, err := language.ParseRegion(code)
			return "", err == nil && r.IsCountry() && code == strings.ToUpper(code)
		}},
		grammar{"urn:iso:std:iso:4217", "ISO 4217 (currencies)", func(code string) (string, bool) {
			_, err := currency.ParseISO(code)
			return "", err == nil && code == strings.ToUpper(code)
		}},
		grammar{"http://unitsofmeasure.org", "UCUM", func(code string) (string, bool) { return "", ucum(code) }},
	}
}
