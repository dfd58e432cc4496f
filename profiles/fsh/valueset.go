package fsh

import "strings"

// valueSetRule reads what stands behind * in a value set:
//
//   - include codes from system SNOMED where concept is-a #138875005
//   - codes from valueset Other and Another
//   - exclude SNOMED#1 "one"
func (p *parser) valueSetRule(r *rule) error {
	exclude := p.accept("exclude")
	if !exclude {
		p.accept("include")
	}
	if !p.accept("codes") {
		return p.single(r, exclude)
	}
	r.kind, r.include = selectRule, &selection{exclude: exclude}
	if !p.accept("from") {
		return p.fail(p.peek(), "expected from, found %s", p.peek())
	}
	if p.accept("system") {
		t, err := p.expect(word, "a code system")
		if err != nil {
			return err
		}
		r.include.system = p.resolve(t.text)
		p.accept("and")
	}
	if p.accept("valueset") {
		for {
			t, err := p.expect(word, "a value set")
			if err != nil {
				return err
			}
			r.include.valueSets = append(r.include.valueSets, p.resolve(strings.TrimSuffix(t.text, ",")))
			if !p.accept("and") && !p.accept(",") {
				break
			}
		}
	}
	if r.include.system == "" && r.include.valueSets == nil {
		return p.fail(p.peek(), "expected system or valueset, found %s", p.peek())
	}
	if p.accept("where") {
		return p.where(r.include)
	}
	return nil
}

func (p *parser) single(r *rule, exclude bool) error {
	t, err := p.expect(word, "a code such as SYSTEM#code, or codes from")
	if err != nil {
		return err
	}
	c := p.coding(t.text)
	if c.system == "" || c.code == "" {
		return p.fail(t, "expected a code with its system, SYSTEM#code, found %s", t)
	}
	c.display = p.display()
	r.kind, r.concept = conceptRule, &conceptRow{exclude: exclude, codes: []coding{c}}
	return nil
}

func (p *parser) where(s *selection) error {
	for {
		property, err := p.expect(word, "a property")
		if err != nil {
			return err
		}
		op, err := p.expect(word, "an operator such as is-a")
		if err != nil {
			return err
		}
		v := p.take()
		if v.kind == end || v.first {
			return p.fail(v, "expected the value of the filter, found %s", v)
		}
		text := strings.Trim(v.text, "/")
		if v.kind == word {
			if c := p.coding(v.text); strings.Contains(v.text, "#") {
				text = c.code
			}
			p.display()
		} else {
			text = v.text
		}
		s.filters = append(s.filters, filter{property.text, op.text, text})
		if !p.accept("and") {
			return nil
		}
	}
}

// conceptRule reads a concept of a code system: the codes above it come first.
//
//   - #parent #child "display" "definition"
func (p *parser) conceptRule(r *rule) error {
	r.kind, r.concept = conceptRule, &conceptRow{}
	for strings.HasPrefix(p.peek().text, "#") && p.peek().kind == word && (len(r.concept.codes) == 0 || !p.peek().first) {
		r.concept.codes = append(r.concept.codes, p.coding(p.take().text))
	}
	if len(r.concept.codes) == 0 {
		return p.fail(p.peek(), "expected a code such as #active, found %s", p.peek())
	}
	if strings.HasPrefix(p.peek().text, "^") && !p.peek().first {
		return p.caretRule(r)
	}
	r.concept.display = p.display()
	r.concept.definition = p.display()
	return nil
}
