package terminology

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// nameOf is what to call a concept in the first of the languages that it has a
// name in, else by its display.
func nameOf(c Concept, languages []string, own string) string {
	if name := nameIn(c, languages, own); name != "" {
		return name
	}
	return c.Display
}

// named judges a code that exists: what it is called, whether it groups others
// only, and whether it is still in use.
func (j *judge) named(f *finding, c definition.Coding, sys System, found Concept) {
	if found.Code == "" || sys == nil {
		return
	}
	f.display = nameOf(found, j.languages, languageOf(sys))
	if found.Code != c.Code {
		f.normal = found.Code
		f.add(fhir.Information, fhir.BusinessRule, "code-rule", "code", "The code "+c.Code+" is written "+found.Code+" in its system, where the case does not count.")
	}
	if c.Display != "" {
		j.display(f, c, found, languageOf(sys))
	}
	if found.Abstract && j.concrete {
		f.add(fhir.Err, fhir.BusinessRule, "code-rule", "code", "The code "+c.Code+" only groups others and cannot be used itself.")
	}
	f.standing(found)
}

// standing says that a code is out of use, or should be left.
func (f *finding) standing(found Concept) {
	var status string
	deprecated := found.Deprecated
	for _, p := range found.Properties {
		switch {
		case p.Code == "status":
			status = p.Value
			deprecated = deprecated || p.Value == "deprecated"
		case p.Code == "deprecated" && p.Value != "false":
			deprecated = true
		}
	}
	switch {
	case found.Inactive:
		f.inactive = true
		if status != "active" && status != "inactive" {
			f.status = status
		}
		f.add(fhir.Warning, fhir.BusinessRule, "code-comment", "", "The code "+found.Code+" is out of use.")
	case deprecated:
		f.status = "deprecated"
		f.add(fhir.Warning, fhir.BusinessRule, "code-comment", "code", "The code "+found.Code+" is deprecated.")
	}
}

// display judges the name that comes with a code.
func (j *judge) display(f *finding, c definition.Coding, found Concept, own string) {
	in, any, withdrawn := names(found, j.languages, own)
	is := func(name string) bool { return strings.EqualFold(name, c.Display) }
	switch {
	case slices.ContainsFunc(in, is):
	case len(in) == 0 && slices.ContainsFunc(any, is):
		f.add(fhir.Information, fhir.Invalid, "invalid-display", "display", "The code "+c.Code+" has no name in "+strings.Join(j.languages, ", ")+"; "+c.Display+" is its name in another language.")
	case slices.ContainsFunc(withdrawn, is):
		f.add(fhir.Warning, fhir.Invalid, "display-comment", "display", c.Display+" is a name that the code "+c.Code+" once had. It is called: "+found.Display+".")
	case found.Display == "" && len(any) == 0:
	default:
		severity := fhir.Err
		if j.lenient {
			severity = fhir.Warning
		}
		expected := in
		if len(in) == 0 {
			expected = any
		}
		f.add(severity, fhir.Invalid, "invalid-display", "display", "The display does not belong to the code. Expected: "+strings.Join(expected[:min(len(expected), 5)], " or ")+". Found: "+c.Display+".")
	}
}

// names are those of a concept in the languages, in any language, and those that
// it once had.
func names(c Concept, languages []string, own string) (in, any, withdrawn []string) {
	add := func(name, language string) {
		if name == "" {
			return
		}
		any = append(any, name)
		if len(languages) == 0 || slices.ContainsFunc(languages, func(l string) bool { return same(l, language) || language == "" }) {
			in = append(in, name)
		}
	}
	add(c.Display, own)
	for _, d := range c.Designations {
		if d.Withdrawn {
			withdrawn = append(withdrawn, d.Value)
		} else {
			add(d.Value, d.Language)
		}
	}
	return in, any, withdrawn
}
