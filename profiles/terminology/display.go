package terminology

import (
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// spoken is a system that says in which language its displays are.
type spoken interface{ Language() string }

func languageOf(sys System) string {
	if s, ok := sys.(*supplemented); ok {
		return languageOf(s.System)
	}
	if s, ok := sys.(spoken); ok && s.Language() != "" {
		return s.Language()
	}
	return "en"
}

// Language is that of the displays, "" where the definition does not say.
func (l *listed) Language() string { return l.def.Language }

// tags reads a BCP 47 tag, or a list of them as in Accept-Language, into tags
// in the order of preference; nil for an empty or broken one.
func tags(list string) []string {
	if list == "" {
		return nil
	}
	parsed, weights, err := language.ParseAcceptLanguage(list)
	if err != nil {
		return nil
	}
	var out []string
	for i, t := range parsed {
		if weights[i] > 0 {
			out = append(out, t.String())
		}
	}
	return out
}

// display is the name of a code in the first of the languages that it has one
// in, else its usual one.
func (s *Service) display(c definition.Coding, languages []string) string {
	sys, _ := s.system(c.System, c.Version)
	if sys == nil {
		return c.Display
	}
	found, _ := sys.Lookup(c.Code)
	if name := nameIn(found, languages, languageOf(sys)); name != "" {
		return name
	}
	return c.Display
}

// displayed is display for a caller who wants no name in another language.
func (s *Service) displayed(c definition.Coding, languages []string, only bool) string {
	if only {
		if sys, _ := s.system(c.System, c.Version); sys != nil {
			found, _ := sys.Lookup(c.Code)
			return nameIn(found, languages, languageOf(sys))
		}
	}
	return s.display(c, languages)
}

// exclusive reports whether a list of languages, as in Accept-Language, takes no other:
// de, *;q=0.
func exclusive(list string) bool {
	for _, item := range strings.Split(list, ",") {
		if name, weight, ok := strings.Cut(item, ";"); ok && strings.TrimSpace(name) == "*" {
			q, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(weight), "q=")), 64)
			return err == nil && q == 0
		}
	}
	return false
}

// nameIn chooses among the names of a concept; own is the language of its
// display. An exact tag goes before one of the same language, a designation
// without a use before others. "" means that no language fits.
func nameIn(c Concept, languages []string, own string) string {
	for _, want := range languages {
		if strings.EqualFold(want, own) {
			return c.Display
		}
		for _, exact := range []bool{true, false} {
			if d := designationIn(c.Designations, want, exact); d != "" {
				return d
			}
		}
		if same(want, own) {
			return c.Display
		}
	}
	return ""
}

func designationIn(list []definition.Designation, want string, exact bool) string {
	found := ""
	for _, d := range list {
		if exact && !strings.EqualFold(d.Language, want) || !exact && !same(d.Language, want) {
			continue
		}
		if d.Use.Code == "" || d.Use.Code == "display" || d.Use.Code == preferred {
			return d.Value
		}
		if found == "" {
			found = d.Value
		}
	}
	return found
}

// preferred is the SNOMED CT acceptability of the name to use.
const preferred = "900000000000548007"

// same reports whether two tags are of one language.
func same(a, b string) bool {
	a, _, _ = strings.Cut(a, "-")
	b, _, _ = strings.Cut(b, "-")
	return a != "" && strings.EqualFold(a, b)
}
