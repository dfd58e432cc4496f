package fsh

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

const hl7 = "http://hl7.org/fhir/StructureDefinition/"

// builder makes the differential of one profile or extension.
type builder struct {
	*compiler
	e     *entity
	s     *definition.Structure
	byID  map[string]*definition.Element
	order []*definition.Element
}

func (c *compiler) structure(e *entity) error {
	parent := e.meta["Parent"]
	if parent == "" && e.kind == "Extension" {
		parent = "Extension"
	}
	if parent == "" {
		return c.fail(e.file, e.at, "the profile %s has no Parent", e.name)
	}
	s := &definition.Structure{URL: c.url(e), Name: e.name, Title: e.meta["Title"], Status: "active", Kind: "resource",
		Derivation: "constraint", Source: e.file}
	var err error
	if s.Base, s.Type, err = c.parent(e, parent, 0); err != nil {
		return err
	}
	if !r4.IsResource(s.Type) {
		s.Kind = "complex-type"
	}
	b := &builder{compiler: c, e: e, s: s, byID: map[string]*definition.Element{}}
	for _, context := range strings.Split(e.meta["Context"], ",") {
		if context = strings.Trim(strings.TrimSpace(context), `"`); context != "" {
			s.Contexts = append(s.Contexts, definition.Context{Type: "element", Expression: context})
		}
	}
	if e.kind == "Extension" {
		b.fix("url", "", s.URL)
	}
	for _, r := range e.rules {
		if err := b.rule(r); err != nil {
			return err
		}
	}
	s.Differential = b.order
	c.out.AddStructure(s)
	return nil
}

// parent finds the canonical of the base and the R4 type at the root of the chain.
func (c *compiler) parent(e *entity, name string, depth int) (base, typ string, err error) {
	if depth > 20 {
		return "", "", c.fail(e.file, e.at, "the parents of %s go round in a circle", e.name)
	}
	p, ok := c.entities[[2]string{"StructureDefinition", name}]
	if !ok {
		p, ok = c.byURL[name]
	}
	if ok {
		up := p.meta["Parent"]
		if up == "" {
			up = "Extension"
		}
		_, typ, err = c.parent(p, up, depth+1)
		return c.url(p), typ, err
	}
	if short, ok := strings.CutPrefix(name, hl7); ok && r4.TypeOf(short) != nil {
		name = short
	}
	if r4.TypeOf(name) != nil {
		return hl7 + name, name, nil
	}
	if k, ok := c.Known.Structures[name]; ok {
		return name, k.Type, nil
	}
	return "", "", c.fail(e.file, e.at, "the parent %s of %s is no R4 type and no definition that is known here", name, e.name)
}

// place is where a FSH path leads: the element's id and path and the types it
// may have.
type place struct {
	id, path string
	types    []string
}

// locate turns a FSH path into a place: identifier[nhsNumber].system.
func (b *builder) locate(r rule, fshPath string) (place, error) {
	at := place{b.s.Type, b.s.Type, []string{b.s.Type}}
	if fshPath == "" || fshPath == "." {
		return at, nil
	}
	for _, step := range strings.Split(fshPath, ".") {
		next, ok := b.step(at, step)
		if !ok {
			return at, b.fail(r.file, r.at, "%s has no element %s", at.id, step)
		}
		at = next
	}
	return at, nil
}

func (b *builder) step(at place, step string) (place, bool) {
	name, slice := step, ""
	if i := strings.IndexByte(step, '['); i > 0 {
		name, slice = step[:i], step[i:]
	}
	choice := strings.HasPrefix(slice, "[x]")
	slice = strings.TrimPrefix(slice, "[x]")
	slice = strings.ReplaceAll(strings.Trim(slice, "[]"), "][", "/")
	types := at.types
	if el, ok := b.byID[at.id]; ok && len(el.Types) > 0 {
		types = nil
		for _, t := range el.Types {
			types = append(types, t.Code)
		}
	}
	for _, t := range types {
		typ := r4.TypeOf(t)
		if typ == nil {
			continue
		}
		if el := typ.Element(name); el != nil && el.Choice == choice {
			next := place{at.id + "." + name, at.path + "." + name, el.Types}
			if choice {
				next.id += "[x]"
				next.path += "[x]"
			}
			if slice != "" {
				next.id += ":" + slice
				if p := typ.Property(slice); choice && p != nil {
					next.types = []string{p.Type}
				}
			}
			return next, true
		}
		if p := typ.Property(name); p != nil && p.Element.Choice && slice == "" {
			base := p.Element.Name + "[x]"
			b.typeSlicing(at, base)
			return place{at.id + "." + base + ":" + name, at.path + "." + base, []string{p.Type}}, true
		}
	}
	return at, false
}

// typeSlicing adds the slicing that a path such as valueQuantity implies.
func (b *builder) typeSlicing(at place, name string) {
	e := b.element(place{id: at.id + "." + name, path: at.path + "." + name})
	if e.Slicing == nil {
		e.Slicing = &definition.Slicing{Rules: "open", Discriminators: []definition.Discriminator{{Type: "type", Path: "$this"}}}
	}
}

// element is the differential element at a place, made when it is new.
func (b *builder) element(at place) *definition.Element {
	if e, ok := b.byID[at.id]; ok {
		return e
	}
	e := &definition.Element{ID: at.id, Path: at.path}
	if last := at.id[strings.LastIndexByte(at.id, '.')+1:]; strings.Contains(last, ":") {
		e.SliceName = last[strings.IndexByte(last, ':')+1:]
	}
	b.byID[at.id] = e
	b.order = append(b.order, e)
	return e
}

func (b *builder) rule(r rule) error {
	for _, p := range r.paths {
		if r.kind == caretRule && p == "" {
			if err := b.caret(r); err != nil {
				return err
			}
			continue
		}
		at, err := b.locate(r, p)
		if err != nil {
			return err
		}
		if err := b.apply(r, at, b.element(at)); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) apply(r rule, at place, e *definition.Element) error {
	switch r.kind {
	case cardRule:
		setCard(e, r.card)
		setFlags(e, r.flags)
	case flagRule:
		setFlags(e, r.flags)
	case bindRule:
		old := e.Binding
		e.Binding = &definition.Binding{Strength: r.strength, ValueSet: b.canonical("ValueSet", r.valueSet)}
		if old != nil {
			e.Binding.Max = old.Max
		}
	case onlyRule:
		return b.only(r, at, e)
	case assignRule:
		return b.assign(r, at, e)
	case containsRule:
		return b.contains(r, at, e)
	case obeysRule:
		return b.obeys(r, e)
	case caretRule:
		return b.elementCaret(r, e)
	}
	return nil
}

func setCard(e *definition.Element, card string) {
	low, high, _ := strings.Cut(card, "..")
	if n, err := strconv.Atoi(low); err == nil {
		e.Min = &n
	}
	if high != "" {
		e.Max = high
	}
}

func setFlags(e *definition.Element, flags []string) {
	yes := true
	for _, f := range flags {
		switch f {
		case "MS":
			e.MustSupport = &yes
		case "SU":
			e.Summary = &yes
		case "?!":
			e.Modifier = &yes
		}
	}
}

func (b *builder) only(r rule, at place, e *definition.Element) error {
	e.Types = nil
	add := func(t definition.Type) *definition.Type {
		i := slices.IndexFunc(e.Types, func(o definition.Type) bool { return o.Code == t.Code })
		if i < 0 {
			e.Types = append(e.Types, t)
			return &e.Types[len(e.Types)-1]
		}
		e.Types[i].Profiles = append(e.Types[i].Profiles, t.Profiles...)
		return &e.Types[i]
	}
	for _, t := range r.types {
		switch {
		case t.name == "Reference" || t.name == "Canonical":
			code := map[string]string{"Reference": "Reference", "Canonical": "canonical"}[t.name]
			into := add(definition.Type{Code: code})
			for _, target := range t.targets {
				into.TargetProfiles = append(into.TargetProfiles, b.target(target))
			}
		case r4.TypeOf(t.name) != nil:
			add(definition.Type{Code: t.name})
		default:
			url := b.canonical("StructureDefinition", t.name)
			typ, err := b.typeOf(r, url)
			if err != nil {
				return err
			}
			add(definition.Type{Code: typ, Profiles: []string{url}})
		}
	}
	for _, t := range e.Types {
		if !slices.Contains(at.types, t.Code) && !slices.Contains(at.types, "Resource") && len(at.types) > 0 {
			return b.fail(r.file, r.at, "%s cannot be a %s: its types are %s", at.id, t.Code, strings.Join(at.types, ", "))
		}
	}
	return nil
}

// target is the canonical of a type or profile that a reference may point to.
func (b *builder) target(name string) string {
	if r4.TypeOf(name) != nil {
		return hl7 + name
	}
	return b.canonical("StructureDefinition", name)
}

func (b *builder) typeOf(r rule, url string) (string, error) {
	if e, ok := b.byURL[url]; ok {
		_, typ, err := b.parent(e, e.name, 0)
		return typ, err
	}
	bare, _ := definition.SplitCanonical(url)
	if k, ok := b.Known.Structures[bare]; ok {
		return k.Type, nil
	}
	return "", b.fail(r.file, r.at, "%s is no R4 type and no definition that is known here", url)
}

func (b *builder) contains(r rule, at place, e *definition.Element) error {
	extension := e.Last() == "extension" || e.Last() == "modifierExtension"
	if extension && e.Slicing == nil {
		e.Slicing = &definition.Slicing{Rules: "open", Discriminators: []definition.Discriminator{{Type: "value", Path: "url"}}}
	}
	for _, i := range r.items {
		id := at.id
		if strings.Contains(id[strings.LastIndexByte(id, '.')+1:], ":") {
			id += "/" + i.slice
		} else {
			id += ":" + i.slice
		}
		s := b.element(place{id, at.path, at.types})
		s.SliceName = id[strings.LastIndexByte(id, ':')+1:]
		setCard(s, i.card)
		setFlags(s, i.flags)
		switch {
		case i.typ != "":
			s.Types = []definition.Type{{Code: "Extension", Profiles: []string{b.canonical("StructureDefinition", i.typ)}}}
		case extension && b.s.IsExtension():
			b.fixAt(place{id + ".url", at.path + ".url", nil}, i.slice)
		}
	}
	return nil
}

func (b *builder) obeys(r rule, e *definition.Element) error {
	for _, name := range r.obeys {
		inv, ok := b.entities[[2]string{"Invariant", name}]
		if !ok {
			return b.fail(r.file, r.at, "there is no invariant %s", name)
		}
		severity := strings.TrimPrefix(inv.meta["Severity"], "#")
		if severity == "" {
			severity = "error"
		}
		e.Constraints = append(e.Constraints, definition.Constraint{Key: name, Severity: severity,
			Human: inv.meta["Description"], Expression: inv.meta["Expression"], Source: b.s.URL})
	}
	return nil
}
