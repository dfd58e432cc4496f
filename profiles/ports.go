package profiles

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// answers lets invariants ask the library: memberOf(), subsumes(), conformsTo().
type answers struct{ w *walk }

// MemberOf implements [fhirpath.Terminology].
func (a answers) MemberOf(_ context.Context, valueSet string, codings []fhir.Coding) (member, known bool, err error) {
	known = true
	for _, c := range codings {
		switch a.w.v.library.terms.Member(valueSet, c.System, "", c.Code).Verdict {
		case terminology.In:
			return true, true, nil
		case terminology.Unknown:
			known = false
		}
	}
	return false, known, nil
}

// Subsumes implements [fhirpath.Terminology].
func (a answers) Subsumes(_ context.Context, system, x, y string) (subsumes, known bool, err error) {
	if x == y {
		return true, true, nil
	}
	relation, err := a.w.v.library.terms.Subsumption(system, "", x, y)
	if err != nil {
		return false, false, nil //nolint:nilerr // what is not loaded is not known, which is no failure
	}
	return relation == terminology.Subsumes || relation == terminology.Equivalent, true, nil
}

// ConformsTo implements [fhirpath.Profiles].
func (a answers) ConformsTo(_ context.Context, item fhirpath.Item, canonical string) (conforms, known bool, err error) {
	t := r4.TypeOf(item.Type())
	if !item.Node().Exists() || t == nil {
		return false, false, nil
	}
	if isCore(canonical, t) {
		return true, true, nil
	}
	if a.w.v.library.program(canonical) == nil {
		return false, false, nil
	}
	return a.w.unlike(occurrence{node: item.Node(), typ: t}, canonical) == "", true, nil
}

// InSlice implements [fhirpath.Profiles]: slices are told apart where a profile
// is applied, and not by their names.
func (a answers) InSlice(context.Context, fhirpath.Item, string, string) (member, known bool, err error) {
	return false, false, nil
}
