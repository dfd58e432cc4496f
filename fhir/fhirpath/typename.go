package fhirpath

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// typeName is a type as written: FHIR.Patient, System.Boolean, Patient.
type typeName struct {
	space string // "", "FHIR" or "System"
	name  string
	start int // offset in the source

	of     *r4.Type // the R4 type of that name, if there is one and it can be meant
	leaf   bool     // no type is derived from it
	system itemKind // the System type of that name, likewise
}

// resolve looks the name up.
func (t *typeName) resolve() {
	if t.space != "System" {
		t.of = r4.TypeOf(t.name)
		t.leaf = !slices.ContainsFunc(r4.Types(), func(o r4.Type) bool { return o.Base == t.name })
	}
	if i := slices.Index(systemTypes[:], t.name); i > 0 && t.space != "FHIR" && t.name != "" {
		t.system = itemKind(i)
	}
}

func (t *typeName) String() string {
	if t.space == "" {
		return t.name
	}
	return t.space + "." + t.name
}

// check refuses names that are no types at all.
func (t *typeName) check() error {
	if e := t.unknown(); e != nil {
		return e
	}
	return nil
}

// unknown says what is wrong with the name, nil when nothing is.
func (t *typeName) unknown() *mistake {
	if t.of != nil || t.system != nothing || t.space == "System" {
		return nil
	}
	return &mistake{at: t.start, what: "There is no such type.", expected: "an R4 type such as Patient or code, or a System type such as String", found: t.String()}
}

// covers reports whether an item is of the type or of one derived from it.
func (t *typeName) covers(it *Item) bool {
	if it.kind != element && it.kind != shadow {
		return t.system != nothing && systemTypes[it.kind] == t.name
	}
	return t.of != nil && it.typ != nil && (it.typ == t.of || !t.leaf && it.typ.Is(t.name))
}
