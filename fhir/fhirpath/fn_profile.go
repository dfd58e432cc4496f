package fhirpath

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

const coreDefinitions = "http://hl7.org/fhir/StructureDefinition/"

// fnConformsTo answers false by itself when the profile is the definition of
// another type, and asks the port for the rest.
func fnConformsTo(m *machine, c *call, base int) error {
	it, err := m.only(c, base)
	if err != nil {
		return err
	}
	profile, ok, err := m.textArg(c, 0)
	if err != nil {
		return err
	}
	if it.kind == nothing || !ok {
		return m.answerNothing(base)
	}
	if name, core := strings.CutPrefix(profile, coreDefinitions); core && isUpper(name) && it.typ != nil {
		if r4.TypeOf(name) != nil && !it.typ.Is(name) {
			return m.answer(base, BooleanItem(false))
		}
	}
	if m.env.Profiles != nil {
		conforms, known, err := m.env.Profiles.ConformsTo(m.ctx, it, profile)
		if err != nil {
			return err
		}
		if known {
			return m.answer(base, BooleanItem(conforms))
		}
	}
	return &mistake{at: c.args[0].at(), what: "The profile is not known.", expected: "the canonical URL of a profile that is loaded", found: profile}
}

// fnSlice keeps the items that are in a named slice of a structure.
func fnSlice(m *machine, c *call, base int) error {
	end := len(m.stack)
	structure, ok1, err := m.textArg(c, 0)
	if err != nil {
		return err
	}
	name, ok2, err := m.textArg(c, 1)
	if err != nil {
		return err
	}
	if !ok1 || !ok2 {
		return m.answerNothing(base)
	}
	kept := base
	for i := base; i < end; i++ {
		member, known := false, false
		if m.env.Profiles != nil {
			if member, known, err = m.env.Profiles.InSlice(m.ctx, m.stack[i], structure, name); err != nil {
				return err
			}
		}
		if !known {
			return &mistake{at: c.args[0].at(), what: "The structure or its slice is not known.", expected: "a profile that is loaded and the name of a slice in it", found: structure + " " + name}
		}
		if member {
			m.stack[kept] = m.stack[i]
			kept++
		}
	}
	m.cut(kept)
	return nil
}
