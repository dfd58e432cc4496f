package main

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

func (w *writer) valueSet(b *bytes.Buffer, v *definition.ValueSet) {
	w.head(b, "ValueSet", identifier(v.URL), v.URL)
	w.tail(b, v.URL, v.Version, v.Status)
	w.selections(b, "include", v.Include)
	w.selections(b, "exclude", v.Exclude)
	b.WriteByte('\n')
}

func code(c string) string {
	if strings.ContainsAny(c, " ()\",") {
		return `"` + c + `"`
	}
	return c
}

func (w *writer) selections(b *bytes.Buffer, verb string, list []definition.Selection) {
	for _, s := range list {
		system := s.System
		if s.Version != "" {
			system += "|" + s.Version
		}
		if len(s.Concepts) > 0 {
			for _, c := range s.Concepts {
				line := system + "#" + code(c.Code)
				if c.Display != "" && !strings.Contains(system, "snomed.info") && !strings.Contains(system, "loinc.org") {
					line += " " + quote(c.Display)
				}
				if verb == "exclude" {
					line = "exclude " + line
				}
				fmt.Fprintf(b, "* %s\n", line)
			}
			continue
		}
		line := verb + " codes from"
		if system != "" {
			line += " system " + system
		}
		if len(s.ValueSets) > 0 {
			if system != "" {
				line += " and"
			}
			line += " valueset " + strings.Join(s.ValueSets, " and ")
		}
		for i, f := range s.Filters {
			line += map[bool]string{true: " where ", false: " and "}[i == 0] + f.Property + " " + f.Op + " " + quote(f.Value)
		}
		fmt.Fprintf(b, "* %s\n", line)
	}
}

func (w *writer) codeSystem(b *bytes.Buffer, c *definition.CodeSystem) {
	w.head(b, "CodeSystem", identifier(c.URL), c.URL)
	w.tail(b, c.URL, c.Version, c.Status)
	if c.Content != "" && c.Content != "complete" {
		fmt.Fprintf(b, "* ^content = #%s\n", c.Content)
	}
	if !c.CaseSensitive {
		fmt.Fprintf(b, "* ^caseSensitive = false\n")
	}
	w.concepts(b, c.Concepts, "")
	b.WriteByte('\n')
}

func (w *writer) concepts(b *bytes.Buffer, list []definition.Concept, above string) {
	for _, c := range list {
		path := above + "#" + code(c.Code)
		display := ""
		if c.Display != "" {
			display = " " + quote(c.Display)
		}
		fmt.Fprintf(b, "* %s%s\n", path, display)
		for i, p := range c.Properties {
			fmt.Fprintf(b, "* %s ^property[%d].code = #%s\n* %s ^property[%d].value%s = %s\n", path, i, p.Code, path, i, cmp.Or(p.Type, "String"), propertyValue(p))
		}
		w.concepts(b, c.Children, path+" ")
	}
}

func propertyValue(p definition.Property) string {
	switch p.Type {
	case "Boolean", "Integer", "Decimal":
		return p.Value
	case "Code":
		return "#" + code(p.Value)
	}
	return quote(p.Value)
}
