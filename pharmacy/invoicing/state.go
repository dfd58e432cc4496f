package invoicing

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// current reads the resource that a relative reference names, nil where there is
// none of that type.
func current(state fhir.State, typ, ref string) (*fhir.Resource, error) {
	v, err := standing(state, typ, ref)
	if err != nil || v == nil {
		return nil, err
	}
	return v.Resource()
}

// standing is the version of a resource that a relative reference names, nil where
// there is none of that type or it was deleted.
func standing(state fhir.State, typ, ref string) (*fhir.Version, error) {
	id, ok := strings.CutPrefix(ref, typ+"/")
	if id, _, _ = strings.Cut(id, "/_history/"); !ok || id == "" {
		return nil, nil
	}
	v, err := state.Current(typ, id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	return v, nil
}
