package fsh

import (
	"strings"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

func (c *compiler) valueSet(e *entity) error {
	v := &definition.ValueSet{URL: c.url(e), Name: e.name, Title: e.meta["Title"], Status: "active", Source: e.file}
	for _, r := range e.rules {
		switch r.kind {
		case caretRule:
			if known, err := c.header(r, &v.Version, &v.Status); err != nil {
				return err
			} else if !known {
				return c.fail(r.file, r.at, "^%s of a value set is not supported here", r.caret)
			}
		case conceptRule:
			into := &v.Include
			if r.concept.exclude {
				into = &v.Exclude
			}
			c.addConcept(into, r.concept)
		case selectRule:
			s := definition.Selection{}
			s.System, s.Version = definition.SplitCanonical(c.canonical("CodeSystem", r.include.system))
			for _, f := range r.include.filters {
				s.Filters = append(s.Filters, definition.Filter{Property: f.property, Op: f.op, Value: f.value})
			}
			for _, name := range r.include.valueSets {
				s.ValueSets = append(s.ValueSets, c.canonical("ValueSet", name))
			}
			if r.include.exclude {
				v.Exclude = append(v.Exclude, s)
			} else {
				v.Include = append(v.Include, s)
			}
		}
	}
	c.out.AddValueSet(v)
	return nil
}

// addConcept puts a single code into the selection of its system that lists
// codes, which it opens when there is none.
func (c *compiler) addConcept(into *[]definition.Selection, row *conceptRow) {
	code := row.codes[0]
	concept := definition.Concept{Code: code.code, Display: code.display}
	system := c.canonical("CodeSystem", code.system)
	for i := range *into {
		s := &(*into)[i]
		if s.System == system && s.Version == code.version && len(s.Concepts) > 0 {
			s.Concepts = append(s.Concepts, concept)
			return
		}
	}
	*into = append(*into, definition.Selection{System: system, Version: code.version, Concepts: []definition.Concept{concept}})
}

func (c *compiler) codeSystem(e *entity) error {
	s := &definition.CodeSystem{URL: c.url(e), Name: e.name, Title: e.meta["Title"], Status: "active", Content: "complete",
		CaseSensitive: true, Source: e.file}
	for _, r := range e.rules {
		var err error
		switch {
		case r.kind == conceptRule:
			err = c.nest(s, r)
		case r.kind == caretRule && r.concept != nil:
			err = c.conceptCaret(s, r)
		case r.kind == caretRule:
			err = c.systemCaret(s, r)
		}
		if err != nil {
			return err
		}
	}
	c.out.AddCodeSystem(s)
	return nil
}

// nest puts a concept below those whose codes stand before it.
func (c *compiler) nest(s *definition.CodeSystem, r rule) error {
	codes := r.concept.codes
	list, ok := under(&s.Concepts, codes[:len(codes)-1])
	if !ok {
		return c.fail(r.file, r.at, "there is no code above #%s as the rule names it", codes[len(codes)-1].code)
	}
	*list = append(*list, definition.Concept{Code: codes[len(codes)-1].code, Display: r.concept.display, Definition: r.concept.definition})
	return nil
}

func under(list *[]definition.Concept, codes []coding) (*[]definition.Concept, bool) {
	for _, code := range codes {
		found := false
		for i := range *list {
			if (*list)[i].Code == code.code {
				list, found = &(*list)[i].Children, true
				break
			}
		}
		if !found {
			return nil, false
		}
	}
	return list, true
}

// conceptCaret reads * #code ^property[0].code = #p and .valueX = v.
func (c *compiler) conceptCaret(s *definition.CodeSystem, r rule) error {
	codes := r.concept.codes
	list, ok := under(&s.Concepts, codes[:len(codes)-1])
	m := indexed.FindStringSubmatch(r.caret)
	if !ok || m == nil || m[1] != "property" {
		return c.fail(r.file, r.at, "^%s of a concept is not supported here: expected ^property[0].code or .value…", r.caret)
	}
	for i := range *list {
		concept := &(*list)[i]
		if concept.Code != codes[len(codes)-1].code {
			continue
		}
		n, err := c.index(r, m[2], len(concept.Properties))
		if err != nil {
			return err
		}
		if n == len(concept.Properties) {
			concept.Properties = append(concept.Properties, definition.Property{})
		}
		p := &concept.Properties[n]
		if m[3] == "code" {
			p.Code = r.value.code.code
		} else {
			p.Type, p.Value = strings.TrimPrefix(m[3], "value"), r.value.text+r.value.code.code
		}
		return nil
	}
	return c.fail(r.file, r.at, "there is no code #%s above", codes[len(codes)-1].code)
}

func (c *compiler) systemCaret(s *definition.CodeSystem, r rule) error {
	switch r.caret {
	case "content":
		s.Content = r.value.code.code
	case "caseSensitive":
		s.CaseSensitive = r.value.text == "true"
	case "valueSet":
		s.ValueSet = c.canonical("ValueSet", r.value.text)
	case "supplements":
		s.Supplements = r.value.text
	default:
		if known, err := c.header(r, &s.Version, &s.Status); err != nil {
			return err
		} else if !known && !strings.HasPrefix(r.caret, "property") {
			return c.fail(r.file, r.at, "^%s of a code system is not supported here", r.caret)
		}
	}
	return nil
}
