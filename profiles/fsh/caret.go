package fsh

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// caret sets a property of the StructureDefinition itself.
func (b *builder) caret(r rule) error {
	var parts = indexed.FindStringSubmatch(r.caret)
	if parts != nil && parts[1] == "context" {
		n, err := b.index(r, parts[2], len(b.s.Contexts))
		if err != nil {
			return err
		}
		if n == len(b.s.Contexts) {
			b.s.Contexts = append(b.s.Contexts, definition.Context{})
		}
		if parts[3] == "type" {
			b.s.Contexts[n].Type = r.value.code.code
		} else {
			b.s.Contexts[n].Expression = r.value.text
		}
		return nil
	}
	switch {
	case r.caret == "abstract":
		b.s.Abstract = r.value.text == "true"
		return nil
	case strings.HasPrefix(r.caret, "contextInvariant"):
		b.s.ContextInvariants = append(b.s.ContextInvariants, r.value.text)
		return nil
	}
	known, err := b.header(r, &b.s.Version, &b.s.Status)
	if err == nil && !known {
		err = b.fail(r.file, r.at, "^%s of a definition is not supported here", r.caret)
	}
	return err
}

// index reads the number in brackets, "" for 0: a list grows one by one.
func (c *compiler) index(r rule, text string, length int) (int, error) {
	n, err := strconv.Atoi("0" + text)
	if err != nil || n > length {
		return 0, c.fail(r.file, r.at, "^%s: expected an index of at most %d", r.caret, length)
	}
	return n, nil
}

// indexed takes name[n].rest apart.
var indexed = regexp.MustCompile(`^(\w+)\[(\d+)\]\.(\w+)$`)

var (
	discriminator = regexp.MustCompile(`^slicing\.discriminator(?:\[(\d+)\])?\.(type|path)$`)
	typeCaret     = regexp.MustCompile(`^type(?:\[(\d+)\])?\.(aggregation|versioning|profile)(?:\[(\d+)\])?$`)
	rangeCaret    = regexp.MustCompile(`^(min|max)Value([A-Z]\w*)$`)
	bindingMax    = regexp.MustCompile(`^binding\.extension(?:\[(\d+)\])?\.(url|valueCanonical)$`)
)

// elementCaret sets a property of an ElementDefinition.
func (b *builder) elementCaret(r rule, e *definition.Element) error {
	if m := discriminator.FindStringSubmatch(r.caret); m != nil {
		return b.discriminator(r, b.slicing(e), m)
	}
	if m := typeCaret.FindStringSubmatch(r.caret); m != nil {
		return b.typeCaret(r, e, m)
	}
	if m := rangeCaret.FindStringSubmatch(r.caret); m != nil {
		return b.rangeCaret(r, e, m)
	}
	if m := bindingMax.FindStringSubmatch(r.caret); m != nil {
		if m[2] == "valueCanonical" {
			if e.Binding == nil {
				e.Binding = &definition.Binding{}
			}
			e.Binding.Max = b.canonical("ValueSet", r.value.text)
		}
		return nil
	}
	switch name, _, _ := strings.Cut(r.caret, "["); name {
	case "binding.strength":
		if e.Binding == nil {
			e.Binding = &definition.Binding{}
		}
		e.Binding.Strength = r.value.code.code
	case "slicing.rules":
		b.slicing(e).Rules = r.value.code.code
	case "slicing.ordered":
		b.slicing(e).Ordered = r.value.text == "true"
	case "short":
		e.Short = r.value.text
	case "maxLength":
		n, err := strconv.Atoi(r.value.text)
		if err != nil {
			return b.fail(r.file, r.at, "^maxLength wants a number")
		}
		e.MaxLength = n
	case "mustSupport":
		yes := r.value.text == "true"
		e.MustSupport = &yes
	case "slicing.description", "definition", "comment", "requirements", "alias", "meaningWhenMissing", "orderMeaning",
		"isModifierReason", "binding.description", "condition", "code", "label", "mapping":
	default:
		return b.fail(r.file, r.at, "^%s of an element is not supported here", r.caret)
	}
	return nil
}

// rangeCaret sets the least or the greatest value.
func (b *builder) rangeCaret(r rule, e *definition.Element, m []string) error {
	typ := m[2]
	if r4.TypeOf(typ) == nil {
		typ = strings.ToLower(typ[:1]) + typ[1:]
	}
	typ, json, ok := r.value.json([]string{typ})
	if !ok {
		return b.fail(r.file, r.at, "^%s cannot have this value", r.caret)
	}
	v := fixedValue(typ, json)
	if m[1] == "min" {
		e.MinValue = v
	} else {
		e.MaxValue = v
	}
	return nil
}

func (b *builder) slicing(e *definition.Element) *definition.Slicing {
	if e.Slicing == nil {
		e.Slicing = &definition.Slicing{Rules: "open"}
	}
	return e.Slicing
}

func (b *builder) discriminator(r rule, s *definition.Slicing, m []string) error {
	n, err := b.index(r, m[1], len(s.Discriminators))
	if err != nil {
		return err
	}
	if n == len(s.Discriminators) {
		s.Discriminators = append(s.Discriminators, definition.Discriminator{})
	}
	if m[2] == "type" {
		s.Discriminators[n].Type = r.value.code.code
	} else {
		s.Discriminators[n].Path = r.value.text
	}
	return nil
}

func (b *builder) typeCaret(r rule, e *definition.Element, m []string) error {
	n, _ := strconv.Atoi(m[1])
	if n == len(e.Types) && n == 0 {
		if at, err := b.locate(r, r.paths[0]); err == nil && len(at.types) == 1 {
			e.Types = []definition.Type{{Code: at.types[0]}}
		}
	}
	if n >= len(e.Types) {
		return b.fail(r.file, r.at, "there is no type %d: set the types with only first", n)
	}
	switch m[2] {
	case "aggregation":
		e.Types[n].Aggregation = append(e.Types[n].Aggregation, r.value.code.code)
	case "versioning":
		e.Types[n].Versioning = r.value.code.code
	case "profile":
		e.Types[n].Profiles = append(e.Types[n].Profiles, b.canonical("StructureDefinition", r.value.text))
	}
	return nil
}
