package register

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// addFlag adds whether something was done, where that is known.
func addFlag(p *nhs.Parts, name string, f Flag) {
	if f != NotRecorded {
		p.Bool(name, f == Yes)
	}
}

// instant writes a time as FHIR does.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(fhir.InstantLayout)
}

// current reads the resource of a reference to this server, nil where there is none.
func current(state fhir.State, reference string) (*fhir.Resource, error) {
	typ, id := local(reference)
	if typ == "" {
		return nil, nil
	}
	v, err := state.Current(typ, id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	return v.Resource()
}
