package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// describeDefinition writes a definition for a reader at a terminal.
func describeDefinition(out io.Writer, l *profiles.Library, e *profiles.Entry, all bool) error {
	fmt.Fprintf(out, "%s\n%s", e.Canonical(), e.Kind)
	if e.Title != "" {
		fmt.Fprintf(out, ": %s", e.Title)
	}
	fmt.Fprintln(out)
	terms := l.Terminology().Definitions()
	switch e.Type {
	case "StructureDefinition":
		return describeStructure(out, l, e, all)
	case "ValueSet":
		v := terms.ValueSets[e.URL]
		describeSelections(out, "include", v.Include)
		describeSelections(out, "exclude", v.Exclude)
	case "CodeSystem":
		s := terms.CodeSystems[e.URL]
		fmt.Fprintf(out, "content %s\n\n", s.Content)
		describeConcepts(out, s.Concepts, 1)
	case "ConceptMap":
		describeMap(out, terms.ConceptMaps[e.URL])
	}
	return nil
}

func describeStructure(out io.Writer, l *profiles.Library, e *profiles.Entry, all bool) error {
	s, err := l.Structure(e.URL)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "of %s, based on %s\n", s.Type, s.Base)
	for _, c := range s.Contexts {
		fmt.Fprintf(out, "stands on %s\n", c.Expression)
	}
	fmt.Fprintln(out)
	touched := constrained(l, s)
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ELEMENT\tCARD.\tFLAGS\tTYPE\tRULES")
	for _, el := range s.Snapshot {
		if all || touched == nil || touched[el.ID] {
			rules := elementRules(el)
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", el.ID, cardinality(el), flags(el), types(el), strings.Join(rules[:min(1, len(rules))], ""))
			for _, r := range rules[min(1, len(rules)):] {
				fmt.Fprintf(w, "\t\t\t\t%s\n", r)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(table.String()) {
		fmt.Fprintln(out, strings.TrimRight(line, " \n"))
	}
	return nil
}

// constrained are the elements that a profile, or one it is based on, says
// something about; nil for a type of R4, of which all are shown.
func constrained(l *profiles.Library, s *definition.Structure) map[string]bool {
	if s.Derivation != "constraint" {
		return nil
	}
	ids := map[string]bool{}
	for depth := 0; s != nil && s.Derivation == "constraint" && depth < 20; depth++ {
		for _, el := range s.Differential {
			id := el.ID
			if id == "" {
				id = el.Path
			}
			ids[id] = true
		}
		next, err := l.Structure(s.Base)
		if err != nil {
			break
		}
		s = next
	}
	return ids
}

func cardinality(e *definition.Element) string {
	low := "0"
	if e.Min != nil {
		low = strconv.Itoa(*e.Min)
	}
	return low + ".." + e.Max
}

func flags(e *definition.Element) string {
	var out []string
	for _, f := range []struct {
		set  *bool
		name string
	}{{e.Modifier, "?!"}, {e.MustSupport, "MS"}, {e.Summary, "SU"}} {
		if f.set != nil && *f.set {
			out = append(out, f.name)
		}
	}
	return strings.Join(out, " ")
}

func types(e *definition.Element) string {
	var out []string
	for _, t := range e.Types {
		text := t.Code
		if of := append(lastSteps(t.Profiles), lastSteps(t.TargetProfiles)...); len(of) > 0 {
			text += "(" + strings.Join(of, " | ") + ")"
		}
		if len(t.Aggregation) > 0 {
			text += " " + strings.Join(t.Aggregation, ", ")
		}
		out = append(out, text)
	}
	if e.ContentReference != "" {
		out = append(out, e.ContentReference)
	}
	return strings.Join(out, ", ")
}

func lastSteps(urls []string) []string {
	var out []string
	for _, u := range urls {
		out = append(out, u[strings.LastIndexByte(u, '/')+1:])
	}
	return out
}

// elementRules are the rules of an element, one a line.
func elementRules(e *definition.Element) (out []string) {
	if s := e.Slicing; s != nil {
		var by []string
		for _, d := range s.Discriminators {
			by = append(by, d.Type+" "+d.Path)
		}
		line := "sliced by " + strings.Join(by, ", ") + ", " + s.Rules
		if s.Ordered {
			line += ", ordered"
		}
		out = append(out, line)
	}
	for _, v := range []struct {
		what  string
		value *definition.Value
	}{{"is exactly", e.Fixed}, {"has", e.Pattern}, {"at least", e.MinValue}, {"at most", e.MaxValue}} {
		if v.value != nil {
			out = append(out, fmt.Sprintf("%s %s", v.what, v.value.Node.Raw()))
		}
	}
	if e.MaxLength > 0 {
		out = append(out, fmt.Sprintf("at most %d characters", e.MaxLength))
	}
	if b := e.Binding; b != nil && b.ValueSet != "" {
		out = append(out, fmt.Sprintf("from %s (%s)", b.ValueSet, b.Strength))
		if b.Max != "" {
			out = append(out, "never outside "+b.Max)
		}
	}
	for _, c := range e.Constraints {
		if c.Source != "" { // those of R4 itself hold everywhere
			out = append(out, fmt.Sprintf("%s (%s): %s", c.Key, c.Severity, c.Human))
		}
	}
	return out
}

func describeSelections(out io.Writer, what string, list []definition.Selection) {
	for _, s := range list {
		fmt.Fprintf(out, "\n%s", what)
		if s.System != "" {
			fmt.Fprintf(out, " codes of %s", strings.TrimSuffix(s.System+"|"+s.Version, "|"))
		}
		for _, f := range s.Filters {
			fmt.Fprintf(out, "\n  where %s %s %s", f.Property, f.Op, f.Value)
		}
		for _, v := range s.ValueSets {
			fmt.Fprintf(out, "\n  that are in %s", v)
		}
		fmt.Fprintln(out)
		describeConcepts(out, s.Concepts, 1)
	}
}

func describeConcepts(out io.Writer, list []definition.Concept, depth int) {
	for _, c := range list {
		fmt.Fprintf(out, "%s%s  %s\n", strings.Repeat("  ", depth), c.Code, c.Display)
		describeConcepts(out, c.Children, depth+1)
	}
}

func describeMap(out io.Writer, m *definition.ConceptMap) {
	for _, g := range m.Groups {
		fmt.Fprintf(out, "\n%s -> %s\n", g.Source, g.Target)
		for _, e := range g.Elements {
			for _, t := range e.Targets {
				fmt.Fprintf(out, "  %s -> %s (%s)\n", e.Code, t.Code, t.Equivalence)
			}
		}
	}
}
