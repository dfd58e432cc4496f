package profiles

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Form is a Questionnaire or Measure that came with the profiles, by its canonical;
// nil where none did.
func (l *Library) Form(typ, canonical string) *fhir.Resource {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.set.Forms[definition.Form{Type: typ, Canonical: canonical}]
}
