package reimbursement

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// current reads the resource that a relative reference names, nil where there
// is none of that type.
func current(state fhir.State, typ, ref string) (*fhir.Resource, error) {
	id, ok := strings.CutPrefix(ref, typ+"/")
	if id, _, _ = strings.Cut(id, "/_history/"); !ok || id == "" {
		return nil, nil
	}
	v, err := state.Current(typ, id)
	if err != nil || v == nil {
		return nil, err
	}
	return v.Resource()
}
