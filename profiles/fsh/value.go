package fsh

import (
	"regexp"
	"strings"
)

var decimalNumber = regexp.MustCompile(`^[+-]?\d+(\.\d+)?$`)

// value reads the right side of an assignment.
func (p *parser) value() (*value, error) {
	t := p.take()
	switch {
	case t.kind == end:
		return nil, p.fail(t, "expected a value, found %s", t)
	case t.kind == str:
		return &value{kind: stringValue, text: t.text}, nil
	case t.text == "true" || t.text == "false":
		return &value{kind: booleanValue, text: t.text}, nil
	case decimalNumber.MatchString(t.text):
		v := &value{kind: numberValue, text: t.text}
		if next := p.peek(); !next.first && next.kind == word && (strings.HasPrefix(next.text, "'") || strings.Contains(next.text, "#")) {
			v.kind = quantityValue
			unit := p.take().text
			if ucum, ok := strings.CutPrefix(unit, "'"); ok {
				v.unit = coding{system: "http://unitsofmeasure.org", code: strings.TrimSuffix(ucum, "'")}
			} else {
				v.unit = p.coding(unit)
			}
			v.unit.display = p.display()
		}
		return v, nil
	case strings.Contains(t.text, "#"):
		v := &value{kind: codeValue, code: p.coding(t.text)}
		v.code.display = p.display()
		return v, nil
	case t.text == "Reference" || t.text == "Canonical":
		if !p.accept("(") {
			return nil, p.fail(p.peek(), "expected (, found %s", p.peek())
		}
		target := p.take()
		if !p.accept(")") {
			return nil, p.fail(p.peek(), "expected ), found %s", p.peek())
		}
		return &value{kind: referenceValue, text: p.resolve(target.text)}, nil
	}
	return &value{kind: stringValue, text: p.resolve(t.text)}, nil
}

// display reads the string that may follow a code.
func (p *parser) display() string {
	if t := p.peek(); t.kind == str && !t.first {
		return p.take().text
	}
	return ""
}

// coding takes system|version#code apart.
func (p *parser) coding(text string) coding {
	system, code, _ := strings.Cut(p.resolve(text), "#")
	if strings.HasPrefix(code, `"`) {
		code, _, _ = unquote(code)
	}
	system, version, _ := strings.Cut(system, "|")
	return coding{system: system, version: version, code: code}
}
